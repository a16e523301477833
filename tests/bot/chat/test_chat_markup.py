"""Telegram HTML: what is shown, what is marked, and what is refused."""

import pytest

from bot.chat.errors import Refused
from bot.chat.markup import parse


def marks(raw: str) -> list[tuple[str, str]]:
    """(type, marked text) as a reader with UTF-16 strings sees it."""
    text, entities = parse(raw, "HTML")
    wide = text.encode("utf-16-le")
    return [
        (e["type"], wide[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le"))
        for e in entities
    ]


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("b", "bold"), ("strong", "bold"), ("i", "italic"), ("em", "italic"), ("u", "underline"),
        ("ins", "underline"), ("s", "strikethrough"), ("strike", "strikethrough"), ("del", "strikethrough"),
        ("code", "code"), ("pre", "pre"), ("blockquote", "blockquote"), ("tg-spoiler", "spoiler"),
        ("B", "bold"),
    ],
)  # fmt: skip
def test_each_tag_marks_its_text(tag: str, kind: str) -> None:
    assert parse(f"a <{tag}>call</{tag}> z", "HTML") == (
        "a call z",
        [{"type": kind, "offset": 2, "length": 4}],
    )


def test_offsets_count_utf_16_units() -> None:
    assert parse("🐑 <b>𝛥 flow</b>", "HTML") == ("🐑 𝛥 flow", [{"type": "bold", "offset": 3, "length": 7}])


def test_nested_marks_come_outermost_first() -> None:
    assert marks("<i><b>NVDA</b> calls</i>") == [("italic", "NVDA calls"), ("bold", "NVDA")]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a &lt;b&gt; &amp; &quot;c&quot;", 'a <b> & "c"'), ("&#945;&#x3b2;", "αβ"), ("AT&T", "AT&T"),
        ("P&L &", "P&L &"),
        ("&nbsp;&copy;", "&nbsp;&copy;"), ("&ltfoo", "&ltfoo"), ("&amp;lt;", "&lt;"), ("1 > 0", "1 > 0"),
        ("a\r\nb\x00c", "a\nb c"),
    ],
)  # fmt: skip
def test_only_the_references_telegram_knows_are_decoded(raw: str, shown: str) -> None:
    assert parse(raw, "HTML") == (shown, [])


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("<b>open", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>crossed</b></i>", 'Unmatched end tag, expected "</i>", found "</b>"'),
        ("end</b>", "Unexpected end tag"),
        ("<h1>title</h1>", 'Unsupported start tag "h1"'),
        ("line<br>", 'Unsupported start tag "br"'),
        ("line<br/>", 'Unsupported start tag "br/"'),
        ("<script>alert(1)</script>", 'Unsupported start tag "script"'),
        ("P/E < 20", 'Unsupported start tag ""'),
        ("I <3 calls", 'Unsupported start tag ""'),
        ("<!-- note -->", 'Unsupported start tag "!--"'),
        ("<!DOCTYPE html>", 'Unsupported start tag "!"'),
        ("<?php ?>", 'Unsupported start tag "?"'),
        ("cut <b", "Unclosed start tag"),
        ('<a href="https://a.example>x', "Unclosed start tag"),
        ("<b>cut</b", "Unclosed end tag"),
    ],
)
def test_improper_html_is_refused_with_the_reason(raw: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(raw, "HTML")
    assert refused.value.code == 400
    assert refused.value.description.startswith(f"Bad Request: can't parse entities: {reason}")


def test_a_link_keeps_its_address_and_one_without_a_dot_in_the_host_is_dropped() -> None:
    text, entities = parse('<a href="https://sec.example/x?a=1&amp;b=2">Form 4</a>', "HTML")
    assert (text, entities[0]["url"]) == ("Form 4", "https://sec.example/x?a=1&b=2")
    for href in ("http://localhost/x", "javascript:alert(1)", "//a.b", "http://[bad"):
        assert parse(f'<a href="{href}">text</a>', "HTML") == ("text", [])


def test_space_around_a_text_goes_and_its_marks_move_along() -> None:
    assert parse(" \n <b>up </b> \n", "HTML") == ("up", [{"type": "bold", "offset": 0, "length": 2}])
    assert parse("<b>   </b>", "HTML") == ("", [])


def test_commands_and_links_are_found_in_any_text_but_not_in_code_or_within_words() -> None:
    assert marks("try /flow@bell_bot NVDA, see https://a.example/b. <code>/not</code> 1/2 /usr/bin") == [
        ("bot_command", "/flow@bell_bot"), ("url", "https://a.example/b"), ("code", "/not"),
    ]  # fmt: skip
    assert parse("/start now", None)[1] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert marks("<b>/st</b>art") == [("bot_command", "/start"), ("bold", "/st")]
    assert marks("<b>see /st</b>art") == [("bold", "see /st")]


def test_plain_text_keeps_its_angle_brackets() -> None:
    assert parse("<b>5 < 6</b>", None) == ("<b>5 < 6</b>", [])
    with pytest.raises(Refused, match="unsupported parse_mode"):
        parse("*b*", "MarkdownV2")


def test_no_more_than_a_hundred_marks_are_kept() -> None:
    assert len(parse("<b>x</b> " * 120, "HTML")[1]) == 100

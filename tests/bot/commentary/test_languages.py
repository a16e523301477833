"""Telegram's names of languages, and the list of everything that is said."""

import shutil

import pytest

from bot.commentary import catalogue, languages


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("zh-hant", "zh-Hant"),
        ("zh-TW", "zh-Hant"),
        ("zh_HK", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-Hans-HK", "zh-Hans"),
        ("zh-hans", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_what_telegram_calls_a_language_is_one_of_ours(code, ours):
    assert languages.normalise(code) == ours


def test_a_language_not_spoken_here_is_the_owners_default():
    assert languages.normalise("fr", "zh-Hant") == "zh-Hant"
    assert languages.normalise(None, "zh-Hans") == "zh-Hans"


def test_a_key_without_a_translation_is_said_in_english():
    for language in languages.LOCALES:
        assert languages.translator(language)("not translated anywhere") == "not translated anywhere"
        assert languages.translator(language)("") == ""


def test_a_translation_added_to_a_language_is_said_once_it_is_compiled(tmp_path, monkeypatch):
    shutil.copytree(languages.FOLDER, tmp_path, dirs_exist_ok=True)
    for module in (languages, catalogue):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(catalogue, "template", lambda: 'msgid "not known"\nmsgstr ""\n')
    po = tmp_path / "zh-Hant" / "LC_MESSAGES" / "bellwether.po"
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "not known"\nmsgstr "未知"\n\nmsgid "no longer said"\nmsgstr "舊"\n',
        encoding="utf-8",
    )
    catalogue.main()
    languages.translator.cache_clear()
    try:
        say = languages.translator("zh-Hant")
        assert say("not known") == "未知"
        assert say("no longer said") == "no longer said"
    finally:
        monkeypatch.undo()
        languages.translator.cache_clear()


def test_every_sentence_in_a_source_is_found():
    source = """
GREETING = "hello " "there"
title = "first"
title = "second"
Chart(title, days=["2025-03-14"])
def say(): return _(GREETING), _t("yes" if now else "no"), N_("later"), _(unknown), _(f"not {this}")
Chart(title="what to see", panels=[Panel("Price", unit="USD", series=[Series("Close", "line", [])])])
"""
    assert sorted(catalogue.sentences(source)) == [
        "Close", "Price", "USD", "first", "hello there", "later", "no", "second", "what to see", "yes",
    ]  # fmt: skip


def test_the_sentences_of_rings_and_boards_are_found_but_not_names_and_notes():
    source = """
BULLISH = "Bullish"
sided = [(BULLISH, facts["bull_usd"]), ("Bearish" if known else "Sold", total - rest)]
sided = [*sided, ("Side unknown", unknown)]
Ring("Bullish − bearish", [*sided, *([("Rest", rest)] if rest else [])])
Ring(title="Calls − puts", parts=[("Calls", calls), ("Puts", puts)])
Panel("Leaders", "USD", rows=[Row("MRK", 1.0, note="1 order")], sides=("To the right", "To the left"))
Panel("Board", "", [], [], rows, ("R", "L"))
"""
    assert sorted(set(catalogue.sentences(source)) - {""}) == [
        "Bearish", "Board", "Bullish", "Bullish − bearish", "Calls", "Calls − puts", "L", "Leaders", "Puts",
        "R", "Rest", "Side unknown", "Sold", "To the left", "To the right", "USD",
    ]  # fmt: skip


def test_the_list_for_translators_is_current():
    """Run `python -m bot.commentary.catalogue` after changing what is said."""
    assert catalogue.template() == (languages.FOLDER / "bellwether.pot").read_text(encoding="utf-8")


def test_every_catalogue_is_compiled_and_holds_every_key():
    keys = {line for line in catalogue.template().splitlines() if line.startswith("msgid ")}
    for po in languages.FOLDER.glob("*/LC_MESSAGES/bellwether.po"):
        assert po.with_suffix(".mo").is_file()
        assert keys <= set(po.read_text(encoding="utf-8").splitlines())

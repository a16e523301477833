"""What is said of a signal: alerts, answers and /why."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commentary import phrases
from bot.commentary.languages import translator
from bot.commentary.lengths import CAPTION, TEXT, split, visible
from bot.freshness import Stale
from indicators import MARKET, State

WATCHED = "you watch {subject}"


def test_an_alert_says_what_happened_with_its_date_source_quality_and_reason(indicator, signal, chart):
    record = "Said 3 times before; how often it was right is not measured yet."
    told = phrases.alert(
        indicator, signal, "balanced", WATCHED, "en", sample=False, record=record, chart=chart
    )
    assert told.text.splitlines() == [
        "🟢 <b>GOOG: large orders lean bullish</b>",
        "bullish · Directional premium",
        "• Bullish $61.2M, bearish $25M: 2.45×",
        "• 29 % of the premium could not be classified",
        "Until now: GOOG: large orders are balanced",
        record,
        "<i>as of 2025-03-14 16:45 ET · source option_trades · quality B (inferred) · n = 312</i>",
        "🔔 You watch GOOG",
    ]
    assert told.footer == "as of 2025-03-14 16:45 ET · source option_trades · quality B (inferred) · n = 312"
    assert (told.chart, told.sample, told.language) == (chart, False, "en")


def test_an_alert_of_the_sample_market_says_so_right_under_its_headline(indicator, signal):
    told = phrases.alert(indicator, signal, None, WATCHED, "en", sample=True)
    assert told.text.splitlines()[1] == "🧪 SAMPLE — synthetic market, fictional ticker"
    assert told.sample


def test_a_direction_is_a_word_and_not_only_a_colour(indicator, signal):
    for strength, light, word in ((0.1, "🟢", "bullish"), (-0.1, "🔴", "bearish"), (0, "🟡", "no direction")):
        said = phrases.answer(indicator, replace(signal, strength=strength), "en", sample=False).text
        assert said.startswith(light)
        assert said.splitlines()[1].startswith(word)


def test_an_answer_gives_no_reason_and_says_when_it_is_stale_and_why(indicator, signal):
    def said(stale: Stale | None) -> list[str]:
        return phrases.answer(indicator, signal, "en", sample=False, stale=stale).text.splitlines()

    old = said(Stale(date(2025, 3, 11), timedelta(days=3)))
    assert old[-2] == "⚠️ Stale: as of 2025-03-11, 3 days old."
    assert old[-1].startswith("<i>as of 2025-03-14 16:45 ET")
    newest, since = datetime(2025, 3, 14, 15, 20, tzinfo=UTC), datetime(2025, 3, 14, 15, 25, tzinfo=UTC)
    assert said(Stale(newest, timedelta(minutes=40), "some_feed", since))[-2] == (
        "⚠️ Stale: as of 2025-03-14 11:20 ET, 40 minutes old. "
        "some_feed cannot be read since 2025-03-14 11:25 ET."
    )
    assert not any(line.startswith(("⚠️", "🔔")) for line in said(None))


def test_figures_of_a_session_in_progress_are_told_as_so_far_with_how_far_they_lie_behind(indicator, signal):
    noon = replace(signal, as_of=datetime(2025, 3, 14, 15, 35, tzinfo=UTC))  # 11:35 in New York

    def third(facts: dict[str, object], language: str = "en") -> list[str]:
        told = replace(noon, facts={**signal.facts, **facts})
        alert = phrases.alert(indicator, told, None, WATCHED, language, sample=False).text.splitlines()
        answer = phrases.answer(indicator, told, language, sample=False).text.splitlines()
        assert alert[:3] == answer[:3]
        return alert[2]

    session, newest = {"session": "2025-03-14"}, {"newest_at": "2025-03-14T15:20:00+00:00"}
    behind = "⏳ So far today: prints up to 2025-03-14 11:20 ET, 15 minutes behind."
    assert third({"so_far": True} | newest) == behind
    assert third(session | newest) == behind  # 11:35 is before the session's figures are complete
    assert third(session | newest | {"newest_at": "2025-03-14T15:35:10+00:00"}).endswith("0 minutes behind.")
    assert third(session) == "⏳ So far today: the session is not over."
    for facts in ({}, {"session": "2025-03-13"}, session | {"so_far": False}):
        assert third(facts).startswith("•")


def test_the_market_as_a_whole_is_not_called_by_a_code_word(indicator, signal):
    said = phrases.answer(indicator, replace(signal, subject=MARKET), "en", sample=False).text
    assert said.startswith("🟢 <b>US market: large orders lean bullish</b>")


def test_a_state_that_no_longer_exists_can_still_be_told(indicator, signal):
    said = phrases.alert(indicator, replace(signal, state="gone"), "lost", WATCHED, "en", sample=False).text
    assert "<b>GOOG: gone</b>" in said
    assert "Until now: GOOG: lost" in said


@given(
    subject=st.text(max_size=80), source=st.text(min_size=1, max_size=300), word=st.text(max_size=500),
    record=st.text(max_size=2000), times=st.integers(1, 12),
)  # fmt: skip
def test_an_alert_always_fits_beside_a_picture_with_its_small_print(
    indicator, signal, subject, source, word, record, times
):
    sentences = ["{word}" * 3] * times
    made = replace(indicator, sentences=sentences)
    said = replace(signal, subject=subject, source=source, facts={"word": word})
    for language in ("en", "zh-Hant", "zh-Hans"):
        text = phrases.alert(made, said, "balanced", WATCHED, language, sample=True, record=record).text
        assert visible(text) <= CAPTION
        _ = translator(language)
        assert _("as of {as_of}").format(as_of="2025-03-14 16:45 ET") in text
        assert f"{_('quality')} B ({_('inferred')})" in text
        assert set(re.findall(r"<[^>]*>", text)) <= {"<b>", "</b>", "<i>", "</i>"}
        assert not re.search(r"&(?!(amp|lt|gt);)", text)


def test_an_alert_of_which_everything_is_too_long_still_ends_with_its_quality(indicator, signal):
    long = "W" * 400
    headline = State("{subject}: " + long, loud=True)
    made = replace(
        indicator, title=long, sentences=[long], states={"bullish": headline, "balanced": headline}
    )
    said = replace(signal, subject=long, source=long, n=10**9)
    text = phrases.alert(made, said, "balanced", long, "en", sample=True, record=long).text
    assert visible(text) <= CAPTION
    assert "W… · quality B (inferred) · n = 1,000,000,000" in text


def test_long_facts_are_dropped_from_the_last_and_the_date_stays(indicator, signal):
    many = replace(indicator, sentences=[f"{number} {{word}}" for number in range(1, 6)])
    long = replace(signal, facts={"word": "w" * 190})
    lines = phrases.alert(many, long, None, WATCHED, "en", sample=False).text.splitlines()
    assert [line[2] for line in lines if line.startswith("•")] == ["1", "2", "3", "4"]
    assert "as of 2025-03-14 16:45 ET" in lines[-2]


def test_why_lists_every_fact_and_calls_a_missing_one_not_known(indicator, signal):
    text = phrases.why(indicator, signal, "balanced", "en")
    assert text.splitlines() == [
        "<b>Directional premium · GOOG</b>",
        "GOOG: large orders are balanced → GOOG: large orders lean bullish",
        "Strength, from −1 bearish to +1 bullish: +0.62",
        "",
        "<b>Method</b>",
        "Premium at the ask counts as bought, at the bid as sold.",
        "The method is from: Savickas and Wilson, 2003",
        "",
        "<b>Inputs</b>",
        "• bull: $61.2M",
        "• bear: $25M",
        "• ratio: 2.45×",
        "• unclassified: 29 %",
        "• call put ratio: not known",
        "• leaders: AT&amp;T &lt;Inc&gt;, GOOG",
        "",
        "Quality B, inferred: the side of a trade or a time is worked out by a rule that is often wrong.",
        "Observations: 312",
        "Source of the data: option_trades",
        "Computed only from what was known by 2025-03-14 16:45 ET; nothing later was looked at.",
    ]


def test_why_of_a_signal_with_a_thousand_facts_says_how_many_it_leaves_out(indicator, signal):
    text = phrases.why(indicator, replace(signal, facts={f"fact_{n}": n for n in range(1000)}), None, "en")
    told = text.count("\n• ")
    assert visible(text) <= TEXT
    assert f"… and {1000 - told} more" in text
    assert "not known → GOOG: large orders lean bullish" in text
    assert text.endswith("nothing later was looked at.")


def test_nothing_here_claims_to_know_who_traded_or_why(indicator, signal):
    said = phrases.alert(indicator, signal, "balanced", WATCHED, "en", sample=True).text
    said += phrases.why(indicator, signal, "balanced", "en")
    assert not re.search(r"institution|because|smart money|insider knowledge", said, re.IGNORECASE)


def test_a_long_list_is_cut_between_lines_and_an_open_tag_goes_on():
    text = "<b>one\ntwo</b>\n<i>three &amp; four</i>"
    assert split(text, 8) == ["<b>one\ntwo</b>", "<i>three &amp; </i>", "<i>four</i>"]
    assert split("short") == ["short"]


@given(st.lists(st.tuples(st.sampled_from(["b", "i", ""]), st.text("a&<> \n", max_size=60)), max_size=12))
def test_a_cut_text_loses_nothing_and_every_part_is_valid(pieces):
    escaped = [
        (tag, text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")) for tag, text in pieces
    ]
    html = "".join(f"<{tag}>{text}</{tag}>" if tag else text for tag, text in escaped)
    parts = split(html, 20)
    for part in parts:
        assert 0 < visible(part) <= 20
        assert not re.search(r"&(?!(amp|lt|gt);)", part)
        assert part.count("<b>") == part.count("</b>")
        assert part.count("<i>") == part.count("</i>")
    bare = [re.sub(r"\s", "", unescape(re.sub(r"<[^>]*>", "", each))) for each in ("".join(parts), html)]
    assert bare[0] == bare[1]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("daily bars (sample); members (a, b)", "日線 (sample); 成分股 (a, b)"),
        ("SEC Form 4 (sec_form4)", "SEC 表格 4 (sec_form4)"),
        ("forward earnings by S&P DJI (index_eps)", "預估盈餘，出自 S&P DJI (index_eps)"),
        ("composite of 5 inputs (sample)", "5 項輸入的綜合 (sample)"),
        ("unusual_whales", "unusual_whales"),
        ("never heard of (members)", "never heard of (members)"),
        ("", ""),
    ],
)
def test_what_a_source_is_is_translated_and_feeds_keep_their_names(source, said):
    made = SimpleNamespace(source=source)
    assert phrases.source_of(made, translator("zh-Hant")) == said
    assert phrases.source_of(made, translator("en")) == source

"""Whatever else somebody writes to the desk is one sentence, and nothing at all is stored."""

import re

import pytest
from desk_stage import Desk

from bot.commentary.languages import LOCALES, translator

#: the rest of a good order, after its amount
GOOD = "as_of=2026-01-08 basis=secondary from=Bloomberg"
FILLER = "x" * 10_000

ORDERS = {
    # the amount
    "a range reversed": (f"fact SpaceX valuation $900B-$800B {GOOD}", "from the lower amount to the higher"),
    "two ends alike": (f"fact SpaceX valuation $800B-$800B {GOOD}", "from the lower amount to the higher"),
    "mixed currencies": (f"fact SpaceX valuation $800B-€900B {GOOD}", "Two different currencies"),
    "a sign of several currencies": (f"fact SpaceX valuation ¥800B {GOOD}", "The sign is of several"),
    "no currency": (f"fact SpaceX valuation 800B {GOOD}", "names no currency"),
    "sales of zero": ("fact OpenAI revenue $0 as_of=2026-01 period=2025 from=X", "more than zero"),
    "a valuation of zero": (f"fact SpaceX valuation $0B {GOOD}", "more than zero"),
    "negative": (f"fact SpaceX valuation -$800B {GOOD}", "no minus sign"),
    "negative in Chinese": (f"fact SpaceX valuation 負8000億美元 {GOOD}", "no minus sign"),
    "a percentage": (f"fact SpaceX valuation 80% {GOOD}", "A percentage is no amount"),
    "a multiple": (f"fact SpaceX valuation 65x {GOOD}", "A multiple or ratio is no amount"),
    "a multiple in Chinese": (f"fact SpaceX valuation 65倍 {GOOD}", "A multiple or ratio is no amount"),
    "NaN": (f"fact SpaceX valuation NaN {GOOD}", "NaN is no amount"),
    "infinite": (f"fact SpaceX valuation $inf {GOOD}", "is finite"),
    "a power of ten": (f"fact SpaceX valuation $1e12 {GOOD}", "Powers of ten are not read"),
    "too large": (f"fact SpaceX valuation $90000T {GOOD}", "at most ten thousand trillion"),
    "too many digits": (f"fact SpaceX valuation ${'9' * 60}B {GOOD}", "ten thousand trillion"),
    "an amount too long": (f"fact SpaceX valuation ${'9' * 80} {GOOD}", "at most 64 characters"),
    "two amounts": (f"fact SpaceX valuation $800B $900B {GOOD}", "Write one amount"),
    "two bounds": (f"fact SpaceX valuation over under $800B {GOOD}", "no scale, currency or bound"),
    "a bound on a range": (f"fact SpaceX valuation over $800B-$900B {GOOD}", "A range takes no bound"),
    "no amount": (f"fact SpaceX valuation {GOOD}", "No amount is given"),
    "words for an amount": (f"fact SpaceX valuation a lot {GOOD}", "A number is written like"),
    "emoji for an amount": (f"fact SpaceX valuation 🚀🚀 {GOOD}", "A number is written like"),
    "commas in odd places": (f"fact SpaceX valuation $8,00B {GOOD}", "commas only between thousands"),
    "users in dollars": ("fact OpenAI users $900M as_of=2026-01 from=X", "is a count, not an amount of USD"),
    # company and metric
    "a company nobody knows": (f"fact Spacx valuation $800B {GOOD}", "“Spacx” is known; near: SpaceX"),
    "no company": (f"fact valuation $800B {GOOD}", "After the company comes what is measured"),
    "no metric": (f"fact SpaceX $800B {GOOD}", "After the company comes what is measured"),
    "a metric nobody knows": (f"fact SpaceX worth $800B {GOOD}", "After the company comes what is measured"),
    "nothing but the order": ("fact", "After the company comes what is measured"),
    "SQL for a name": (f"fact '; DROP TABLE fact;-- valuation $1B {GOOD}", "DROP TABLE fact;--” is known"),
    "HTML for a company": (f"fact <b>SpaceX</b> valuation $1B {GOOD}", "“&lt;b&gt;SpaceX&lt;/b&gt;”"),
    "a tag that is never closed": (f"fact <script>alert(1) valuation $1B {GOOD}", "“&lt;script&gt;alert(1)”"),
    "control characters for a company": (f"fact Space\x00\x1b[2JX\u202e valuation $1B {GOOD}", "is known;"),
    "emoji for a company": (f"fact 🚀 valuation $1B {GOOD}", "No company “🚀” is known"),
    # dates
    "a future date": ("fact SpaceX valuation $8B as_of=2026-01-16 basis=round from=X", "lies in the future"),
    "a future month": ("fact SpaceX valuation $8B as_of=2026-02 basis=round from=X", "lies in the future"),
    "a future print": (f"fact SpaceX valuation $800B published=2027 {GOOD}", "2027 lies in the future"),
    "a print before the fact": (f"fact SpaceX valuation $800B published=2025-01-08 {GOOD}", "after it was"),
    "no date": ("fact SpaceX valuation $800B basis=secondary from=X", "needs its date and its"),
    "an empty date": ("fact SpaceX valuation $8B as_of= basis=secondary from=X", "needs its date and its"),
    "a date in words": ("fact SpaceX valuation $800B as_of=today basis=secondary from=X", "is not a date"),
    "a day that never was": ("fact SpaceX valuation $8 as_of=2025-02-30 basis=round from=X", "is not a date"),
    "a date the other way": ("fact SpaceX valuation $8 as_of=08/01/2026 basis=round from=X", "is not a date"),
    "digits of no plain width": ("fact SpaceX loss $8B as_of=２０２５ basis=round from=X", "is not a date"),
    "long ago": ("fact SpaceX valuation $8B as_of=1850 basis=round from=X", "as_of is out of range"),
    # keys
    "no source": ("fact SpaceX valuation $800B as_of=2026-01-08 basis=secondary", "needs its date and its"),
    "a key nobody knows": (f"fact SpaceX valuation $800B {GOOD} colour=red", "“colour” is no key here"),
    "a key twice": (f"fact SpaceX valuation $800B {GOOD} as_of=2026-01-09", "is there twice"),
    "a kind nobody knows": (f"fact SpaceX valuation $800B kind=gossip {GOOD}", "“gossip” is no kind"),
    "an unknown basis": ("fact SpaceX valuation $8 as_of=2026-01-08 basis=guess from=X", "What kind of"),
    "a basis of sales": ("fact SpaceX valuation $8B as_of=2026-01-08 basis=fiscal from=X", "What kind of"),
    "no basis": ("fact SpaceX valuation $800B as_of=2026-01-08 from=X", "What kind of figure is it?"),
    "sales without a year": ("fact OpenAI revenue $13B as_of=2026-01 from=X", "Sales of which year?"),
    "sales of no year": ("fact OpenAI revenue $13B as_of=2026-01 period=soon from=X", "Sales of which year?"),
    "a stage nobody knows": ("fact SpaceX ipo_stage soon as_of=2026-01-08 from=SEC", "“soon” is no stage"),
    "a source that holds control characters": (f"fact SpaceX valuation $8B {GOOD}\x07x", "not text"),
    "a source written backwards": (f"fact SpaceX valuation $8B {GOOD}\u202ex", "not text"),
    "a source too long": (f"fact SpaceX valuation $8B {GOOD}{'x' * 200}", "publisher is too long"),
    "a note too long": (f"fact SpaceX valuation $8B {GOOD} note={'x' * 500}", "note is too long"),
    # corrections
    "a reference nobody knows": ("correct V999 $810B from=X", "There is no fact “V999”"),
    "no reference": ("correct", "There is no fact “”"),
    "SQL for a reference": ("correct V005'OR'1'='1 $810B from=X", "There is no fact “V005'OR'1'"),
    "a fact already replaced": ("correct S040 $510B from=X", "S040 was replaced by V004: correct that one."),
    "a fact that is no amount of chat": ("correct S007 0.95 from=X", "S007 cannot be corrected in chat"),
    "a correction without a source": ("correct V005 $810B", "needs its date and its"),
    "a correction without an amount": ("correct V005 from=X", "No amount is given"),
    "a correction to a later day than today": ("correct V005 $8B as_of=2026-12 from=X", "lies in the future"),
    "a correction to zero": ("correct V005 $0 from=X", "more than zero"),
    # companies
    "a company without a name": ("company", "Which company?"),
    "a company of signs": ("company ---", "Which company?"),
    "a company too long": (f"company {'x' * 61}", "entity is too long"),
    "a company of control characters": ("company Ac\u200bme", "characters that are not text"),
    "an alias of two": ("company Acme aliases=A|B", "holds |"),
    "an alias of somebody else": ("company Acme aliases=A,openai", "“openai” is a name of OpenAI"),
    "a ticker of somebody else": ("company Acme ticker=TSLA", "“TSLA” is a name of Tesla"),
    "a ticker that is none": ("company Acme ticker=12$", "“12$” is not a ticker"),
    "peers that are none": ("company Acme peers=MSFT,<b>", "“&lt;b&gt;” is not a ticker"),
    "a first day that is none": ("company Acme listed=soon", "listed is not a date"),
    "a key of facts": ("company Acme from=X", "“from” is no key here"),
    # the order itself
    "nothing": ("", "Owners write /admin fact"),
    "another order": ("drop table fact", "Owners write /admin fact"),
    "HTML for an order": ("<b>fact</b> SpaceX", "Owners write /admin fact"),
    "ten thousand characters": (FILLER, "longer than 1000 characters"),
    "a fact of ten thousand characters": (f"fact SpaceX valuation $800B {GOOD} note={FILLER}", "longer than"),
    "nothing to confirm": ("yes", "There is nothing to confirm any more"),
    "an invented key to confirm": ("yes 0123456789ab", "There is nothing to confirm any more"),
    "nothing to drop": ("no 0123456789ab", "There is nothing to confirm any more"),
}  # fmt: skip

VALUES = {
    "nobody": ("qqqqqq", "No company “qqqqqq” is known"),
    "SQL": ("' OR 1=1;--", "No company “' OR 1=1;--” is known"),
    "HTML": ("<i>SpaceX</i>", "No company “&lt;i&gt;SpaceX&lt;/i&gt;” is known"),
    "control characters": ("Space\x00\x1bX", "No company “SpaceX” is known"),
    "emoji": ("🚀🚀🚀", "No company “🚀🚀🚀” is known"),
    "a percent sign": ("%", "No company “%” is known"),
    "braces": ("{0.__class__}", "No company “{0.__class__}” is known"),
    "ten thousand characters": (FILLER, "too long for the name of a company"),
    "nothing": ("", "Which company?"),
    "a view of nobody": ("qqqqqq must", "No company “qqqqqq” is known"),
}


def refused(reader: Desk, text: str, language: str) -> str:
    """The one sentence that answers, and nothing is stored."""
    before = reader.counts()
    (message,) = reader.say(text, language)
    assert reader.counts() == before
    said, _, usage = message.text.rpartition("\n")
    assert usage.startswith(translator(language)("Usage"))
    assert said.strip()
    assert "\n" not in said
    assert len(message.text) <= 400
    assert message.buttons == ()
    assert message.chart is None
    assert not re.search(r"Traceback|Error\b|\{\w+\}|[\x00-\x09\x0b-\x1f\u202a-\u202e]", message.text)
    return said


@pytest.mark.parametrize("language", list(LOCALES))
@pytest.mark.parametrize(("words", "says"), ORDERS.values(), ids=ORDERS)
def test_an_order_that_is_not_good_is_one_sentence_and_nothing_is_stored(
    words: str, says: str, language: str, reader: Desk
) -> None:
    said = refused(reader, f"/admin {words}", language)
    if language == "en":
        assert says in said


@pytest.mark.parametrize("language", list(LOCALES))
@pytest.mark.parametrize(("words", "says"), VALUES.values(), ids=VALUES)
def test_a_question_that_has_no_answer_is_one_sentence(
    words: str, says: str, language: str, reader: Desk
) -> None:
    said = refused(reader, f"/value {words}", language)
    if language == "en":
        assert says in said


def test_mega_and_a_trillion_are_told_apart_by_the_script_of_who_writes(reader: Desk) -> None:
    order = f"/admin fact SpaceX valuation 1.5兆美元 {GOOD}"
    assert "mega" in refused(reader, order, "zh-Hans") or "兆" in refused(reader, order, "zh-Hans")
    assert "兆" in refused(reader, order, "en")


def test_only_a_good_order_makes_a_draft(writer: Desk) -> None:
    facts, companies, drafts = writer.counts()
    (message,) = writer.say(f"/admin fact SpaceX valuation 1.5兆美元 {GOOD}", "zh-Hant")
    assert len(message.buttons[0]) == 2
    assert "US$1.5兆" in message.text
    assert writer.counts() == (facts, companies, drafts + 1)

"""What the valuation desk says of a card: three to six neutral sentences, and the lines behind the buttons.

Every number comes from the card; nothing here advises, or says why somebody did something.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from bot.commentary.desk_words import BASES, KINDS, amount, between, metric_name, span, what
from bot.commentary.languages import N_, Translate, translator
from bot.commentary.numbers import clean, format_value, write
from indicators._desk import ASKED
from indicators._desk_marks import TARGETS

Card = Mapping[str, Any]

#: sources that are further apart are shown as a range
DIFFER = 0.05
#: assumption: a mark older than this carries its age
STALE_DAYS = 180

_OLD = N_("{days_old:int} days old")
#: clauses: joined by a semicolon they are one sentence
_AT_MARKET = N_(
    "{entity} costs {market_cap_usd:usd} on the exchange (close of {price_session}, shares of {shares_as_of})"
)
_AT_MARK = N_("{entity} was last valued at {value:usd} ({basis}, {as_of})")
_NO_MARK = N_("No valuation of it is known yet.")
_AT_RUMOUR = N_("{entity} is said to be worth {value:usd} ({basis}, {kind}, {as_of})")
_COSTS = N_("that is {multiple} its sales of {sales} in {period} ({kind})")
_NO_SALES = N_("no sales of a whole year are known, so no multiple is given")
_FORWARD = N_("on the forecast for {period} it is {multiple}")
_FORWARD_EXIT = N_(
    "on the forecast for {period} it is {multiple}, and to return {return:pct} a year until then, those "
    "sales have to be worth {exit:x}"
)
_TARGET = N_("{value:usd} ({basis}, {kind}) is no price anybody paid; it would be {multiple} those sales.")
_TARGET_ALONE = N_("{value:usd} ({basis}, {kind}) is no price anybody paid.")
_PEERS = N_(
    "{n:int} listed peers cost {median:x} the sales of their last twelve months, the middle half of them "
    "{q1:x} to {q3:x} (prices of {last_session})."
)
_OLD_PEERS = N_(
    "{n:int} listed peers cost {median:x} their sales by prices of {last_session}: too old to compare with."
)
_NO_PEERS = N_("Too few listed peers with fresh prices and filed sales are known to compare it with.")
_MUST = N_(
    "To return {return:pct} a year until {year} and then cost {multiple:x} sales, it needs sales of "
    "{revenue_usd:usd}, {growth} more every year from {base} in {from_year}."
)
_DISAGREE = N_("Sources disagree on {what}: {range} ({sources}).")
_AGREE = N_("No two standing sources known here differ by more than 5 %.")
_APART = N_("Figures that look alike count different things and are never joined: {what}.")
_CHANGE = {
    "listed": N_("New filed sales or a move of its price would change this picture."),
    "other": N_("A new sale of shares, reported sales or a step towards an IPO would change this picture."),
}


def commentary(card: Card, language: str) -> list[str]:
    """Three to six sentences: what it costs, against whom, what must be true, what is disputed, what would
    change the picture.
    """
    _ = translator(language)
    figures = _figures(card)
    said = [
        _cost(card, figures, _, language), _target(card, figures, _, language), _near(card, _, language),
        _must(card, figures, _, language), _disputed(card, _, language),
        _(_CHANGE["listed" if card["stage"] == "listed" else "other"]),
    ]  # fmt: skip
    return [sentence for sentence in said if sentence]


def _figures(card: Card) -> dict[str, Mapping[str, Any]]:
    return {each["ref"]: each for each in (*card["marks"], *card["revenues"])}


def headline(card: Card) -> Mapping[str, Any] | None:
    """The mark that is spoken of first."""
    return next((mark for mark in card["marks"] if mark["headline"]), None)


def _cost(card: Card, figures: Mapping[str, Any], _: Translate, language: str) -> str:
    mark, market = headline(card), card["market"]
    if market is not None:
        costs = {
            "multiple": between(market["multiple"], market["multiple"], "x", language),
            "sales": format_value(market["revenue_usd"], "usd", language),
            "period": f"{_(BASES['trailing'])} {market['revenue_end']}",
            "kind": _(KINDS["reported"]),
        }
        told = [(_AT_MARKET, market | {"entity": card["entity"]}), (_COSTS, costs)]
        return one_sentence((write(clause, facts, _, language) for clause, facts in told), _)
    if mark is None:
        return _(_NO_MARK)
    first = _AT_MARK if mark["kind"] == "reported" else _AT_RUMOUR
    said = [write(first, _of_mark(mark, _) | {"entity": card["entity"]}, _, language)]
    own = [each for each in card["multiples"] if each["numerator"] == mark["ref"]]
    if own:
        said.append(write(_COSTS, _of_year(own, figures, _, language), _, language))
    else:
        said.append(_(_NO_SALES))
    later = next((each for each in own if each["forward"]), None)
    if later is not None:
        facts = _of_multiple(later, figures, _, language)
        facts |= {"return": ASKED, "exit": _exit(card, later["denominator"])}
        said.append(write(_FORWARD_EXIT, facts, _, language) or write(_FORWARD, facts, _, language))
    return one_sentence(said, _)


def one_sentence(clauses: Iterable[str | None], _: Translate) -> str:
    """Clauses as one sentence."""
    return _("{clauses}.").format(clauses=_("; ").join(filter(None, clauses)))


def _exit(card: Card, sales: str) -> float | None:
    """The multiple a forecast more than a year ahead must be worth for the return that is asked."""
    rows = [row for row in card["exit_multiples"] if row["sales"] == sales and row["return"] == ASKED]
    return next((row["multiple"] for row in rows if row["years"] > 1), None)


def _target(card: Card, figures: Mapping[str, Any], _: Translate, language: str) -> str:
    """What is only hoped for, on a line of its own."""
    targets = [mark for mark in card["marks"] if mark["current"] and not mark["headline"]]
    targets = [mark for mark in targets if mark["basis"] in TARGETS]
    if not targets:
        return ""
    mark = targets[0]
    own = [each for each in card["multiples"] if each["numerator"] == mark["ref"]]
    facts = (_of_year(own, figures, _, language) if own else {}) | _of_mark(mark, _)
    return write(_TARGET if own else _TARGET_ALONE, facts, _, language) or ""


def _near(card: Card, _: Translate, language: str) -> str:
    peers = card["peer_summary"]
    if peers["median"] is None:
        return _(_NO_PEERS)
    return write(_PEERS if peers["fresh"] else _OLD_PEERS, peers, _, language) or ""


def _must(card: Card, figures: Mapping[str, Any], _: Translate, language: str) -> str:
    """The sales that earn what is asked, at the lowest multiple."""
    rows = [row for row in card["required_growth"] if row["return"] == ASKED]
    if not rows:
        return ""
    base = figures[rows[0]["from"]]
    years = {"from_year": str(base["year"]), "year": str(rows[0]["year"])}
    growth = between(rows[0]["cagr_low"], rows[0]["cagr"], "pct", language)
    facts = rows[0] | years | {"base": amount(base, language), "growth": growth}
    return write(_MUST, facts, _, language) or ""


def _disputed(card: Card, _: Translate, language: str) -> str:
    """The first range two sources span, valuations and sales before all else."""
    found = [each for each in card["contradictions"] if each["rule"] in ("range", "bounds")]
    if not found:
        apart = [each for each in card["contradictions"] if each["rule"] == "two_kinds"]
        names = _(", ").join(dict.fromkeys(metric_name(each["metric"], _) for each in apart[:3]))
        return write(_APART, {"what": names}, _, language) or "" if apart else _(_AGREE)
    first = min(found, key=lambda each: _WEIGHT.get(each["metric"], 9))
    facts = {
        "what": what(first, _), "range": span(first, language),
        "sources": "; ".join(dict.fromkeys(source["publisher"] for source in first["sources"])),
    }  # fmt: skip
    return write(_DISAGREE, facts, _, language) or ""


_WEIGHT = {"valuation": 0, "revenue": 1, "forecast_revenue": 1, "fundraise_ipo": 2}


def _of_mark(mark: Mapping[str, Any], _: Translate) -> dict[str, Any]:
    return {
        "value": mark["value_usd"], "basis": _(BASES[mark["basis"]]), "kind": _(KINDS[mark["kind"]]),
        "as_of": mark["as_of"],
    }  # fmt: skip


def _of_year(
    own: Sequence[Mapping[str, Any]], figures: Mapping[str, Any], _: Translate, language: str
) -> dict[str, Any]:
    """A mark's multiple of its first year's sales: a range where sources of them differ."""
    year = [each for each in own if each["year"] == own[0]["year"]]
    told = _of_multiple(own[0], figures, _, language)
    ends = [
        (figures[each["denominator"]]["low_usd"], figures[each["denominator"]]["high_usd"]) for each in year
    ]
    if any(None in pair for pair in ends):
        return told
    lowest, highest = min(low for low, _high in ends), max(high for _low, high in ends)
    if highest / lowest <= 1 + DIFFER:
        return told
    low, high = min(each["low"] for each in year), max(each["high"] for each in year)
    return told | {
        "multiple": between(low, high, "x", language), "sales": between(lowest, highest, "usd", language),
    }  # fmt: skip


def _of_multiple(
    quotient: Mapping[str, Any], figures: Mapping[str, Any], _: Translate, language: str
) -> dict[str, Any]:
    sales = figures[quotient["denominator"]]
    return {
        "multiple": between(quotient["low"], quotient["high"], "x", language),
        "period": sales["period"] or str(quotient["year"]), "sales": amount(sales, language),
        "kind": _(KINDS[sales["kind"]]),
    }  # fmt: skip


def lines_of_marks(card: Card, language: str) -> Iterator[str]:
    """HTML, one line for each mark that stands: never two in one."""
    _ = translator(language)
    for mark in sorted(card["marks"], key=lambda mark: (mark["basis"] in TARGETS, not mark["headline"])):
        if mark["current"]:
            sign = "🎯" if mark["basis"] in TARGETS else "💵"
            told = _(", ").join((_(BASES[mark["basis"]]), _(KINDS[mark["kind"]]), mark["as_of"]))
            old = write(_OLD, mark, _, language) if mark["days_old"] > STALE_DAYS else None
            yield (
                f"{sign} <b>{escape(amount(mark, language))}</b> — {escape(told)} "
                f"({escape(clean(mark['source'], 80))}){f' ⏳ {escape(old)}' if old else ''}"
            )


def texts(card: Card, languages: Sequence[str]) -> dict[str, str]:
    """The commentary in each language, as one text."""
    return {language: join(commentary(card, language), language) for language in languages}


def join(sentences: Iterable[str | None], language: str) -> str:
    """Sentences as one text; Chinese puts no space between them."""
    return ("" if language.startswith("zh") else " ").join(filter(None, sentences))

"""A company's card and what stands behind its buttons: Telegram HTML from one stored card."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from bot.commentary import Button, Message
from bot.commentary.desk import Card, commentary, headline, lines_of_marks
from bot.commentary.desk_words import BASES, KINDS, STAGES, amount, between, figure_of, metric_name, what
from bot.commentary.languages import N_, Translate, translator
from bot.commentary.lengths import CAPTION, TEXT, fit
from bot.commentary.numbers import clean, format_value, write
from bot.commentary.phrases import small_print
from indicators import Chart, Signal

#: the views behind a card, in the order of its buttons
VIEWS = {
    "peers": N_("Peers"),
    "must": N_("What must be true"),
    "sources": N_("Sources"),
    "history": N_("History"),
}
#: on the synthetic market
BESIDE_SAMPLE = N_("SAMPLE market, but these facts are real")
#: lines of news above a card, at most
NEWS = 4
#: Telegram lets a button hold so many bytes
_HOLDS = 64

_PEER = N_(
    "{symbol}: {multiple:x} — {market_cap_usd:usd} ({price_session}) ÷ {revenue_usd:usd} ({revenue_end})"
)
_USUAL = N_("Median {median:x}, middle half {q1:x} to {q3:x}, nine in ten below {p90:x}; n = {n:int}.")
_BASIS = N_("One basis: market value by the close ÷ sales of the last twelve months as filed.")
_NEEDED = N_("For this return a year, sold at {multiple:x} sales in {year}, sales must reach:")
_NEEDED_PART = N_("{return:pct}: {revenue_usd:usd} ({cagr:pct} a year)")
_EXIT = N_("For this return a year, the sales forecast for {year} must be worth:")
_EXIT_PART = N_("{return:pct}: {multiple:x}")
_MARGIN = N_(
    "{return:pct} a year at a net margin of {margin:pct} and a P/E of {pe:int}: sales of "
    "{revenue_usd:usd} in {year}"
)
_GROWTH = N_("Sales {first} to {last}: {low:pct} a year")
_NOTHING = N_("Nothing of this is known.")
_CONVENTION = N_("Years are counted whole, from the year of the valuation; no new shares, no dividends.")
_STEPS = N_("The offering, step by step")
_REFUSED = N_("Not divided")
_DISPUTES = N_("Where sources differ")
_NEW = N_("New mark: {now} ({basis})")
_CHANGED = N_("New mark: {before} → {now} ({basis})")
_STATES = {
    "above_peers": N_("Its multiple is now above that of nine in ten of its peers"),
    "among_peers": N_("Its multiple is now within what its peers cost"),
}
RULES = {
    "range": N_("a range"), "replaced": N_("corrected"), "flagged": N_("not computed with"),
    "two_kinds": N_("different things, never one range"), "bounds": N_("bounds"),
    "computed": N_("what its own parts give"),
}  # fmt: skip


def message(
    signal: Signal, language: str, *, sample: bool, chart: Chart | None,
    news: Sequence[str] = (), end: Sequence[str] = (),
) -> Message:  # fmt: skip
    """The card of a company: its marks, each on a line of its own, the commentary, and the buttons.

    Where that is too long the last of these lines are left out. `news` (HTML) stands above, `end` (HTML)
    below.
    """
    card, _ = signal.facts, translator(language)
    head = [
        *news,
        f"<b>{escape(clean(card['entity'], 60))} · {_(STAGES[card['stage']])}</b>",
        *([f"🧪 {_(BESIDE_SAMPLE)}"] if sample else []),
    ]
    body = [
        *lines_of_marks(card, language),
        *(f"• {escape(sentence, quote=False)}" for sentence in commentary(card, language)),
    ]
    small = small_print(signal, language)
    tail = [*end, f"<i>{escape(small)}</i>"]
    text = fit(head, body, tail, CAPTION)
    if chart is not None and not chart.panels:
        chart = None
    footer = f"{_(BESIDE_SAMPLE)} · {small}" if sample else small
    return Message(text, chart, footer, sample, language, buttons(card["entity"], language))


def alert(
    signal: Signal, news: Sequence[str], reason: str, language: str, chart: Chart | None, *, sample: bool
) -> Message:
    """A card that is told unasked: what is new of it above, why this chat hears it, a gettext key, below."""
    told = write(reason, {"subject": signal.subject}, translator(language), language) or ""
    lines = [f"🆕 {_html(line)}" for line in news if line]
    if left_out := lines[NEWS:]:
        more = translator(language)("… and {count} more").format(count=len(left_out))
        lines[NEWS:] = [more]
    end = [f"🔔 {_html(told[:1].upper() + told[1:])}"]
    return message(signal, language, sample=sample, chart=chart, news=lines, end=end)


def whats_new(signal: Signal, before: Signal | None, language: str) -> Iterator[str]:
    """One line for each mark that stands now and did not, for another stage, and for another state."""
    card, _ = signal.facts, translator(language)
    old = {mark["ref"]: mark for mark in before.facts["marks"] if mark["current"]} if before else {}
    for mark in card["marks"]:
        if mark["current"] and mark["ref"] not in old:
            same = next((each for each in old.values() if each["basis"] == mark["basis"]), None)
            facts = {
                "basis": _(BASES[mark["basis"]]), "now": amount(mark, language),
                "before": amount(same, language) if same else None,
            }  # fmt: skip
            yield write(_CHANGED, facts, _, language) or write(_NEW, facts, _, language) or ""
    if before and before.facts["stage"] != card["stage"]:
        yield f"{_(STAGES[before.facts['stage']])} → {_(STAGES[card['stage']])}"
    if before and before.state != signal.state and signal.state in _STATES:
        yield _(_STATES[signal.state])


def buttons(entity: str, language: str) -> tuple[tuple[Button, ...], ...]:
    """Two rows of two; none for a name too long for a button."""
    _ = translator(language)
    made = [Button(_(label), f"/value {entity} {view}") for view, label in VIEWS.items()]
    if any(len(button.data.encode()) > _HOLDS for button in made):
        return ()
    return (tuple(made[:2]), tuple(made[2:]))


def view(card: Card, name: str, language: str) -> str:
    """What stands behind one button, at most 4,096 code points of HTML."""
    _ = translator(language)
    head = [f"<b>{escape(clean(card['entity'], 60))} · {_(VIEWS[name])}</b>"]
    lines = list(_BEHIND[name](card, _, language)) or [_(_NOTHING)]
    return fit(head, lines, [], TEXT, rest=_("… and {count} more"))


def _peers(card: Card, _: Translate, language: str) -> Iterator[str]:
    for peer in sorted(card["peers"], key=lambda peer: -peer["multiple"]):
        yield _html(write(_PEER, peer, _, language))
    if card["peer_summary"]["median"] is not None:
        yield _html(write(_USUAL, card["peer_summary"], _, language))
    if card["peers"]:
        yield _(_BASIS)
    same: dict[str, list[str]] = {}
    for row in card["peers_left_out"]:
        same.setdefault(write(row["sentence"], row["facts"], _, language) or "", []).append(row["symbol"])
    for reason, symbols in same.items():
        yield f"· {escape(_(', ').join(symbols))}: {_html(reason)}"


def _must(card: Card, _: Translate, language: str) -> Iterator[str]:
    yield from _by_return(card["exit_multiples"], ("year", "sales"), _EXIT, _EXIT_PART, _, language)
    yield from _by_return(card["required_growth"], ("year", "multiple"), _NEEDED, _NEEDED_PART, _, language)
    for row in card["margin_route"]:
        yield f"• {_html(write(_MARGIN, row | {'year': str(row['year'])}, _, language))}"
    for row in card["growth"]:
        years = {"first": str(row["first"]), "last": str(row["last"])}
        yield f"• {_html(write(_GROWTH, row | years, _, language))}"
    if card["required_growth"]:
        yield f"<i>{_(_CONVENTION)}</i>"
    if card["ipo"]:
        yield f"\n<b>{_(_STEPS)}</b>"
    for step in card["ipo"]:
        value = format_value(step["value"], _UNITS[step["unit"]], language)
        refs = _html(", ".join(step["refs"]))
        yield f"• {_html(_(step['name']))}: {_html(step['formula'])} = {value} [{refs}]"


def _by_return(
    rows: Sequence[Mapping[str, Any]], same: Sequence[str], head: str, part: str, _: Translate, language: str
) -> Iterator[str]:
    """A line for the rows that differ by the return alone."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        told = {**row, "year": str(row["year"])}
        groups.setdefault(tuple(row[name] for name in same), []).append(told)
    for group in groups.values():
        parts = _("; ").join(write(part, row, _, language) or "" for row in group)
        yield f"• {_html(write(head, group[0], _, language))} {_html(parts)}"


_UNITS = {"money": "usd", "ratio": "pct", "x": "x", "shares": "int", "rights": "int"}


def _sources(card: Card, _: Translate, language: str) -> Iterator[str]:
    for figure in (*card["marks"], *card["revenues"]):
        yield _line(figure, _, language)
    if card["refused"]:
        yield f"\n<b>{_(_REFUSED)}</b>"
    for row in card["refused"]:
        yield f"• {_html(write(row['sentence'], row['facts'], _, language))}"
    if card["contradictions"]:
        yield f"\n<b>{_(_DISPUTES)}</b>"
    for conflict in card["contradictions"]:
        yield _conflict(conflict, _, language)


def _conflict(conflict: Mapping[str, Any], _: Translate, language: str) -> str:
    """What is disputed, how it is shown, and each claim once with who makes it."""
    claims: dict[str, list[str]] = {}
    for source in conflict["sources"]:
        figure = figure_of(source, language)
        basis = "" if source["basis"] == "unstated" else _(BASES[source["basis"]])
        name = "" if source["metric"] == conflict["metric"] else metric_name(source["metric"], _)
        claim = " ".join(filter(None, (name, figure, basis))) or "—"
        claims.setdefault(claim, []).append(f"{source['publisher']} {source['as_of']} [{source['ref']}]")
    told = "".join(f"\n   ◦ {claim}: {'; '.join(who)}" for claim, who in claims.items())
    return _html(f"• {what(conflict, _)}, {_(RULES[conflict['rule']])}:{told}")


def _history(card: Card, _: Translate, language: str) -> Iterator[str]:
    """The newest first; a circle that is not full is a rumour, a forecast or an opinion."""
    for mark in reversed(card["marks"]):
        yield f"{'●' if mark['kind'] == 'reported' else '○'} {_line(mark, _, language)}"


def _line(figure: Mapping[str, Any], _: Translate, language: str) -> str:
    period = f" {figure['period']}" if figure.get("period") else ""
    told = f"{_(BASES[figure['basis']])}{period}, {_(KINDS[figure['kind']])}; {figure['source']}"
    told = f"{told} [{figure['ref']}]"
    return f"{figure['as_of']} <b>{_html(amount(figure, language))}</b> — {_html(told)}"


_BEHIND: Mapping[str, Callable[[Card, Translate, str], Iterator[str]]] = {
    "peers": _peers, "must": _must, "sources": _sources, "history": _history,
}  # fmt: skip


def brief(card: Card, language: str) -> str:
    """One line of a list: the name, its first mark and its multiple."""
    mark, market = headline(card), card["market"]
    name = f"<b>{escape(clean(card['entity'], 60))}</b>"
    if market is not None:
        worth, day = format_value(market["market_cap_usd"], "usd", language), market["price_session"]
        costs = between(market["multiple"], market["multiple"], "x", language)
        return f"{name} {worth} ({day}), {costs}"
    if mark is None:
        return name
    own = [each for each in card["multiples"] if each["numerator"] == mark["ref"]]
    multiple = f", {between(own[0]['low'], own[0]['high'], 'x', language)} {own[0]['name']}" if own else ""
    return f"{name} {escape(amount(mark, language))} ({mark['as_of']}){escape(multiple)}"


def _html(text: str | None) -> str:
    return escape(text or "", quote=False)

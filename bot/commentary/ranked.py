"""Lists in rank order: the leaders of a session on two boards, and its unusual orders.

Each row says what its number rests on: both legs in dollars, how many orders, the largest one's share,
which criteria are met and which nobody can know. Pure functions of one signal's facts.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from bot.commentary import Message
from bot.commentary.languages import N_, Translate, translator
from bot.commentary.lengths import CAPTION, fit
from bot.commentary.numbers import clean, format_value, moment, write
from bot.commentary.phrases import SAMPLE, small_print, so_far_line, stale_line, subject_name
from bot.freshness import Stale
from indicators import Chart, Panel, Row, Signal

#: rows of each side of a board in one message
ROWS = 5

_BOARDS = (
    (
        N_("Leaders: bullish against bearish premium"),
        N_("Calls bought and puts sold against puts bought and calls sold; sides are inferred."),
        (("bullish", "🟢"), ("bearish", "🔴")),
        ("bull_usd", "bear_usd"),
        (N_("Bullish"), N_("Bearish")),
    ),
    (
        N_("Leaders: calls against puts"),
        N_("As traded, bought or sold: this says nothing of direction."),
        (("calls", "📞"), ("puts", "🅿️")),
        ("call_usd", "put_usd"),
        (N_("Calls"), N_("Puts")),
    ),
)
_RANKED = N_("Ranked by the share that is still likely if its money came from few orders.")
_ABOUT = N_("{session}. {about} {ranked}")
_ROW = N_("{subject} {ratio}: {first:usd} against {second:usd}, {orders:int} orders, largest {top:pct}")
_NOTE = N_("{ratio}; {orders:int} orders worth {worth:int}, largest {top:pct}")
_COVERED = N_("side known {coverage:pct}")
_EVEN = N_("could still be even")
_ONE_SIDED = N_("all on one side")
_NOBODY = N_("Nobody on this board: no underlying with 1 million USD of premium leans that way.")

_ORDER = N_("{contract}: {side}, {premium_usd:usd} ({size:int} × {price:usd})")
_SIDES = {
    "buy": N_("bought"), "sell": N_("sold"), "unknown": N_("side not known"), "multi-leg": N_("multi-leg"),
}  # fmt: skip
_CRITERIA = {
    "premium": N_("≥ $1M"), "soon": N_("< 30 days"), "otm": N_("out of the money"),
    "opening": N_("size > open interest"), "sweep": N_("sweep"), "sure": N_("side likely right"),
}  # fmt: skip
_OPENED = {True: N_("opened a position"), False: N_("opened no position")}
_NONE_UNUSUAL = N_("No unusual order; the largest of the session:")


def leaders(signal: Signal, language: str, *, sample: bool, stale: Stale | None) -> list[Message]:
    """One message a board, each with its chart, from the facts of the market's option premium."""
    _ = translator(language)
    boards, messages = signal.facts["boards"], []
    small = small_print(signal, language)
    for title, about, sides, legs, labels in _BOARDS:
        head = [
            f"<b>{escape(_(title))}</b>",
            *_marks(signal, language, sample),
            escape(_(_ABOUT).format(session=signal.facts["session"], about=_(about), ranked=_(_RANKED))),
        ]
        chosen = [(mark, row) for name, mark in sides for row in boards[name][:ROWS]]
        body = [f"{mark} {_text(_ROW, row, legs, _, language)}" for mark, row in chosen]
        rows = [
            Row(row["subject"], row[legs[0]], row[legs[1]], _text(_NOTE, row, legs, _, language))
            for _mark, row in chosen
        ]
        panel = Panel(_(about), "USD", rows=rows, sides=labels)
        chart = Chart(title, (), [panel]) if rows else None
        text = fit(head, body or [_(_NOBODY)], _end(signal, language, stale), CAPTION)
        messages.append(Message(text, chart, small, sample, language))
    return messages


def _marks(signal: Signal, language: str, sample: bool) -> list[str]:
    """That it is a sample, and that its session is still in progress."""
    lines = [f"🧪 {translator(language)(SAMPLE)}" if sample else None, so_far_line(signal, language)]
    return [line for line in lines if line]


def _end(signal: Signal, language: str, stale: Stale | None) -> list[str]:
    small = f"<i>{escape(small_print(signal, language), quote=False)}</i>"
    return [small] if stale is None else [stale_line(stale, language), small]


def _text(sentence: str, row: Mapping[str, Any], legs: tuple[str, str], _: Translate, language: str) -> str:
    ratio = _(_ONE_SIDED) if row["ratio"] is None else format_value(row["ratio"], "x", language)
    facts = {
        "subject": row["subject"], "ratio": ratio, "first": row[legs[0]], "second": row[legs[1]],
        "orders": row["orders"], "worth": row["orders_worth"], "top": row["top_order_share"],
    }  # fmt: skip
    said = write(sentence, facts, _, language) or ""
    if "bull_usd" in row and sentence is _ROW:  # beside a bar there is no room for it
        said += _("; ") + (write(_COVERED, {"coverage": row["coverage"]}, _, language) or "")
    if row["share_low"] <= 0.5:
        said += _("; ") + _(_EVEN)
    return escape(said, quote=False) if sentence is _ROW else said


def unusual(
    signal: Signal, headline: str, language: str, *, sample: bool, stale: Stale | None, chart: Chart | None
) -> Message:
    """The unusual orders of a subject, largest first, each with the criteria it meets."""
    _ = translator(language)
    said = write(headline, {"subject": subject_name(signal, _)}, _, language) or ""
    head = [
        f"<b>{escape(said, quote=False)}</b>",
        *_marks(signal, language, sample),
        *([] if signal.facts["unusual"] else [_(_NONE_UNUSUAL)]),
    ]
    body = [f"{place}. {line}" for place, line in enumerate(_orders(signal.facts["orders"], _, language), 1)]
    text = fit(head, body, _end(signal, language, stale), CAPTION)
    return Message(text, chart, small_print(signal, language), sample, language)


def _orders(orders: Sequence[Mapping[str, Any]], _: Translate, language: str) -> list[str]:
    lines = []
    for order in orders:
        said = write(_ORDER, {**order, "side": _(_SIDES[order["side"]])}, _, language) or ""
        met = [_(_CRITERIA[name]) for name in order["met"]]
        unknown = [_(_CRITERIA[name]) for name in order["not_known"]]
        parts = [f"{sign} {_(', ').join(names)}" for sign, names in (("✓", met), ("?", unknown)) if names]
        if order["opened"] is not None:
            parts.append(_(_OPENED[order["opened"]]))
        at = moment(order["at"]).split(" ", 1)[1]
        lines.append(escape(clean(" · ".join([f"{at} {said}", *parts]), 300), quote=False))
    return lines

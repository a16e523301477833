"""Words and figures of the desk: kinds, bases and stages by name, amounts as ranges and bounds."""

from collections.abc import Mapping
from typing import Any

from bot.commentary.languages import N_, Translate
from bot.commentary.numbers import format_value, known

KINDS = {
    "reported": N_("reported"), "rumoured": N_("rumoured"), "forecast": N_("forecast"),
    "opinion": N_("an opinion"),
}  # fmt: skip
BASES = {
    "market": N_("price on the exchange"), "secondary": N_("secondary sale of shares"),
    "round": N_("funding round"), "pre_money": N_("funding round, before the new money"),
    "post_money": N_("funding round, with the new money"), "ipo_target": N_("target for an IPO"),
    "analyst_target": N_("an analyst's target"), "ev": N_("enterprise value"),
    "hypothetical": N_("a what-if"), "unstated": N_("basis not stated"), "fiscal": N_("fiscal year"),
    "trailing": N_("last twelve months"), "forecast": N_("forecast"),
    "run_rate": N_("annualised run-rate"),
}  # fmt: skip
METRICS = {
    "valuation": N_("valuation"), "market_cap": N_("market value"), "revenue": N_("sales"),
    "forecast_revenue": N_("forecast sales"), "revenue_run_rate": N_("annualised run-rate"),
    "fundraise": N_("money raised"), "fundraise_ipo": N_("money to be raised at the IPO"),
    "price_per_share": N_("price per share"), "multiple_ps": N_("price ÷ sales"), "loss": N_("loss"),
    "users": N_("users"), "satellites": N_("satellites"), "ipo_stage": N_("stage of the IPO"),
    "share_of_spacex_revenue": N_("share of SpaceX's sales"),
}  # fmt: skip
STAGES = {
    "private": N_("private; no plan to list is known"), "planned": N_("private; an IPO is planned"),
    "filed": N_("filed for an IPO"), "priced": N_("the IPO is priced"), "listed": N_("listed"),
}  # fmt: skip


def between(low: Any, high: Any, kind: str | None, language: str, bound: str = "=") -> str:
    """A figure, a range or a bound of a `kind` of number: 53.3×, 33.3× – 36.4×, ≥ $25B, ≈ $1T."""
    ends = ["" if not known(end) else format_value(end, kind, language) for end in (low, high)]
    if all(ends):
        return ("≈ " if bound == "~" else "") + " – ".join(dict.fromkeys(ends))
    return f"≥ {ends[0]}" if ends[0] else f"≤ {ends[1]}"


def amount(figure: Mapping[str, Any], language: str) -> str:
    """What a mark or a revenue of a card claims."""
    if figure["value_usd"] is None:
        return f"{format_value(figure['value'], None, language)} {figure['currency'] or ''}".strip()
    return between(figure["low_usd"], figure["high_usd"], "usd", language, figure["bound"])


def figure_of(fact: Mapping[str, Any], language: str) -> str:
    """What a fact claims, in its unit, or its words."""
    if fact["low"] is None and fact["high"] is None:
        return fact["said"] or "—"
    unit: str = fact["unit"]
    if unit == "year":
        return str(fact["low"])
    usd = unit.startswith("money") and fact["currency"] == "USD"
    kind = "usd" if usd else {"ratio": "pct", "x": "x"}.get(unit)
    text = between(fact["low"], fact["high"], kind, language, fact["bound"])
    after = unit.removeprefix("money") if usd else "" if kind else f" {fact['currency'] or unit}"
    return text + after


def what(conflict: Mapping[str, Any], _: Translate) -> str:
    """What two sources disagree on: a metric, and of when."""
    name = metric_name(conflict["metric"], _)
    return f"{name} {conflict['period']}" if conflict.get("period") else name


def metric_name(metric: str, _: Translate) -> str:
    """What a metric is called; one we have no word for goes by its own."""
    return _(METRICS.get(metric, metric.replace("_", " ")))


def span(conflict: Mapping[str, Any], language: str) -> str:
    """From the lowest to the highest of what is claimed."""
    kind = "usd" if str(conflict.get("unit") or "").startswith("money") else None
    if conflict["rule"] == "bounds":
        sign = {">=": "≥ ", "<=": "≤ "}.get(next(each["bound"] for each in conflict["sources"]), "")
        return " – ".join(sign + format_value(conflict[end], kind, language) for end in ("low", "high"))
    return between(conflict["low"], conflict["high"], kind, language)

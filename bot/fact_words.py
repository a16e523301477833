"""What an owner types of a fact → its row, strictly: one thing not understood, and nothing of it is stored.

SpaceX valuation $900B as_of=2026-11-20 basis=secondary from=Bloomberg
company, metric, amount, then key=value in any order; a value ends where the next key= begins.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bot import desk
from bot.commands import UserError, shown, ticker
from bot.commentary.languages import translator
from feeds._amounts import Amount, AmountError, accepted_forms, read_amount
from feeds._fact_basis import REVENUES, VALUATIONS
from feeds._fact_lines import Row, entity, fact, span
from indicators._desk_companies import Company
from indicators._desk_facts import Sourced
from indicators._desk_ipo import STAGES
from storage.calendar import NEW_YORK
from storage.fact_tables import KINDS, REVENUE, VALUATION

EXAMPLE = "/admin fact SpaceX valuation $900B as_of=2026-11-20 basis=secondary from=Bloomberg"
CORRECT = "/admin correct V005 $810B from=Bloomberg"
COMPANY = "/admin company Anthropic aliases=Claude peers=MSFT,GOOGL"
SOURCE = "owner"
#: longer than any fact
LONGEST = 1000
#: what can be said in chat, each with its unit; anything else comes by `bellwether load facts`
METRICS = {
    "valuation": "money", "market_cap": "money", "revenue": "money", "forecast_revenue": "money",
    "revenue_run_rate": "money", "fundraise": "money", "fundraise_ipo": "money", "loss": "money",
    "price_per_share": "money/share", "shares_total": "shares", "users": "users", "ipo_stage": "text",
}  # fmt: skip
_KEYS = ("as_of", "basis", "kind", "from", "published", "period", "note")
_COMPANY_KEYS = ("aliases", "ticker", "listed", "part_of", "peers")
_KEY = re.compile(r"(?:^|\s)([a-z_]+)=")
_YEAR = re.compile(r"(?<!\d)(?:19|20|21)\d\d(?!\d)")


def read_fact(words: str, companies: Mapping[str, Company], language: str, now: datetime) -> Row:
    """The row of a new fact, known from `now`; UserError with one sentence where anything is amiss."""
    head, given = _split(words, _KEYS, EXAMPLE)
    place = next((i for i, word in enumerate(head) if word.lower() in METRICS and i), None)
    if place is None:
        raise UserError(
            "After the company comes what is measured: {metrics}. For example: {example}",
            metrics=", ".join(METRICS), example=EXAMPLE,
        )  # fmt: skip
    company = desk.meant(companies, " ".join(head[:place]))
    metric = head[place].lower()
    said = _figure(metric, " ".join(head[place + 1 :]), language)
    told = {"entity": company.name, "metric": metric, "unit": METRICS[metric], **said}
    return _row(told | _about(metric, given, now, dict.fromkeys(_KEYS)), now)


def read_correction(words: str, facts: Sequence[Sourced], language: str, now: datetime) -> Row:
    """The row of a fact that replaces another: the amount, and what else is given, are new."""
    head, given = _split(words, _KEYS, CORRECT)
    known = {fact.ref.casefold(): fact for fact in facts}
    old = known.get(head[0].casefold()) if head else None
    if old is None:
        raise UserError(
            "There is no fact “{word}”: its reference stands in [brackets] after each figure. For example: "
            "{example}",
            word=shown(head[0] if head else ""), example=CORRECT,
        )  # fmt: skip
    later = next((each for each in facts if old.ref in (each.replaces or "").split("|")), None)
    if later is not None:
        raise UserError("{ref} was replaced by {later}: correct that one.", ref=old.ref, later=later.ref)
    if old.metric not in METRICS:
        raise UserError("{ref} cannot be corrected in chat: load a line that replaces it.", ref=old.ref)
    kept = asdict(old) | {"from": None, "published": None, "note": None}
    told = {"entity": old.entity, "metric": old.metric, "unit": old.unit, "replaces": old.ref}
    said = _figure(old.metric, " ".join(head[1:]), language)
    return _row(told | said | _about(old.metric, given, now, kept), now)


def read_company(words: str, companies: Mapping[str, Company], now: datetime) -> Row:
    """The row of a company: its names, its ticker once it has one, and its peers.

    Of a company that is known what is not given stays; nobody takes a name of another one.
    """
    head, given = _split(words, _COMPANY_KEYS, COMPANY)
    typed = " ".join(head)
    if not any(map(str.isalnum, typed)):
        raise UserError("Which company? For example: {example}", example=COMPANY)
    old = desk.find(companies, typed) or Company(typed)
    told = asdict(old) | {"entity": old.name, "listed": old.listed and old.listed.isoformat()} | given
    for name in ("aliases", "peers"):
        told[name] = _parts(given[name]) if name in given else [*told[name]]
    if given.get("ticker"):
        told["ticker"] = ticker(given["ticker"])
    if "peers" in given:
        told["peers"] = [ticker(symbol) for symbol in told["peers"]]
    for name in (*told["aliases"], *([told["ticker"]] if told["ticker"] else [])):
        other = desk.find(companies, name) or old
        if other.name != old.name:
            raise _refused(ValueError(f"“{shown(name)}” is a name of {other.name}"), COMPANY)
    try:
        return entity(told, SOURCE, now)
    except ValueError as error:
        raise _refused(error, COMPANY) from None


def _parts(joined: str) -> list[str]:
    return [part for part in re.split(r"\s*[,、，]\s*", joined) if part]


def _split(words: str, keys: Sequence[str], example: str) -> tuple[list[str], dict[str, str]]:
    """The words before the first key, and the value of each key."""
    if len(words) > LONGEST:
        raise UserError(
            "That is longer than {most} characters. For example: {example}", most=LONGEST, example=example
        )
    head, *rest = _KEY.split(words)
    given: dict[str, str] = {}
    for key, value in zip(rest[::2], rest[1::2], strict=True):
        if key not in keys or key in given:
            raise UserError(
                "“{word}” is no key here, or is there twice; keys are {keys}. For example: {example}",
                word=shown(key), keys=", ".join(keys), example=example,
            )  # fmt: skip
        given[key] = value.strip()
    return head.split(), given


def _figure(metric: str, text: str, language: str) -> dict[str, Any]:
    """What the amount says: value, value_high, bound and currency, or the words of a stage."""
    if METRICS[metric] == "text":
        if text.lower() not in STAGES:
            raise UserError(
                "“{word}” is no stage: {stages}. For example: {example}",
                word=shown(text), stages=", ".join(STAGES),
                example="/admin fact SpaceX ipo_stage filed as_of=2026-11-20 from=SEC",
            )  # fmt: skip
        return {"said": text.lower()}
    try:
        amount: Amount = read_amount(text, script=language)
    except AmountError as error:
        raise UserError(
            "“{word}”: {reason} Accepted: {forms}.",
            word=shown(text), reason=translator(language)(str(error)), forms=accepted_forms(language),
        ) from None  # fmt: skip
    if METRICS[metric].startswith("money") and amount.currency is None:
        raise UserError("“{word}” names no currency: write $900B or 9000億美元.", word=shown(text))
    if not METRICS[metric].startswith("money") and amount.currency is not None:
        raise _refused(ValueError(f"{metric} is a count, not an amount of {amount.currency}"), EXAMPLE)
    return {
        "value": amount.low, "value_high": amount.high, "bound": amount.bound, "currency": amount.currency,
    }  # fmt: skip


def _about(metric: str, given: Mapping[str, str], now: datetime, before: Mapping[str, Any]) -> dict[str, Any]:
    """Dates, kind, basis and source of a fact; what is not given is as `before`."""
    today = now.astimezone(NEW_YORK).date().isoformat()
    as_of, publisher = given.get("as_of") or before.get("as_of"), given.get("from")
    if not as_of or not publisher:
        raise UserError(
            "A fact needs its date and its source: as_of=2026-11-20 from=Bloomberg. For example: {example}",
            example=EXAMPLE,
        )
    published = given.get("published") or today
    for name, date in (("as_of", as_of), ("published", published)):
        try:
            begins = span(date, name)[0]
        except ValueError as error:
            raise _refused(error, EXAMPLE) from None
        if begins > now:
            raise UserError("{name}={date} lies in the future.", name=name, date=shown(date))
    kind = given.get("kind") or before.get("kind") or "reported"
    if kind not in KINDS:
        raise UserError("“{word}” is no kind: {kinds}.", word=shown(kind), kinds=", ".join(KINDS))
    basis = given.get("basis") or before.get("basis")
    allowed = VALUATIONS if metric in VALUATION else REVENUES if metric in REVENUE else ("unstated",)
    if (metric in VALUATION and basis is None) or (basis is not None and basis not in allowed):
        raise UserError(
            "What kind of figure is it? basis is one of {bases}. For example: {example}",
            bases=", ".join(allowed), example=EXAMPLE,
        )  # fmt: skip
    period = given.get("period") or before.get("period")
    if metric in REVENUE and (not period or (basis != "run_rate" and not _YEAR.search(period))):
        raise UserError(
            "Sales of which year? For example: {example}",
            example="/admin fact OpenAI revenue $13B as_of=2026-01 period=2025 from=Reuters",
        )
    return {
        "as_of": as_of, "publisher": publisher, "published": published, "kind": kind, "basis": basis,
        "period": period, "note": given.get("note") or before.get("note"),
    }  # fmt: skip


def _row(told: Mapping[str, Any], now: datetime) -> Row:
    try:
        return fact(told, SOURCE, now)
    except ValueError as error:
        raise _refused(error, EXAMPLE) from None


def _refused(error: ValueError, example: str) -> UserError:
    return UserError(
        "It cannot be stored: {reason}. For example: {example}", reason=str(error), example=example
    )

"""The peers of OpenAI and SpaceX on the last evening of 2024, from recorded filings and closes."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from feeds import Raw, sec_facts
from feeds import bars as bars_feed
from feeds import facts as facts_feed
from indicators._desk import Card, card
from indicators._desk_companies import by_name, of
from indicators._desk_peers import OLD_SHARES, Peer, build
from indicators.valuation import INDICATOR, compute, known
from storage.calendar import NEW_YORK
from storage.frames import Frames
from storage.tables import Bar, CompanyFigure, Entity, Fact

FILED = Path(__file__).parents[1] / "recorded/company_facts"
EVENING = datetime(2024, 12, 31, 21, 45, tzinfo=UTC)
LAST = EVENING.date()
NOW = datetime(2026, 11, 29, 21, 45, tzinfo=UTC)
TABLES = {
    "OpenAI": ["ADBE", "AMZN", "CRM", "GOOGL", "MSFT", "ORCL"],
    "SpaceX": ["HWM", "NOC", "RKLB", "RTX", "T", "VZ"],
}
Stage = Callable[[datetime], Frames]


def filings(until: str) -> pd.DataFrame:
    """What the recorded companies filed until that day."""
    tables = []
    for path in sorted(FILED.glob("*.json")):
        answer = json.loads(path.read_text())
        for concept in (each for taxonomy in answer["facts"].values() for each in taxonomy.values()):
            for entries in concept["units"].values():
                entries[:] = [entry for entry in entries if entry["filed"] <= until]
        parsed = sec_facts.parse(Raw(path.name, json.dumps(answer).encode()))
        assert parsed.bad == []
        tables.append(parsed.accepted[CompanyFigure].to_pandas())
    return pd.concat(tables)


@pytest.fixture(scope="module")
def rows(recordings: Path) -> dict[Any, pd.DataFrame]:
    """Everything there is, also what was known only later."""
    prices = Raw("yahoo", (recordings / "prices/yahoo_daily_ohlcv.parquet").read_bytes())
    bars = bars_feed.parse(prices).accepted[Bar].to_pandas()
    house = facts_feed.parse(Raw("house", facts_feed.house())).accepted
    return {
        Bar: bars[bars["symbol"].isin([*TABLES["OpenAI"], *TABLES["SpaceX"]])],
        CompanyFigure: filings(until="9999"),
        Fact: house[Fact].to_pandas().assign(id=0),
        Entity: house[Entity].to_pandas().assign(id=0),
    }


@pytest.fixture(scope="module")
def stage(rows: dict[Any, pd.DataFrame]) -> Stage:
    """What storage would give as of a moment."""

    def at(as_of: datetime) -> Frames:
        def load(kind: Any) -> pd.DataFrame:
            seen = rows[kind][rows[kind]["known_at"] <= as_of]
            return seen[seen["event_at"] > as_of - INDICATOR.lookback] if kind is Bar else seen

        return Frames(as_of, {}, load)

    return at


def told(seen: Frames, name: str, today: date | None = None) -> Card:
    """The card of `name`, read on `today`."""
    facts, companies = known(seen)
    peers = build(seen[Bar], seen[CompanyFigure], companies[name].peers, seen.as_of)
    return card(
        companies[name], of(companies[name], by_name(facts)), [], peers,
        today or seen.as_of.astimezone(NEW_YORK).date(),
    )  # fmt: skip


def peer(seen: Frames, name: str, symbol: str) -> Card:
    (found,) = [each for each in told(seen, name)["peers"] if each["symbol"] == symbol]
    return found


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_six_peers_of_one_evening_and_one_basis(stage: Stage, name: str) -> None:
    found = told(stage(EVENING), name)
    assert sorted(each["symbol"] for each in found["peers"]) == TABLES[name]
    for each in found["peers"]:
        assert each["price_session"] == LAST.isoformat()
        assert LAST - OLD_SHARES <= date.fromisoformat(each["shares_as_of"]) <= LAST
        # the last quarter but one at the oldest, and no filing of after that evening
        assert LAST - timedelta(days=130) <= date.fromisoformat(each["revenue_end"]) < LAST
        assert each["source"][-10:] <= LAST.isoformat()
        assert each["multiple"] == pytest.approx(each["market_cap_usd"] / each["revenue_usd"], rel=1e-12)
    others = {each["symbol"]: each["reason"] for each in found["peers_left_out"]}
    assert others
    assert set(others.values()) <= {
        "No recent close is known on 2024-12-31.",
        "No filing known on 2024-12-31 states its shares.",
    }


@pytest.mark.parametrize("name", TABLES)
def test_what_is_usual_is_numpys_quantiles_of_the_multiples(stage: Stage, name: str) -> None:
    found = told(stage(EVENING), name)
    usual = found["peer_summary"]
    quantiles = np.quantile([each["multiple"] for each in found["peers"]], (0.25, 0.5, 0.75, 0.9))
    assert [usual[key] for key in ("q1", "median", "q3", "p90")] == pytest.approx(list(quantiles))
    assert (usual["n"], usual["fresh"], usual["reason"]) == (6, True, None)


@pytest.mark.parametrize(
    ("name", "symbol", "shares", "close", "cents", "millions"),
    [
        # the last fiscal year, what ran of the next, less as much of the year's own beginning
        ("SpaceX", "RTX", 1_331_016_397, "115.72", "154025217460.84", 68_920 + 59_115 - 48_993),
        ("SpaceX", "T", 7_175_289_157, "22.77", "163381334104.89", 122_428 + 90_038 - 90_406),
        ("OpenAI", "AMZN", 10_515_011_008, "219.39", "2306888265045.12", 574_785 + 450_167 - 404_824),
        ("OpenAI", "CRM", 957_000_000, "334.33", "319953810000.00", 34_857 + 27_902 - 25_570),
        ("OpenAI", "ADBE", 440_200_000, "444.68", "195748136000.00", 19_409 + 15_899 - 14_361),
    ],
)
def test_market_value_and_sales_by_hand(
    stage: Stage, name: str, symbol: str, shares: int, close: str, cents: str, millions: int
) -> None:
    assert shares * Decimal(close) == Decimal(cents)
    found = peer(stage(EVENING), name, symbol)
    assert found["market_cap_usd"] == round(Decimal(cents))
    assert found["revenue_usd"] == millions * 1_000_000


@pytest.mark.parametrize("name", TABLES)
def test_what_is_filed_later_changes_nothing(stage: Stage, rows: dict[Any, pd.DataFrame], name: str) -> None:
    seen = stage(EVENING)

    def table(figures: pd.DataFrame) -> list[Peer]:
        return build(seen[Bar], figures, TABLES[name], EVENING)[0]

    found = table(seen[CompanyFigure])
    assert found == table(filings(until=LAST.isoformat()))
    # and it would: every company has since filed another number of shares
    shares = {each.symbol: each.shares_as_of for each in table(rows[CompanyFigure])}
    assert sorted(shares) == TABLES[name]
    assert all(shares[each.symbol] > LAST - timedelta(days=1) > each.shares_as_of for each in found)


def test_a_filing_counts_from_the_evening_of_its_day(stage: Stage) -> None:
    day = datetime(2024, 11, 12, 21, 45, tzinfo=UTC)
    (missing,) = [each for each in told(stage(day), "SpaceX")["peers_left_out"] if each["symbol"] == "RKLB"]
    assert missing["reason"] == "No filing known on 2024-11-12 states its shares."
    assert peer(stage(day + timedelta(days=1)), "SpaceX", "RKLB")["shares_as_of"] == "2024-09-30"


def test_the_indicator_shows_the_same_table(stage: Stage) -> None:
    (signal,) = compute(stage(EVENING), ["SpaceX"])
    assert signal.facts["peers"] == told(stage(EVENING), "SpaceX")["peers"]
    assert signal.source.endswith("sec_facts")


@pytest.mark.parametrize("name", TABLES)
def test_two_years_later_the_same_peers_are_not_fresh(stage: Stage, name: str) -> None:
    then = told(stage(EVENING), name, NOW.date())
    assert (then["peer_summary"]["n"], then["peer_summary"]["fresh"]) == (6, False)
    now = told(stage(NOW), name)
    assert (now["peers"], now["peer_summary"]["fresh"]) == ([], False)
    assert {each["symbol"] for each in now["peers_left_out"]} >= set(TABLES[name])

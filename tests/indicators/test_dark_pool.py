"""What traded off the exchanges: each figure by hand, nothing claimed that is not known."""

from datetime import date, timedelta
from pathlib import Path
from string import Formatter
from typing import Any

import numpy as np
import pytest
from dark_stage import at, bars, frames, lean, put, read, rows_of, short, week
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feeds import Raw
from feeds import finra as finra_feed
from indicators import MARKET
from indicators._dark_days import is_rebalance, past_of, read_sessions
from indicators._dark_facts import leg_facts
from indicators._dark_finra import weighted_short_share
from indicators.dark_pool import INDICATOR, chart, compute
from storage import calendar
from storage.tables import OffExchangeWeek, ShortVolume
from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, TapeStore

MONDAY = date(2024, 3, 4)
DAYS = calendar.sessions(date(2023, 12, 1), date(2024, 6, 28))


def facts(tapes: TapeStore, *tables: Any, day: date = MONDAY, subject: str = "ACME") -> dict[str, Any]:
    return dict(read(tapes, day, *tables, subject=subject).facts)


def test_every_figure_of_a_session_by_hand(tapes: TapeStore) -> None:
    close = calendar.close(MONDAY)
    put(
        tapes, MONDAY,
        {"usd": 1_000}, {"usd": 2_000, "side": "sell"}, {"usd": 4_000, "side": "mid"},
        {"usd": 8_000, "side": None}, {"usd": 16_000, "condition": "W"}, {"usd": 32_000, "condition": "Z"},
        {"usd": 64_000, "event_at": close}, {"usd": 128_000, "price_e4": 100_010},
        {"usd": 1_000_000, "venue": "N"}, {"usd": 3_000_000, "venue": "N", "side": "sell"},
        {"usd": 2_000_000, "venue": "N", "side": "mid"}, {"usd": 500_000, "venue": "N"},
        {"usd": 9_000_000, "venue": "N", "condition": "6"}, {"usd": 700_000, "venue": "N", "condition": "M"},
        {"usd": 5_000_000, "side": "sell"},
    )  # fmt: skip
    told = facts(tapes)
    shares_off = 100 + 200 + 400 + 800 + 1_600 + 3_200 + 6_400 + 12_800 + 500_000
    shares_lit = 100_000 + 300_000 + 200_000 + 50_000 + 900_000 + 70_000
    retail = 12_800 * 10.001
    expected = {
        "session": "2024-03-04", "grade": "B1",
        "dark_buy_usd": 1_000, "dark_sell_usd": 5_002_000,
        "unknown_usd": 4_000 + 8_000 + 16_000 + 32_000 + 64_000,
        "midpoint_usd": 4_000, "extended_usd": 64_000, "retail_usd": retail,
        "block_buy_usd": 1_000_000, "block_sell_usd": 3_000_000, "block_unknown_usd": 2_000_000,
        "buy_usd": 1_001_000, "sell_usd": 8_002_000, "net_usd": -7_001_000,
        "imbalance": round(-7_001 / 9_003, 6), "dark_imbalance": round(-5_001 / 5_003, 6),
        "ratio": round(1_001 / 8_002, 6), "ratio_low": round(1_001 / 10_126, 6),
        "ratio_high": round(3_125 / 8_002, 6), "coverage": round(9_003 / 11_127, 6),
        "imbalance_low": round((1_001 - 10_126) / 11_127, 6),
        "imbalance_high": round((3_125 - 8_002) / 11_127, 6),
        "off_exchange_share": round(shares_off / (shares_off + shares_lit), 6),
        "off_exchange_share_regular": round((shares_off - 6_400) / (shares_off - 6_400 + shares_lit), 6),
        "off_exchange_usd": 5_127_000 + retail, "total_usd": 5_127_000 + retail + 15_500_000,
        "blocks": 4, "dark_blocks": 1, "lit_blocks": 3, "dark_block_usd": 5_000_000,
        "block_share": round(11_000_000 / (20_627_000 + retail), 6),
        "block_floor_usd": 1_000_000, "block_sessions": 0, "legal_blocks": 7, "prints_10000": 7,
        "trades": 15, "signed_trades": 3, "near_high": None, "risk_level": None, "sustained_days": None,
        "short_share": None, "ats_share": None, "rebalance_day": False, "so_far": False,
    }  # fmt: skip
    assert {name: told[name] for name in expected} == pytest.approx(expected)
    assert told["off_exchange_usd"] == pytest.approx(
        sum(told[name] for name in ("dark_buy_usd", "dark_sell_usd", "unknown_usd", "retail_usd"))
    )
    assert told["largest_blocks"][0] == {
        "symbol": "ACME", "venue": "off_exchange", "side": "sell", "usd": 5_000_000, "price": 10,
        "size": 500_000, "prints": 1, "at": "2024-03-04T15:30:00.014000+00:00",
    }  # fmt: skip


def test_a_tape_of_off_exchange_prints_alone_knows_no_share_and_no_blocks_of_exchanges(
    tapes: TapeStore,
) -> None:
    put(tapes, MONDAY, {"usd": 3_000}, {"usd": 1_000, "side": "sell"})
    told = facts(tapes)
    unknown = ("off_exchange_share", "off_exchange_share_regular", "block_buy_usd", "block_sell_usd")
    assert [told[name] for name in unknown] == [None] * 4
    assert told["imbalance"] == 0.5


def test_a_tape_of_exchange_prints_alone_knows_nothing_of_the_rest(tapes: TapeStore) -> None:
    put(tapes, MONDAY, {"usd": 3_000, "venue": "N"})
    signal = read(tapes, MONDAY)
    unknown = (
        "dark_buy_usd",
        "dark_sell_usd",
        "unknown_usd",
        "off_exchange_share",
        "imbalance",
        "retail_usd",
    )
    assert [signal.facts[name] for name in unknown] == [None] * 6
    assert signal.state == "thin"


def test_only_sells_are_no_imbalance_of_unknown_buys() -> None:
    told = leg_facts(None, 3_200_000_000_000, None, 23_000_000_000_000, None)
    assert told["sell_usd"] == 2_620_000_000
    assert [told[name] for name in ("imbalance", "ratio", "net_usd", "coverage", "ratio_high")] == [None] * 5


@pytest.mark.parametrize(
    ("rows", "state", "sign"),
    [
        (lean(900, 100), "net_buying", 1),
        (lean(100, 900), "net_selling", -1),
        (lean(550, 450), "balanced", 0),
        (lean(700, 300, 500), "unclear", 0),
        (lean(900, 100, 1_001), "unclear", 0),
        (lean(400, 100), "thin", 0),
        ([{"usd": 900_000}, {"usd": 200_000, "side": "sell"}, {"venue": "N"}], "thin", 0),
    ],
)
def test_a_direction_is_claimed_only_where_the_unknown_could_not_turn_it(
    rows: list[dict[str, Any]], state: str, sign: int, tapes: TapeStore
) -> None:
    put(tapes, MONDAY, *rows)
    signal = read(tapes, MONDAY)
    assert signal.state == state
    assert np.sign(signal.strength) == sign
    assert not INDICATOR.states[state].loud


def test_strength_is_the_imbalance_shrunk_by_a_floor_and_half_of_the_unknown(tapes: TapeStore) -> None:
    put(tapes, MONDAY, *lean(900, 100, 400))
    # k = 0.1 million + 0.2 million: (0.9 − 0.1) / (0.9 + 0.1 + 2 · 0.3)
    assert read(tapes, MONDAY).strength == 0.5


def test_quality_is_an_estimate_without_half_of_the_dollars_or_without_earlier_sessions(
    tapes: TapeStore,
) -> None:
    put(tapes, DAYS[0], *lean(600, 400))
    put(tapes, DAYS[1], *lean(600, 400))
    put(tapes, DAYS[2], *lean(600, 400, 1_100))
    assert [read(tapes, day).quality for day in DAYS[:3]] == ["C", "B", "C"]


def test_a_block_is_one_print_in_a_thousand_of_the_sessions_before(tapes: TapeStore) -> None:
    small = [{"usd": 10, "event_at": at(DAYS[0], minute)} for minute in range(300)]
    for number, day in enumerate(DAYS[:5]):
        large = [{"usd": 1_000_000 * (number + 2), "side": "sell"}, {"usd": 1_500_000, "venue": "N"}]
        put(tapes, day, *({**row, "event_at": at(day, i)} for i, row in enumerate(small)), *large)
    # without earlier prints the session itself; below a thousand of them the floor
    told = facts(tapes, day=DAYS[0])
    assert (told["block_floor_usd"], told["block_sessions"], told["blocks"]) == (1_000_000, 0, 2)
    assert facts(tapes, day=DAYS[3])["block_floor_usd"] == 1_000_000  # 906 prints
    told = facts(tapes, day=DAYS[4])  # of 1,208 prints the second largest had 4 million
    assert (told["block_floor_usd"], told["block_sessions"]) == (4_000_000, 4)
    assert (told["blocks"], told["lit_blocks"], told["block_buy_usd"]) == (1, 0, 0)


def test_what_a_block_is_does_not_look_further_back_than_twenty_sessions(tapes: TapeStore) -> None:
    crowd = [{"usd": 10, "event_at": at(DAYS[0], 1) + timedelta(seconds=i)} for i in range(1_100)]
    put(tapes, DAYS[0], *crowd, {"usd": 90_000_000}, {"usd": 80_000_000})
    for day in DAYS[1:22]:
        put(tapes, day, {"usd": 5_000_000})
    assert facts(tapes, day=DAYS[20])["block_floor_usd"] == 80_000_000
    assert facts(tapes, day=DAYS[21])["block_floor_usd"] == 1_000_000


def test_blocks_are_of_their_own_name_and_session(tapes: TapeStore) -> None:
    put(tapes, DAYS[0], {"symbol": "BETA", "usd": 5_000_000}, {"usd": 4_000_000})
    put(tapes, DAYS[1], {"symbol": "BETA", "usd": 3_000_000}, {"usd": 1_000})
    assert [facts(tapes, day=DAYS[1], subject=name)["blocks"] for name in ("ACME", "BETA", MARKET)] == [
        0,
        1,
        1,
    ]
    seen = frames(tapes, calendar.settled(DAYS[1]))
    assert [signal.facts["blocks"] for signal in compute(seen, None)] == [0, 1, 1]


def test_the_market_is_the_sum_of_its_symbols(tapes: TapeStore) -> None:
    put(tapes, MONDAY, *lean(300, 100), *lean(400, 900, symbol="BETA"), {"usd": 2_000_000, "venue": "N"})
    signal = read(tapes, MONDAY, subject=MARKET)
    each = [read(tapes, MONDAY, subject=name).facts for name in ("ACME", "BETA")]
    for name in ("dark_buy_usd", "dark_sell_usd", "block_buy_usd", "total_usd", "blocks", "trades"):
        assert signal.facts[name] == sum(facts[name] for facts in each)
    assert signal.facts["off_exchange_share"] == pytest.approx(1_700 / (1_700 + 2_002))
    assert signal.facts["near_high"] is None
    assert signal.facts["block_floor_usd"] is None


def test_all_subjects_of_the_newest_session_are_told_and_one_asked_for_by_its_own(tapes: TapeStore) -> None:
    put(tapes, DAYS[0], {"symbol": "OLD"})
    put(tapes, DAYS[1], {"symbol": "NEW"})
    seen = frames(tapes, calendar.settled(DAYS[1]))
    assert [signal.subject for signal in compute(seen, None)] == [MARKET, "NEW"]
    assert [signal.facts["session"] for signal in compute(seen, ["OLD", "OLD", "NONE"])] == ["2023-12-01"]


def test_nothing_is_known_of_an_empty_house(tapes: TapeStore) -> None:
    assert list(compute(frames(tapes, calendar.settled(MONDAY)), None)) == []
    assert list(compute(frames(tapes, calendar.settled(MONDAY)), ["ACME", MARKET])) == []


def test_prints_on_a_day_without_a_session_are_passed_over(tapes: TapeStore) -> None:
    put(tapes, MONDAY, {"event_at": at(MONDAY) - timedelta(days=1)})
    assert list(compute(frames(tapes, calendar.settled(MONDAY)), ["ACME"])) == []


def test_a_session_in_progress_says_so_and_how_far_it_is_known(tapes: TapeStore) -> None:
    put(tapes, MONDAY, {"usd": 1_000}, {"usd": 2_000, "event_at": at(MONDAY, 90)})
    told = read(tapes, at(MONDAY, 75)).facts
    assert (told["so_far"], told["newest_at"], told["trades"]) == (True, at(MONDAY).isoformat(), 1)


def test_a_print_is_seen_only_once_it_is_known(tapes: TapeStore) -> None:
    put(tapes, MONDAY, {"usd": 1_000}, {"usd": 5_000, "known_at": calendar.settled(DAYS[-1])})
    assert facts(tapes)["dark_buy_usd"] == 1_000


SESSION = st.lists(
    st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(["ACME", "BETA"]),
            "side": st.sampled_from(["buy", "sell", "mid", None]),
            "usd": st.sampled_from([1_000, 600_000, 3_000_000]),
            "venue": st.sampled_from(["D", "N"]),
        }
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sessions=st.lists(SESSION, min_size=2, max_size=5), data=st.data())
def test_what_was_known_of_a_session_is_not_changed_by_later_ones(
    sessions: list[list[dict[str, Any]]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tapes = TapeStore(tmp_path_factory.mktemp("tape"))
    for day, rows in zip(DAYS, sessions, strict=False):
        put(tapes, day, *rows)
    cut = data.draw(st.integers(1, len(sessions)))

    def past(until: date) -> dict[tuple[str, date], tuple[int, ...]]:
        as_of = calendar.settled(until)
        views = (
            tapes.view(kind, as_of, as_of - INDICATOR.lookback) for kind in (EQUITY_TRADES, EQUITY_QUOTES)
        )
        found = past_of(read_sessions(*views, None))
        arrays = (found.dark_buy, found.dark_sell, found.blocks.buy, found.blocks.sell, found.blocks.floor)
        return {
            (name, day): tuple(int(array[place, column]) for array in arrays)
            for name, place in found.places.items()
            for column, day in enumerate(found.days)
            if found.trades[place, column] and day <= DAYS[cut - 1]
        }

    assert past(DAYS[cut - 1]) == past(DAYS[len(sessions) - 1])


@pytest.mark.parametrize(
    ("day", "rebuilt"),
    [
        (date(2024, 3, 15), True), (date(2024, 3, 22), False), (date(2024, 6, 21), True),
        (date(2024, 6, 28), True), (date(2024, 4, 19), False), (date(2024, 3, 14), False),
        # the third Friday of June 2026 is a holiday
        (date(2026, 6, 18), True), (date(2026, 6, 17), False),
    ],
)  # fmt: skip
def test_days_on_which_indices_are_rebuilt_are_known(day: date, rebuilt: bool) -> None:
    assert is_rebalance(day) == rebuilt


def finra(recordings: Path, name: str) -> list[Any]:
    parsed = finra_feed.FEED.parse(Raw(name, (recordings / "finra" / name).read_bytes()))
    return [rows_of(kind, table.to_pylist()) for kind, table in parsed.accepted.items()]


@pytest.mark.parametrize(
    ("day", "marked", "total"), [(date(2021, 1, 22), 0.577, 576_690), (date(2021, 1, 28), 0.696, 7_971_423)]
)
def test_xrt_was_marked_short_more_than_ever_in_january_2021(
    day: date, marked: float, total: int, recordings: Path, tapes: TapeStore
) -> None:
    rows = finra(recordings, "shvol_FNSQ_nasdaq_trf_2017_2021.txt")
    signal = read(tapes, calendar.day_end(day), *rows, subject="XRT")
    nasdaq = signal.facts["short_by_market"]["Q"]
    assert (round(nasdaq["share"], 3), nasdaq["total"]) == (marked, total)
    assert signal.facts["short_session"] == day.isoformat()
    assert (signal.state, signal.strength, signal.quality) == ("prints_missing", 0, "C")
    assert signal.facts["grade"] == "B2"
    assert signal.facts["dark_buy_usd"] is signal.facts["imbalance"] is signal.facts["risk_level"] is None


def test_nvidias_dark_pools_had_fifteen_percent_of_its_off_exchange_week(
    recordings: Path, tapes: TapeStore
) -> None:
    rows = finra(recordings, "ats_weekly/weekly_2025-06-02.csv")
    signal = read(tapes, calendar.day_end(date(2025, 8, 29)), *rows, subject="NVDA")
    assert signal.facts["grade"] == "B3"
    assert signal.facts["ats_week"] == "2025-06-02"
    assert (signal.facts["ats_shares"], signal.facts["otc_shares"]) == (79_150_795, 435_039_064)
    assert round(signal.facts["ats_share"], 4) == 0.1539
    assert signal.facts["session"] == "2025-06-06"


def test_the_consolidated_file_counts_and_facilities_are_summed_where_there_is_none(
    tapes: TapeStore,
) -> None:
    rows = [
        short("ACME", MONDAY, "Q", 30, 100), short("ACME", MONDAY, "N", 20, 50),
        short("BETA", MONDAY, "Q", 30, 100), short("BETA", MONDAY, "B,Q,N", 70, 200),
        short("ACME", DAYS[0], "Q", 1, 1),
    ]  # fmt: skip
    as_of = calendar.day_end(MONDAY)
    told = read(tapes, as_of, rows_of(ShortVolume, rows)).facts
    assert (told["short_volume"], told["short_total"], told["short_share"]) == (50, 150, round(1 / 3, 6))
    assert told["short_by_market"] == {
        "N": {"short": 20, "total": 50, "share": 0.4}, "Q": {"short": 30, "total": 100, "share": 0.3},
    }  # fmt: skip
    other = read(tapes, as_of, rows_of(ShortVolume, rows), subject="BETA").facts
    # a facility's file may be missing: they are shown, and not summed, beside the consolidated figure
    assert (other["short_share"], list(other["short_by_market"])) == (0.35, ["Q"])


def test_a_file_posted_anew_takes_the_place_of_the_first_from_then_on(tapes: TapeStore) -> None:
    late = calendar.day_end(MONDAY) + timedelta(hours=1)
    table = rows_of(
        ShortVolume, [short("ACME", MONDAY, "Q", 40, 100, known_at=late), short("ACME", MONDAY, "Q", 30, 100)]
    )
    assert read(tapes, calendar.day_end(MONDAY), table).facts["short_share"] == 0.3
    assert read(tapes, late, table).facts["short_share"] == 0.4


def test_weeks_told_apart_are_put_together_and_none_of_a_kind_is_not_zero(tapes: TapeStore) -> None:
    monday = date(2024, 2, 5)
    rows = [week("ACME", monday, 10, None, "ats"), week("ACME", monday, None, 30, "otc")]
    assert facts(tapes, rows_of(OffExchangeWeek, rows))["ats_share"] == 0.25
    told = facts(tapes, rows_of(OffExchangeWeek, rows[1:]))
    assert (told["ats_shares"], told["ats_share"], told["otc_shares"]) == (None, None, 30)


def test_grades_stand_side_by_side_each_with_its_own_date(tapes: TapeStore) -> None:
    put(tapes, MONDAY, *lean(600, 400))
    friday = calendar.shift(MONDAY, -1)
    tables = [
        rows_of(ShortVolume, [short("ACME", friday, "Q", 900, 1_000)]),
        rows_of(OffExchangeWeek, [week("ACME", date(2024, 2, 5), 10, 30)]),
    ]
    alone, beside = read(tapes, MONDAY), read(tapes, MONDAY, *tables)
    dates = [beside.facts[name] for name in ("session", "short_session", "ats_week")]
    assert dates == ["2024-03-04", "2024-03-01", "2024-02-05"]
    own = set(INDICATOR.sentences) and [
        name for name in alone.facts if not name.startswith(("short", "ats", "otc"))
    ]
    assert {name: beside.facts[name] for name in own} == {name: alone.facts[name] for name in own}
    assert (beside.state, beside.strength, beside.facts["grade"]) == (alone.state, alone.strength, "B1")
    assert beside.source == "stock prints and quotes (test); FINRA's off-exchange totals (finra)"


def test_a_signal_of_finras_figures_has_the_same_facts_unknown(tapes: TapeStore) -> None:
    put(tapes, MONDAY, {"symbol": "BETA"})
    table = rows_of(ShortVolume, [short("ACME", MONDAY, "Q", 1, 2)])
    as_of = calendar.day_end(MONDAY)
    without, beside = (read(tapes, as_of, table, subject=name) for name in ("ACME", "BETA"))
    assert set(without.facts) == set(beside.facts)
    told = {slot for sentence in INDICATOR.sentences for _, slot, _, _ in Formatter().parse(sentence) if slot}
    assert told <= set(without.facts)


def test_prints_a_week_older_than_finras_file_are_no_headline(tapes: TapeStore) -> None:
    put(tapes, DAYS[0], *lean(600, 400))
    for days, grade in ((7, "B1"), (10, "B2")):
        later = DAYS[0] + timedelta(days=days)
        signal = read(tapes, calendar.day_end(later), rows_of(ShortVolume, [short("ACME", later, "Q", 1, 2)]))
        assert signal.facts["grade"] == grade


def test_nothing_is_called_what_it_is_not() -> None:
    said = [*INDICATOR.sentences, *(state.headline for state in INDICATOR.states.values())]
    for text in said:
        assert "short sell" not in text.lower()
        assert "institution" not in text.lower()
        assert "dark pool" not in text.lower() or "(ATS)" in text


def test_the_short_share_of_many_names_is_weighted_by_their_dollars() -> None:
    assert weighted_short_share([30, 10], [100, 100], [3e6, 1e6]) == pytest.approx(0.25)
    assert weighted_short_share([30, 0], [100, 0], [3e6, 1e6]) == pytest.approx(0.3)
    assert np.isnan(weighted_short_share([], [], []))


def test_the_chart_shows_price_premium_and_share_or_what_finra_tells(tapes: TapeStore) -> None:
    for day in DAYS[:30]:
        put(tapes, day, *lean(600, 400), {"usd": 100_000, "venue": "N"})
    last = DAYS[29]
    closes = bars(
        calendar.sessions(last - timedelta(days=400), last),
        [10.0] * len(calendar.sessions(last - timedelta(days=400), last)),
    )
    seen = frames(tapes, calendar.settled(last), closes)
    (signal,) = compute(seen, ["ACME"])
    drawn = chart(seen, signal)
    assert [panel.unit for panel in drawn.panels] == ["USD", "USD", "%"]
    assert [series.kind for panel in drawn.panels for series in panel.series] == [
        "band",
        "line",
        "band",
        "bars",
        "line",
    ]
    assert drawn.days[-1] == last.isoformat()
    assert drawn.panels[1].series[1].values[-1] == pytest.approx(200_000)
    for table in (
        rows_of(ShortVolume, [short("X", MONDAY, "Q", 3, 4)]),
        rows_of(OffExchangeWeek, [week("X", date(2024, 2, 5), 3, 1)]),
    ):
        seen = frames(tapes, calendar.day_end(MONDAY), table)
        (signal,) = compute(seen, ["X"])
        (panel,) = chart(seen, signal).panels
        assert panel.series[0].values == [75.0]
    (signal,) = compute(frames(tapes, calendar.settled(last)), [MARKET])
    assert len(chart(frames(tapes, calendar.settled(last)), signal).panels) == 2

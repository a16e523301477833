"""The insiders' market by month, worked by hand, and each rule that cleans it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import log
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from insider_stage import AS_OF, DAY, acme, frames, signals, trade
from sqlmodel import col, select

from bot.pipeline import look, take_in
from bot.registry import all_feeds
from bot.rooms import Rooms
from feeds import Raw
from indicators import MARKET
from indicators._insider_rows import judge
from indicators.insiders import INDICATOR, chart, compute
from storage import calendar
from storage.database import connect, migrate, reading
from storage.tables import InsiderTrade, Quarantine
from storage.tape import TapeStore


def month(rows: Sequence[dict], name: str, as_of: datetime = AS_OF) -> dict:
    return next(each for each in signals(rows, as_of)[MARKET].facts["months"] if each["month"] == name)


def test_a_month_has_the_raw_lines_traded_in_it_and_the_decisions_filed_in_it() -> None:
    rows = [
        # a second lot of the day is the same raw line, and the same insider-day
        trade(usd=100, day=date(2024, 2, 28)), trade(usd=50, day=date(2024, 2, 28), line=1),
        # traded in February, filed in March
        trade("S", 300, day=date(2024, 2, 29), owner_ciks="12"),
        trade("S", 500, day=date(2024, 2, 7), owner_ciks="13", plan=True),
    ]  # fmt: skip
    february, march = month(rows, "2024-02"), month(rows, "2024-03")
    assert [february[name] for name in ("raw_buys", "raw_sells", "raw_ratio")] == [1, 2, 0.5]
    assert [february[name] for name in ("raw_buys_usd", "raw_sells_usd")] == [100.0, 800.0]
    assert [february[name] for name in ("buys", "sells", "ratio", "npr")] == [1, 0, None, 1.0]
    assert [february[name] for name in ("buys_usd", "sells_usd", "usd_ratio", "filings")] == [150, 0, None, 3]
    assert february["rules"] == {"plan": 1}
    assert [march[name] for name in ("raw_buys", "raw_sells", "raw_ratio")] == [0, 0, None]
    assert [march[name] for name in ("buys", "sells", "ratio", "npr", "sells_usd")] == [
        0,
        1,
        0.0,
        -1.0,
        300.0,
    ]
    assert (february["complete"], march["complete"]) == (True, False)


def test_the_months_begin_with_the_first_line_and_the_newest_comes_first() -> None:
    names = [each["month"] for each in signals([trade(day=date(2023, 12, 5))])[MARKET].facts["months"]]
    assert names == ["2024-03", "2024-02", "2024-01", "2023-12"]
    old = signals([trade(day=date(2010, 1, 5))])[MARKET].facts["months"]
    assert (len(old), old[0]["filings"]) == (1, 0)


def test_every_rule_counts_the_lines_it_is_about() -> None:
    fund = {"role": "ten_percent", "ownership": "I"}
    later = AS_OF - timedelta(hours=1)
    rows = [
        trade(usd=100), trade(usd=100, filing="another", known=later),
        *(trade(usd=7, owner_ciks=cik, **fund) for cik in ("21", "22", "23")),
        trade("S", 9, owner_ciks="31", plan=True), trade("S", 9, owner_ciks="32", nonmarket=True),
        trade("M", 1, owner_ciks="33"), trade("S", 9, owner_ciks="33"),
        trade("P", None, owner_ciks="34"),
        trade("S", 8, owner_ciks="35"),
        trade("S", 6, owner_ciks="35", form="4/A", known=later),
    ]  # fmt: skip
    expected = {
        "duplicate_lines": 1, "joint_filers": 2, "amendments": 1, "funds_10pct": 1, "nonmarket": 1,
        "implausible": 0, "no_price": 1, "plan": 1, "exercise_and_sell": 1,
    }  # fmt: skip
    found = signals(rows)
    assert found[MARKET].facts["rules"] == expected
    assert found["ACME"].facts["rules"] == expected
    assert month(rows, "2024-03")["rules"] == {name: n for name, n in expected.items() if n}
    assert found["ACME"].facts["variants"]["holder10"] == {
        "buys_usd": 7.0, "sells_usd": 0.0, "npr": 1.0, "lines": 1,
    }  # fmt: skip


def test_a_filing_that_came_live_and_in_a_quarterly_set_counts_once() -> None:
    live = trade(accession="0000000001-24-000001")
    # the set writes the same filing with other words: no digest, no price of a footnote is equal
    again = {"accession": live["accession"], "filing": "set", "known_quality": "B", "source": "sec_form345"}
    evening = calendar.new_york(DAY + timedelta(days=1), time(22, 0))
    in_set = trade(usd=999, known=evening, **again)
    facts = acme([live, in_set]).facts
    assert (facts["buys_usd"], facts["filings"], facts["rules"]["duplicate_lines"]) == (1000.0, 1, 1)
    assert acme([live, in_set]).quality == "A"
    # both at once: the exact one stays, whichever was stored first
    at_once = trade(usd=999, known=live["known_at"], **again) | {"id": 0}
    assert acme([at_once, live]).facts["buys_usd"] == 1000.0
    # known by the set first: what was told stays
    early = trade(usd=999, known=live["known_at"] - timedelta(hours=1), **again)
    assert acme([live, early]).facts["buys_usd"] == 999.0
    # another filing is another trade, and one without accession is nobody's twin
    other = trade(usd=999, known=evening, **again | {"accession": "0000000001-24-000002"})
    assert acme([live, other]).facts["buys_usd"] == 1999.0
    assert acme([trade(), trade(usd=999, known_quality="B", known=evening)]).facts["buys_usd"] == 1999.0


def test_a_large_line_at_a_hundred_times_the_usual_price_is_a_slip() -> None:
    usual = [
        trade("S", 554, date(2023, 8, day), owner_ciks=str(day)) | {"symbol": "LLY"} for day in (1, 2, 3, 4)
    ]
    # 37,160 shares at 554,101 USD: the decimal point is lost
    slip = trade("S", 554_101, symbol="LLY", owner_ciks="9") | {
        "shares": 37_160,
        "usd_e4": 205_903_931_600_000,
    }
    facts = signals([*usual, slip])["LLY"].facts
    assert (facts["sells_usd"], facts["excluded"]) == (0.0, {"implausible": 1})
    # nothing is known of the issuer's price: the line stands; and a small one cannot spoil a sum
    assert signals([slip])["LLY"].facts["sells_usd"] == 20_590_393_160.0
    small = trade("S", 554_101, symbol="LLY", owner_ciks="9")
    assert signals([*usual, small])["LLY"].facts["excluded"] == {}


def test_what_comes_to_light_later_does_not_change_what_a_line_was() -> None:
    sale = trade("S", 5, owner_ciks="12")
    in_time = trade("M", 1, owner_ciks="12", known=sale["known_at"])
    too_late = trade("M", 1, owner_ciks="12", known=sale["known_at"] + timedelta(seconds=1))
    exercised = [acme([sale, option]).facts["rules"]["exercise_and_sell"] for option in (in_time, too_late)]
    assert exercised == [1, 0]
    # the issuer's usual price became known only after the line
    large = trade("S", 554_101) | {"shares": 37_160, "usd_e4": 205_903_931_600_000}
    usual = [trade("S", 554, owner_ciks=str(i), known=AS_OF) for i in range(3)]
    assert acme([large, *usual]).facts["rules"]["implausible"] == 0


def yearly(months: Sequence[int], now: tuple[int, int] = (2024, 3)) -> list[dict]:
    """One sale a year in each of the three years before `now`, in `months`, and one in `now`."""
    past = [trade("S", 10, date(now[0] - 3 + i, month, 6)) for i, month in enumerate(months)]
    return [*past, trade("S", 100, date(*now, 20))]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (yearly([3, 3, 3]), "routine"),
        # the calendar is routine in one month of the past, whichever the trade's own is
        (yearly([5, 5, 5]), "routine"),
        (yearly([3, 4, 3]), "opportunistic"),
        (yearly([3, 3, 3])[1:], "unclassified"),
        # the third year's trade was filed only in the year of the trade
        ([*yearly([3, 3, 3])[:2], trade("S", 10, date(2023, 3, 6), AS_OF), yearly([3, 3, 3])[-1]],
         "unclassified"),
        # three years, but of three people
        ([row | {"owner_ciks": str(i)} for i, row in enumerate(yearly([3, 3, 3]))], "unclassified"),
    ],
    ids=["same month", "another month", "two months", "two years", "filed late", "three people"],
)  # fmt: skip
def test_routine_is_who_traded_in_the_same_month_of_three_years(rows: list[dict], kind: str) -> None:
    variants = acme(rows).facts["variants"]
    kinds = ("routine", "opportunistic", "unclassified")
    seen = {name: variants[name]["sells_usd"] for name in kinds}
    # filed late: that sale itself is news of this window, and nobody's routine either
    late = 10.0 if kind == "unclassified" and any(row["known_at"] == AS_OF for row in rows) else 0.0
    assert seen == dict.fromkeys(kinds, 0.0) | {kind: 100.0 + late}


def test_one_founder_is_capped_at_two_percent_of_the_month() -> None:
    # 100 M sold by one, 1 M bought by each of ten: 110 M, the cap is 2.2 M
    rows = [trade("S", 100e6, symbol="BIG"), *(trade(usd=1e6, symbol=f"T{i}") for i in range(10))]
    facts = signals(rows)[MARKET].facts
    # k is 5 % of a usual month: of this one, the only one
    k = 0.05 * 110e6
    assert month(rows, "2024-03")["l_cap"] == pytest.approx(log((10e6 + k) / (2.2e6 + k)), abs=1e-4)
    # the windows have no past to learn k from: a million
    assert facts["log_ratio"] == pytest.approx(log(11 / 101), abs=1e-4)
    assert facts["log_ratio_capped"] == pytest.approx(log(11 / 3.2), abs=1e-4)
    assert month(rows, "2024-03")["breadth"] == pytest.approx(10 / 11, abs=1e-4)


def lines(n: int, day: date) -> list[dict]:
    return [trade("S", 10, day, symbol=f"T{i}", owner_ciks=str(i)) for i in range(n)]


def test_a_month_far_below_the_usual_is_thin_and_says_so() -> None:
    usual = [row for number in range(7, 13) for row in lines(80, date(2023, number, 5))]
    rows = [*usual, *lines(80, date(2024, 1, 5)), *lines(19, date(2024, 2, 6))]
    found = {name: month(rows, name)["thin"] for name in ("2023-12", "2024-01", "2024-02", "2024-03")}
    # 19 of a usual 80 are less than a quarter; March has nothing yet
    assert found == {"2023-12": False, "2024-01": False, "2024-02": True, "2024-03": True}
    assert signals(rows)[MARKET].facts["thin_month"] == "2024-02"
    assert signals([*rows, *lines(1, date(2024, 2, 7))])[MARKET].facts["thin_month"] is None
    assert signals(lines(9, date(2024, 2, 6)))[MARKET].facts["thin_month"] == "2024-02"


def test_too_little_history_is_said() -> None:
    facts = acme([trade()]).facts
    assert (facts["history_months"], facts["too_little_history"], facts["spike_z"]) == (0, 0, None)
    assert "Too little history" in " ".join(INDICATOR.sentences)


def test_an_insiders_holding_is_told_before_and_after() -> None:
    more = {"owner_ciks": "11", "shares": 100}
    rows = [
        trade("S", day=date(2024, 3, 11), held_after=900, **more),
        trade("S", day=date(2024, 3, 12), held_after=800, **more),
        trade("S", day=date(2023, 5, 2), held_after=1000, **more),
        trade("S", day=date(2023, 2, 2), held_after=1100, **more),
        # what a trust holds is another holding
        trade("S", day=date(2024, 3, 13), held_after=5, ownership="I", **more),
        trade(usd=10, owner_ciks="12", held_after=None),
    ]
    jane, other = acme(rows).facts["insiders"]
    assert (jane["name"], jane["role"], jane["sold_usd"], jane["bought_usd"]) == (
        "Doe Jane",
        "officer",
        3000,
        0,
    )
    assert (jane["held_before"], jane["held_after"], jane["change"]) == (1000.0, 800.0, -0.2)
    # two days of this window, the trust's, and one of last May; February is over a year ago
    assert (jane["days_traded"], jane["last_trade"]) == (4, "2024-03-13")
    assert (other["held_after"], other["change"], other["days_traded"]) == (None, None, 1)
    assert acme(rows).facts["most_active_change"] == -0.2


def test_facts_tell_of_five_insiders_at_most() -> None:
    rows = [trade(usd=10 + i, owner_ciks=str(i)) for i in range(9)]
    assert [each["bought_usd"] for each in acme(rows).facts["insiders"]] == [18, 17, 16, 15, 14]


def test_the_market_is_drawn_by_month_beside_the_index() -> None:
    rows = [*lines(12, date(2024, 1, 5)), *lines(3, date(2024, 2, 6)), *lines(12, date(2024, 3, 5))]
    rows += [trade(usd=5, day=date(2024, 3, 5), owner_ciks=str(50 + i)) for i in range(4)]
    closes = {date(2024, 1, 31): 4845_6500, date(2024, 2, 28): 5069_7600, date(2024, 3, 28): 5254_3500}
    bars = [{"symbol": "^GSPC", "session": day, "close_e4": close} for day, close in closes.items()]
    bars += [{"symbol": "SPY", "session": date(2024, 3, 28), "close_e4": 523_0700}]
    shown = frames(rows, bars=bars)
    (signal,) = compute(shown, [MARKET])
    picture = chart(shown, signal)
    assert list(picture.days) == ["2024-01-31", "2024-02-29", "2024-03-28"]
    net, index = picture.panels
    # 12 sales; too few to say; 4 purchases and 12 sales
    assert list(net.series[0].values) == [-100.0, None, -50.0]
    assert index.series[0].label == "^GSPC"
    assert list(index.series[0].values) == [4845.65, 5069.76, 5254.35]
    assert len(chart(frames(rows), signal).panels) == 1


def test_nothing_but_awards_is_quiet_and_breaks_nothing() -> None:
    found = signals([trade("A")])
    assert [found[name].state for name in ("ACME", MARKET)] == ["quiet", "thin"]
    assert found[MARKET].facts["excluded"] == {"other_code": 1}
    assert found["ACME"].facts["insiders"] == []
    assert judge(frames([])[InsiderTrade]).empty


LINES = st.lists(
    st.tuples(
        st.sampled_from("PSSM"), st.integers(0, 2), st.integers(1, 3), st.integers(0, 1100),
        st.integers(0, 30), st.sampled_from([None, 0, 1, 40]), st.sampled_from(["A", "B"]), st.booleans(),
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(LINES, st.integers(0, 60))
def test_no_line_is_judged_otherwise_for_what_is_filed_later(drawn: list[tuple], back: int) -> None:
    """Neither an amendment nor a second source, an exercise or an old trade that comes late."""
    rows = []
    for number, (code, owner, usd, ago, lag, amended_after, quality, fund) in enumerate(drawn):
        day = (AS_OF - timedelta(days=ago)).date()
        known = calendar.new_york(day + timedelta(days=lag), time(18, 0))
        more = {"owner_ciks": str(owner), "role": "ten_percent" if fund else "officer"}
        more |= {"known_quality": quality, "accession": str(number % 5), "held_after": None}
        rows.append(trade(code, usd * 1e8, day, known, **more))
        if amended_after is not None:
            later = known + timedelta(days=amended_after)
            rows.append(trade(code, usd * 1e8 + 1, day, later, form="4/A", **more))
    then = AS_OF - timedelta(days=back)
    was, now = (judge(frames(rows, at)[InsiderTrade]).set_index("id") for at in (then, AS_OF))
    for column in ("rule", "routine", "exercised", "discretionary"):
        assert was[column].to_dict() == now.loc[was.index, column].to_dict()
    # an amendment ends what it replaces when it is known, not before
    ended = now.loc[was.index, "ends"] != was["ends"]
    assert (now.loc[was.index[ended], "ends"] > then).all()


@pytest.fixture(scope="module")
def recorded(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    """A database with the recorded lines in it."""
    folder = tmp_path_factory.mktemp("lines")
    rooms = Rooms(connect(f"sqlite:///{folder / 'lines.sqlite'}"), TapeStore(folder / "tape"))
    migrate(rooms.engine)
    path = recordings / "sec_form4" / "sp500_insider_transactions_2022_2026.parquet"
    body = path.read_bytes()
    account = take_in(rooms, all_feeds()["sec_form4"], Raw(path.name, body), datetime(2026, 9, 1, tzinfo=UTC))
    assert (account.received, account.accepted, account.quarantined) == (60_055, 60_047, 8)
    return rooms


def test_recorded_lines_loaded_and_read_give_the_raw_counts_of_each_month(recorded: Rooms) -> None:
    (signal,) = INDICATOR.compute(
        look(recorded, INDICATOR, datetime(2025, 5, 6, 21, tzinfo=UTC), [MARKET]), [MARKET]
    )
    months = {each["month"]: each for each in signal.facts["months"]}
    expected = {
        "2022-04": (36, 91, 0.396), "2022-06": (54, 181, 0.298), "2022-09": (43, 128, 0.336),
        "2024-08": (13, 449, 0.029), "2025-03": (38, 273, 0.139), "2025-04": (10, 30, 0.333),
    }  # fmt: skip
    for name, (buys, sells, ratio) in expected.items():
        assert (months[name]["raw_buys"], months[name]["raw_sells"]) == (buys, sells)
        assert months[name]["raw_ratio"] == pytest.approx(ratio, abs=5e-4)
    full = {name: months[name]["raw_ratio"] for name in months if not months[name]["thin"]}
    assert min(full, key=full.__getitem__) == "2024-08"
    assert [name for name in expected if months[name]["thin"]] == ["2025-04"]
    assert signal.facts["thin_month"] == "2025-04"
    # one sale of 37,160 shares at 554,101 USD; organisations without a title are told apart
    assert months["2023-08"]["rules"]["implausible"] == 1
    assert sum(each["rules"].get("funds_10pct", 0) for each in months.values()) > 300


def test_what_the_recorded_lines_cannot_mean_is_quarantined_with_its_reason(recorded: Rooms) -> None:
    with reading(recorded.engine) as session:
        reasons = session.exec(select(Quarantine.reason).where(col(Quarantine.feed) == "sec_form4")).all()
    assert sorted(reasons) == ["implausible value"] * 7 + [
        "the transaction date lies more than a year after all others"
    ]


def test_one_company_is_told_the_same_alone_and_among_all(recorded: Rooms) -> None:
    at = datetime(2024, 12, 30, 22, tzinfo=UTC)
    everybody = {each.subject: each for each in INDICATOR.compute(look(recorded, INDICATOR, at), None)}
    for ticker in sorted(set(everybody) - {MARKET}, key=lambda name: -everybody[name].n)[:3]:
        (alone,) = INDICATOR.compute(look(recorded, INDICATOR, at, [ticker]), [ticker])
        assert alone == everybody[ticker]

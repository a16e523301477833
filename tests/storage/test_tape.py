"""The tape keeps every print once, and shows none before it could be known."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.tape import EQUITY_QUOTES, EQUITY_TRADES, OPTION_TRADES, Tape, TapeStore, TapeView

NOON = datetime(2024, 3, 4, 17, 0, tzinfo=UTC)  # 12:00 in New York
DAY = date(2024, 3, 4)
MONTH = timedelta(days=30)


def option_trades(*prints: dict) -> pa.Table:
    common = {
        "event_at": NOON, "known_at": NOON, "underlying": "ACME", "expiry": date(2024, 4, 19),
        "strike_e4": 1_000_000, "is_call": True, "price_e4": 25_000, "size": 10, "multiplier": 100,
        "bid_e4": 24_000, "ask_e4": 26_000, "condition": None, "exchange": None,
        "underlying_price_e4": None, "open_interest": None, "vendor_side": None, "source": "test",
    }  # fmt: skip
    schema = pa.schema([field for field in OPTION_TRADES.schema if field.name != "row_id"])
    return pa.Table.from_pylist([common | print_ for print_ in prints], schema=schema)


def rows(tapes: TapeStore, as_of: datetime) -> list[dict]:
    view = tapes.view(OPTION_TRADES, as_of, NOON - timedelta(days=30))
    return [row for day in view.sessions() for batch in view.batches(day) for row in batch.to_pylist()]


def quotes(*rows: dict) -> pa.Table:
    schema = pa.schema([field for field in EQUITY_QUOTES.schema if field.name != "row_id"])
    common = {"event_at": NOON, "known_at": NOON, "symbol": "ACME", "source": "test"}
    return pa.Table.from_pylist([common | row for row in rows], schema=schema)


def after(seconds: int, **cells: object) -> dict:
    moment = NOON + timedelta(seconds=seconds)
    return {"event_at": moment, "known_at": moment} | cells


def in_order(tapes: TapeStore, as_of: datetime = NOON + MONTH, tape: Tape = OPTION_TRADES) -> list[dict]:
    batches = list(tapes.view(tape, as_of, NOON - MONTH).in_order(DAY, ["size", "event_at"]))
    assert all(batch.schema.names == ["size", "event_at"] for batch in batches)
    return [row for batch in batches for row in batch.to_pylist()]


def test_two_equal_prints_are_two_prints_and_reading_them_again_adds_none(tapes: TapeStore) -> None:
    body = option_trades({}, {}, {"size": 11})
    assert tapes.append(OPTION_TRADES, body) == 3
    assert tapes.append(OPTION_TRADES, body) == 0
    assert tapes.append(OPTION_TRADES, option_trades({}, {"size": 12})) == 1
    assert sorted(row["size"] for row in rows(tapes, NOON)) == [10, 10, 11, 12]


def test_only_parts_of_the_same_time_are_searched_for_what_is_stored(
    tapes: TapeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in range(4):
        tapes.append(EQUITY_QUOTES, quotes(after(3600 * hour), after(3600 * hour + 60)))
    read = []
    look = pq.read_table
    monkeypatch.setattr(
        "storage.tape.pq.read_table", lambda part, **how: read.append(part) or look(part, **how)
    )
    again = quotes(
        after(3600 + 60), after(3600 + 61), after(7200)
    )  # the last minute of one, the first of another
    assert tapes.append(EQUITY_QUOTES, again) == 1
    assert len(read) == 2


def test_a_print_belongs_to_the_session_of_its_new_york_date(tapes: TapeStore) -> None:
    late = datetime(2024, 3, 5, 0, 30, tzinfo=UTC)  # 19:30 on the 4th in New York
    tapes.append(OPTION_TRADES, option_trades({"event_at": late, "known_at": late}))
    assert tapes.view(OPTION_TRADES, late, NOON).sessions() == [date(2024, 3, 4)]


def test_a_print_is_not_seen_before_it_is_known(tapes: TapeStore) -> None:
    tapes.append(OPTION_TRADES, option_trades({}, {"size": 77, "known_at": NOON + timedelta(minutes=15)}))
    assert [row["size"] for row in rows(tapes, NOON)] == [10]
    assert [row["size"] for row in rows(tapes, NOON + timedelta(minutes=15))] == [10, 77]


def test_a_reduction_is_kept_only_when_the_whole_session_was_known(tapes: TapeStore) -> None:
    tapes.append(OPTION_TRADES, option_trades({}, {"size": 77, "known_at": NOON + timedelta(minutes=15)}))
    calls = []

    def count(batches) -> pa.Table:
        calls.append(1)
        return pa.table({"rows": [sum(batch.num_rows for batch in batches())]})

    def reduced(minutes: int) -> int:
        view = tapes.view(OPTION_TRADES, NOON + timedelta(minutes=minutes), NOON - timedelta(days=1))
        return view.reduced(date(2024, 3, 4), "count-1", count, ["size"])["rows"][0].as_py()

    assert [reduced(0), reduced(20), reduced(20), reduced(0)] == [1, 2, 2, 1]
    assert len(calls) == 3  # only the second look at the complete session was spared
    folder = tapes.root / OPTION_TRADES.name / "2024-03-04"
    (old,) = folder.glob("*.arrow")
    tapes.append(OPTION_TRADES, option_trades({"size": 5}))
    assert reduced(20) == 3
    (new,) = folder.glob("*.arrow")  # a session that grows leaves no earlier results behind
    assert new != old


def test_cancels_lead_a_part_and_can_be_read_alone(tapes: TapeStore) -> None:
    many = [{"size": size + 1, "condition": "I"} for size in range(3_000)]
    later = NOON + timedelta(minutes=1)
    cancels = [{"size": size, "condition": "A", "event_at": later, "known_at": later} for size in (7, 2_900)]
    tapes.append(OPTION_TRADES, option_trades(*many, *cancels))

    def led(as_of: datetime) -> list[int]:
        view = tapes.view(OPTION_TRADES, as_of, NOON)
        batches = view.batches(date(2024, 3, 4), ["size", "condition"], leading=True)
        rows = [row for batch in batches for row in batch.to_pylist()]
        assert len(rows) < 3_000  # the head, not the part
        return [row["size"] for row in rows if row["condition"] == "A"]

    assert led(later) == [7, 2_900]
    assert led(NOON) == []  # not known yet
    assert len(rows(tapes, later)) == 3_002


def test_prints_come_in_order_of_time_over_all_parts(tapes: TapeStore) -> None:
    tapes.append(OPTION_TRADES, option_trades(after(3, size=4), after(0, size=1), after(9, size=7)))
    tapes.append(OPTION_TRADES, option_trades(after(1, size=2), after(8, size=6)))
    tapes.append(OPTION_TRADES, option_trades(after(2, size=3), after(4, size=5)))
    assert [row["size"] for row in in_order(tapes)] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["size"] for row in in_order(tapes, NOON + timedelta(seconds=4))] == [1, 2, 3, 4, 5]
    assert in_order(tapes, NOON - timedelta(seconds=1)) == []


def test_prints_of_one_moment_stay_in_the_order_of_their_part(tapes: TapeStore) -> None:
    tapes.append(OPTION_TRADES, option_trades(*({"size": size} for size in (3, 1, 2))))
    tapes.append(OPTION_TRADES, option_trades(after(-1, size=9), after(1, size=9)))
    assert [row["size"] for row in in_order(tapes)] == [9, 3, 1, 2, 9]


def test_cancels_are_woven_into_the_order_of_time(tapes: TapeStore) -> None:
    cancel = {"condition": "A"}
    tapes.append(OPTION_TRADES, option_trades(after(5, size=5), after(0, size=1), after(3, size=3, **cancel)))
    tapes.append(OPTION_TRADES, option_trades(after(4, size=4, **cancel), after(2, size=2, **cancel)))
    late = after(1, size=99, known_at=NOON + timedelta(hours=1), **cancel)
    tapes.append(OPTION_TRADES, option_trades(late, after(6, size=6)))
    assert [row["size"] for row in in_order(tapes, NOON + timedelta(minutes=1))] == [1, 2, 3, 4, 5, 6]
    assert [row["size"] for row in in_order(tapes)] == [1, 99, 2, 3, 4, 5, 6]


PARTS = st.lists(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("IA")), max_size=12), max_size=5)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=PARTS)
def test_order_is_by_time_then_cancels_last_then_by_part_then_as_in_the_part(
    parts: list, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.tape_view.BATCH_ROWS", 3)
    monkeypatch.setattr("storage.tape_view.HEAD_ROWS", 2)
    tapes = TapeStore(tmp_path_factory.mktemp("tape"))
    for number, part in enumerate(parts):
        prints = [
            after(second, size=100 * number + place, condition=letter)
            for place, (second, letter) in enumerate(part)
        ]
        tapes.append(OPTION_TRADES, option_trades(*prints))
    named = sorted(tapes.root.rglob("*.parquet"))
    stored = [row for file in named for row in pq.read_table(file).to_pylist()]
    expected = sorted(stored, key=lambda row: (row["event_at"], row["condition"] == "A"))
    assert [row["size"] for row in in_order(tapes)] == [row["size"] for row in expected]
    assert len(expected) == sum(map(len, parts))


def test_a_column_that_a_part_of_an_earlier_version_lacks_is_all_missing(tapes: TapeStore) -> None:
    tapes.append(OPTION_TRADES, option_trades({"exchange": "C", "bid_size": 3}))
    (part,) = tapes.root.rglob("*.parquet")
    pq.write_table(pq.read_table(part).drop_columns(["exchange", "bid_size"]), part)
    tapes.append(OPTION_TRADES, option_trades({"size": 11, "exchange": "N", "bid_size": 4}))
    view = tapes.view(OPTION_TRADES, NOON, NOON - MONTH)
    columns = ["size", "exchange", "bid_size"]
    for batches in (view.batches(DAY), view.batches(DAY, columns), view.in_order(DAY, columns)):
        rows = [row for batch in batches for row in batch.to_pylist()]
        found = sorted((row["size"], row["exchange"], row["bid_size"]) for row in rows)
        assert found == [(10, None, None), (11, "N", 4)]
    only = [batch.to_pylist() for batch in view.batches(DAY, ["condition"])]
    assert only == 2 * [[{"condition": None}]]


def test_parts_that_do_not_overlap_are_opened_one_after_the_other(
    tapes: TapeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        tapes.append(EQUITY_QUOTES, quotes(*(after(10 * number + i, bid_e4=i) for i in range(5))))
    opened: set[int] = set()
    most = []

    class Counted(pq.ParquetFile):
        def __enter__(self) -> "Counted":
            opened.add(id(self))
            most.append(len(opened))
            return self

        def __exit__(self, *how: object) -> None:
            opened.remove(id(self))
            super().__exit__(*how)

    monkeypatch.setattr("storage.tape_view.pq.ParquetFile", Counted)
    view = tapes.view(EQUITY_QUOTES, NOON + MONTH, NOON - MONTH)
    assert sum(batch.num_rows for batch in view.in_order(DAY, ["event_at"])) == 30
    assert (len(most), max(most)) == (6, 1)


def test_a_reduction_of_two_tapes_is_kept_for_the_parts_of_both(tapes: TapeStore) -> None:
    later = timedelta(minutes=15)
    tapes.append(OPTION_TRADES, option_trades({}))
    tapes.append(EQUITY_QUOTES, quotes({"bid_e4": 1}, {"bid_e4": 2, "known_at": NOON + later}))
    calls = []

    def views(as_of: datetime) -> tuple[TapeView, TapeView]:
        return tuple(tapes.view(tape, as_of, NOON - MONTH) for tape in (OPTION_TRADES, EQUITY_QUOTES))

    def reduced(as_of: datetime) -> int:
        prints, beside = views(as_of)

        def count(_: object) -> pa.Table:
            calls.append(as_of)
            return pa.table({"quotes": [sum(batch.num_rows for batch in beside.batches(DAY))]})

        return prints.reduced(DAY, "count-1", count, beside=[beside])["quotes"][0].as_py()

    # all prints are known at noon, but not all quotes: nothing may be kept, and nothing kept be used
    assert [reduced(NOON), reduced(NOON + later), reduced(NOON + later), reduced(NOON)] == [1, 2, 2, 1]
    assert calls == [NOON, NOON + later, NOON]
    tapes.append(EQUITY_QUOTES, quotes({"bid_e4": 3}))
    assert reduced(NOON + later) == 3


def test_what_is_kept_appears_whole_or_not_at_all(tapes: TapeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    tapes.append(OPTION_TRADES, option_trades({}))
    before = set(tapes.root.rglob("*"))
    view = tapes.view(OPTION_TRADES, NOON, NOON - MONTH)

    def count(batches) -> pa.Table:
        return pa.table({"rows": [sum(batch.num_rows for batch in batches())]})

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("storage.tape_view.pa.ipc.RecordBatchFileWriter.write_table", fail)
        with pytest.raises(OSError, match="No space"):
            view.reduced(DAY, "count-1", count, ["size"])
    assert set(tapes.root.rglob("*")) == before
    assert view.reduced(DAY, "count-1", count, ["size"])["rows"].to_pylist() == [1]
    assert len(set(tapes.root.rglob("*.arrow"))) == 1


def test_nothing_is_stored_of_an_empty_body(tapes: TapeStore) -> None:
    assert tapes.append(EQUITY_TRADES, EQUITY_TRADES.schema.remove(10).empty_table()) == 0


def test_a_part_appears_whole_or_not_at_all(tapes: TapeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storage.tape.pq.write_table", fail)
    with pytest.raises(OSError, match="No space"):
        tapes.append(OPTION_TRADES, option_trades({}))
    assert not [path for path in tapes.root.rglob("*") if path.is_file()]

"""The tape keeps every print once, and shows none before it could be known."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest

from storage.tape import EQUITY_TRADES, OPTION_TRADES, TapeStore

NOON = datetime(2024, 3, 4, 17, 0, tzinfo=UTC)  # 12:00 in New York


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


def test_two_equal_prints_are_two_prints_and_reading_them_again_adds_none(tapes: TapeStore) -> None:
    body = option_trades({}, {}, {"size": 11})
    assert tapes.append(OPTION_TRADES, body) == 3
    assert tapes.append(OPTION_TRADES, body) == 0
    assert tapes.append(OPTION_TRADES, option_trades({}, {"size": 12})) == 1
    assert sorted(row["size"] for row in rows(tapes, NOON)) == [10, 10, 11, 12]


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
    tapes.append(OPTION_TRADES, option_trades({"size": 5}))
    assert reduced(20) == 3


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


def test_nothing_is_stored_of_an_empty_body(tapes: TapeStore) -> None:
    assert tapes.append(EQUITY_TRADES, EQUITY_TRADES.schema.remove(10).empty_table()) == 0


def test_a_part_appears_whole_or_not_at_all(tapes: TapeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("storage.tape.pq.write_table", fail)
    with pytest.raises(OSError, match="No space"):
        tapes.append(OPTION_TRADES, option_trades({}))
    assert not [path for path in tapes.root.rglob("*") if path.is_file()]

"""The track record is arithmetic on stored alerts and bars, and knows nothing of the future."""

from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from bot.alerts.record import Record, measure, sentence
from storage import calendar
from storage.database import reading, writing
from storage.tables import Bar, FlipRow, SignalRow

DAYS = calendar.sessions(date(2024, 3, 4), date(2024, 3, 28))


def tell(session, subject: str, day: date, strength: float) -> None:
    as_of = calendar.settled(day)
    signal = SignalRow(
        indicator="options_flow", subject=subject, as_of=as_of, computed_at=as_of, state="bullish",
        strength=strength, quality="B", n=30, source="test", facts={},
    )  # fmt: skip
    session.add(signal)
    session.flush()
    session.add(
        FlipRow(
            signal_id=signal.id, indicator="options_flow", subject=subject, as_of=as_of, after="bullish",
            loud=True, created_at=as_of,
        )
    )  # fmt: skip


def price(session, symbol: str, closes: list[int]) -> None:
    for day, close in zip(DAYS, closes, strict=False):
        at = calendar.close(day)
        session.add(
            Bar(
                event_at=at, known_at=at, source="test", symbol=symbol, session=day, open_e4=close,
                high_e4=close, low_e4=close, close_e4=close, volume=1,
            )
        )  # fmt: skip


def record(engine: Engine, at: datetime) -> Record:
    with reading(engine) as session:
        return measure(session, "options_flow", "bullish", at)


def test_an_alert_is_measured_from_the_next_open_to_the_fifth_close(engine: Engine) -> None:
    with writing(engine) as session:
        # sessions 1 to 5 after the alert run from 100 to 110: +10 %; session 0 does not count
        price(session, "ACME", [50, 100, 1, 1, 1, 110, 1])
        price(session, "ZETA", [50, 100, 1, 1, 1, 80, 1])
        tell(session, "ACME", DAYS[0], 0.4)
        tell(session, "ZETA", DAYS[0], -0.4)  # a bearish alert is right when the price falls
        tell(session, "GONE", DAYS[0], 0.4)  # no bars: not measured
    fifth = calendar.close(DAYS[5])
    found = record(engine, fifth)
    assert (found.n, found.right, round(found.median, 12)) == (2, 2, 0.15)  # the middle of 10 % and 20 %
    assert record(engine, fifth - timedelta(seconds=1)) == Record(0, 0, None)


def test_few_alerts_say_nothing() -> None:
    assert sentence(Record(9, 9, 0.5))[1] == {"n": 9}
    assert sentence(Record(10, 7, 0.021))[1] == {"n": 10, "right": 7, "median": 0.021}

"""What was computed is what is shown: signals and charts survive their rows."""

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from bot.commentary.stored import chart_from_json, chart_to_json, from_row
from indicators import Chart, Panel, Series
from storage.tables import SignalRow


def test_a_signal_and_its_chart_come_back_from_the_database_as_they_went_in(engine, signal, chart):
    row = SignalRow(
        indicator=signal.indicator, subject=signal.subject, as_of=signal.as_of,
        computed_at=datetime(2025, 3, 14, 21, tzinfo=UTC), state=signal.state, strength=signal.strength,
        quality=signal.quality, n=signal.n, source=signal.source, facts=dict(signal.facts),
        chart=chart_to_json(chart),
    )  # fmt: skip
    with Session(engine) as session:
        session.add(row)
        session.commit()
    with Session(engine) as session:
        stored = session.exec(select(SignalRow)).one()
        assert from_row(stored) == signal
        assert chart_to_json(chart_from_json(stored.chart)) == chart_to_json(chart)
        assert chart_from_json(stored.chart).panels[0].series[0].values == [170.5, None, 172.25]


def test_a_value_json_cannot_hold_is_stored_as_unknown():
    np = pytest.importorskip("numpy")
    values = np.array([1.5, np.nan, np.inf])
    stored = chart_to_json(Chart("t", ["a", "b", "c"], [Panel("p", "USD", [Series("s", "bars", values)])]))
    assert stored["panels"][0]["series"][0]["values"] == [1.5, None, None]

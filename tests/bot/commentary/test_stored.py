"""What was computed is what is shown: signals and charts survive their rows."""

import json
import math
from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from bot.commentary.stored import chart_from_json, chart_to_json, from_row
from indicators import Chart, Panel, Ring, Row, Series
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


RINGS = Panel("p", "USD", [], [Ring("Net", [("Bullish", 2.5), ("Bearish", 1.0), ("Rest", 0.0)])], [])
BOARD = Panel(
    "q", "×", [], [], [Row("MRK", 1510.0, 0.5, "1 order"), Row("GILD", 3.0, neither=True)], ("A", "B")
)


def test_rings_rows_and_sides_come_back_as_they_went_in():
    chart = Chart("t", [], [RINGS, BOARD], {"subject": "MRK"})
    assert chart_from_json(json.loads(json.dumps(chart_to_json(chart)))) == chart


def test_a_part_or_a_bar_that_is_not_known_stays_unknown():
    chart = Chart("t", [], [
        Panel("p", "USD", rings=[Ring("r", [("a", math.nan), ("b", 1.0)])]),
        Panel("q", "USD", rows=[Row("MRK", math.inf, 2.0)]),
    ])  # fmt: skip
    stored = json.loads(json.dumps(chart_to_json(chart), allow_nan=False))
    assert stored["panels"][0]["rings"][0]["parts"] == [["a", None], ["b", 1.0]]
    again = chart_from_json(stored)
    assert math.isnan(again.panels[0].rings[0].parts[0][1])
    assert math.isnan(again.panels[1].rows[0].right)
    assert chart_to_json(again) == stored


def test_a_chart_stored_before_there_were_rings_and_rows_is_still_read():
    stored = {
        "title": "t", "days": ["2025-03-14"], "words": {},
        "panels": [{
            "title": "p", "unit": "USD",
            "series": [{"label": "s", "kind": "line", "values": [1.0], "upper": []}],
        }],
    }  # fmt: skip
    (panel,) = chart_from_json(stored).panels
    assert panel == Panel("p", "USD", [Series("s", "line", [1.0], [])], [], [])

"""One indicator and one signal of it, as they come from the engine."""

from datetime import UTC, datetime, timedelta

import pytest

from indicators import Chart, Indicator, Panel, Series, Signal, State

DAYS = ["2025-03-12", "2025-03-13", "2025-03-14"]


@pytest.fixture(scope="session")
def indicator() -> Indicator:
    return Indicator(
        name="options_flow",
        title="Directional premium",
        inputs=(),
        lookback=timedelta(days=90),
        compute=lambda frames, subjects: iter(()),
        chart=lambda frames, signal: Chart("", [], []),
        states={
            "balanced": State("{subject}: large orders are balanced", loud=False),
            "bullish": State("{subject}: large orders lean bullish", loud=True),
        },
        rest="balanced",
        sentences=[
            "Bullish {bull_usd:usd}, bearish {bear_usd:usd}: {ratio:x}",
            "{unclassified:pct} of the premium could not be classified",
            "Calls over puts {call_put_ratio:x}",
        ],
        method="Premium at the ask counts as bought, at the bid as sold.",
        source="Savickas and Wilson, 2003",
    )


@pytest.fixture(scope="session")
def signal() -> Signal:
    facts = {
        "bull_usd": 61_200_000.0,
        "bear_usd": 25_000_000.0,
        "ratio": 2.448,
        "unclassified": 0.29,
        "call_put_ratio": None,
        "leaders": ["AT&T <Inc>", "GOOG"],
    }
    as_of = datetime(2025, 3, 14, 20, 45, tzinfo=UTC)
    return Signal("options_flow", "GOOG", as_of, "bullish", 0.62, "B", 312, "option_trades", facts)


@pytest.fixture(scope="session")
def chart() -> Chart:
    return Chart(
        "{subject}: bullish premium {net:usd} above bearish",
        DAYS,
        [
            Panel(
                "Price",
                "USD a share",
                [
                    Series("Close", "line", [170.5, None, 172.25]),
                    Series("Insider buys", "up", [None, None, 168]),
                ],
            ),
            Panel(
                "Net premium",
                "USD",
                [
                    Series("Usual range", "band", [-9e6] * 3, [9e6] * 3),
                    Series("Bullish − bearish", "bars", [4e6, -2e6, 36.2e6]),
                ],
            ),
        ],
        {"subject": "GOOG", "net": "36200000"},
    )

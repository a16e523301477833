"""What is said of index and earnings at the newest estimate: every figure from the same points."""

from datetime import date
from typing import Any

import numpy as np

from indicators._eps_points import FUND, INDEX, Points, history_start
from indicators._eps_trend import multiple_share, regime, slope, trend, window, years
from indicators._stats import madz, middle, pct_rank

#: sessions of the windows; states are of the middle one, the label "stretched" of the longest
WINDOWS = (63, 126, 252)
STATE_WINDOW, LONG_WINDOW = 126, 252
#: years the P/E is compared with, and assumption: the fewest that are a history
HISTORY_YEARS, LEAST_YEARS = 10, 5
#: assumption: the P/E is high from this share of its history on
STRETCHED = 0.90


def level_facts(points: Points) -> dict[str, Any]:
    """Index, earnings and P/E of the newest estimate, each with its day; no P/E of a loss."""
    close = float(points.price[-1]) if points.price_source == INDEX else None
    eps = _or_none(points.eps[-1])
    pe = _or_none(np.exp(points.ln_pe[-1])) if points.price_source != FUND else None
    if pe is not None and close is not None and eps is not None:
        pe = close / eps
    earned = 1 / pe if pe is not None else None
    return {
        "index_close": close,
        "close_as_of": None if points.price_source is None else points.sessions[-1].isoformat(),
        "forward_eps": eps,
        "eps_as_of": points.vintages[-1].isoformat(),
        "eps_known_at": points.known_at.isoformat(),
        "pe": pe,
        "eps_alone": eps if pe is None else None,
        "earnings_yield": earned if close is None or eps is None else eps / close,
        "vendor": points.line.vendor,
        "basis": points.line.basis,
        "method": points.line.method,
        "price_source": points.price_source,
        "fund": FUND if points.price_source == FUND else None,
        "companies": points.companies,
        "spliced": bool(points.line.splices),
        "splices": [*points.line.splices],
        "spliced_until": points.line.splices[0]["until"] if points.line.splices else None,
        "spliced_from": points.line.splices[0]["vendor"] if points.line.splices else None,
    }


def window_facts(points: Points) -> dict[str, Any]:
    """Changes, slopes and the P/E's share over the window of states; all windows' slopes; the long trend."""
    slopes = [_slopes(points, sessions) for sessions in WINDOWS]
    told = slopes[WINDOWS.index(STATE_WINDOW)]
    places = _window(points, STATE_WINDOW)
    facts: dict[str, Any] = {
        "window_sessions": STATE_WINDOW,
        "window_from": None if places is None else points.vintages[places[0]].isoformat(),
        "slope_price": told["slope_price"],
        "slope_eps": told["slope_eps"],
        "gap": told["gap"],
    }
    names = ("d_ln_price", "d_ln_eps", "d_ln_pe")
    logs = (points.ln_price, points.ln_eps, points.ln_pe)
    if places is None:
        changes = dict.fromkeys((*names, "price_change", "eps_change", "pe_change", "multiple_share"))
    else:
        moves = [float(log[-1] - log[places[0]]) for log in logs]
        changes = dict(zip(names, moves, strict=True)) | {
            "price_change": float(np.expm1(moves[0])),
            "eps_change": float(np.expm1(moves[1])),
            "pe_change": float(np.expm1(moves[2])),
            "multiple_share": multiple_share(moves[0], moves[2]),
        }
    return facts | changes | {"windows": slopes} | _trend(points)


def _window(points: Points, sessions: int) -> Any:
    return window(points.t, np.isfinite(points.ln_price) & np.isfinite(points.ln_eps), sessions)


def _slopes(points: Points, sessions: int) -> dict[str, Any]:
    places = _window(points, sessions)
    found: dict[str, Any] = {"sessions": sessions, "points": 0 if places is None else len(places)}
    for name, log in (
        ("slope_price", points.ln_price), ("slope_eps", points.ln_eps), ("gap", points.ln_pe),
    ):  # fmt: skip
        found[name] = None if places is None else _or_none(slope(points.t[places], log[places]))
    return found


def _trend(points: Points) -> dict[str, Any]:
    """The P/E's trend over the long window with its 95 % interval; named clear where that is without 0."""
    facts: dict[str, Any] = dict.fromkeys(
        ("trend", "trend_low", "trend_high", "trend_clear", "trend_unclear")
    )
    places = _window(points, LONG_WINDOW)
    found = None if places is None else trend(points.t[places], points.ln_pe[places])
    facts["trend_sessions"] = LONG_WINDOW
    if places is None or found is None:
        return facts
    value = slope(points.t[places], points.ln_pe[places])
    clear = found[0] > 0 or found[1] < 0
    facts |= {"trend": value, "trend_low": found[0], "trend_high": found[1]}
    return facts | {"trend_clear" if clear else "trend_unclear": float(np.expm1(value))}


def deviation_facts(points: Points) -> dict[str, Any]:
    """ln P/E less its median of ten years before, robust z and percentile; None with too short a past."""
    newest = points.vintages[-1]
    begin = history_start(newest, HISTORY_YEARS)
    past = [
        place
        for place, day in enumerate(points.vintages[:-1])
        if day >= begin and np.isfinite(points.ln_pe[place])
    ]
    span = (newest - points.vintages[past[0]]).days / 365.25 if past else 0.0
    facts: dict[str, Any] = dict.fromkeys(
        (
            "deviation",
            "deviation_percentile",
            "z",
            "median_pe",
            "above_median",
            "below_median",
            "history_short",
        )
    )
    facts |= {
        "history_years": round(span, 1),
        "history_from": points.vintages[past[0]].isoformat() if past else None,
        "history_points": len(past),
        "history_needed": LEAST_YEARS,
    }
    history, now = points.ln_pe[past], points.ln_pe[-1]
    centre = float(middle(history)[0])
    # a day or two short of the anniversary is as good as it
    if round(span, 1) < LEAST_YEARS or np.isnan(centre):
        return facts | {"history_short": round(span, 1)}
    if np.isnan(now):
        return facts
    away = float(now - centre)
    facts |= {
        "deviation": away,
        "deviation_percentile": float(pct_rank(now, history)),
        "z": _or_none(float(madz(now, history).z)),
        "median_pe": float(np.exp(centre)) if points.price_source != FUND else None,
    }
    return facts | {"above_median" if away >= 0 else "below_median": abs(float(np.expm1(away)))}


def year_facts(points: Points, today: date) -> dict[str, Any]:
    """The table of years, and the newest of them apart."""
    table = years(points.vintages, points.price, points.eps, today)
    newest = table[-1] if table else {}
    return {
        "years": table,
        "year": str(newest["year"]) if newest else None,
        "year_index": newest.get("index"),
        "year_eps": newest.get("eps"),
    }


def state_of(facts: dict[str, Any]) -> tuple[str, str]:
    """The state, and the regime it rests on: stretched is told before what led."""
    if facts["d_ln_price"] is None or facts["gap"] is None:
        return "unclear", "unclear"
    led = regime(facts["d_ln_price"], facts["d_ln_eps"], facts["gap"])
    percentile, low = facts["deviation_percentile"], facts["trend_low"]
    high = percentile is not None and percentile >= STRETCHED
    return ("stretched" if high and low is not None and low > 0 else led), led


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

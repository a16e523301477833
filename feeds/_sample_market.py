"""The sample market: fictional companies whose every session is a pure function of the seed and its date.

Each ticker has a loud event every six sessions — a bullish surge in option premium or a bearish one, every
fifth time a cluster of insider purchases — and quiet sessions between, so that states flip. Prices know
nothing of the events: nothing here can look like a forecast that works.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from storage import calendar

SEED = 20240102
#: the first session there is, and how many of history a new start gets
FIRST_SESSION, HISTORY_SESSIONS = date(2024, 1, 2), 300
#: sessions between two events of one ticker
EVERY = 6
#: its events in turn; clusters are more than a month apart, so that one is over before the next
EVENTS = ("bullish", "bearish", "bullish", "bearish", "insiders")
#: a ticker's surge is this much larger than its last, so that it is the largest of its history
GROWTH = 1.006
#: USD of option premium on a quiet session, and of a ticker's first surge
QUIET_USD, SURGE_USD = 2e6, 26e6

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, Sequence[Any] | npt.NDArray[Any]]


@dataclass(frozen=True)
class Company:
    """A company that does not exist."""

    name: str
    sector: str


COMPANIES = {
    "ORBEL": Company("Orbel Semiconductors", "Technology"),
    "NOVLO": Company("Novlo Software", "Technology"),
    "CODRA": Company("Codra Systems", "Technology"),
    "PIXEM": Company("Pixem Imaging", "Technology"),
    "SYNAU": Company("Synau Networks", "Technology"),
    "GENVA": Company("Genva Therapeutics", "Health Care"),
    "MEDLO": Company("Medlo Devices", "Health Care"),
    "PULSA": Company("Pulsa Diagnostics", "Health Care"),
    "HEALO": Company("Healo Clinics", "Health Care"),
    "CELVA": Company("Celva Biologics", "Health Care"),
    "ZONNE": Company("Zonne Solar", "Energy"),
    "WATTA": Company("Watta Grid", "Energy"),
    "DRILA": Company("Drila Services", "Energy"),
    "PYRON": Company("Pyron Gas", "Energy"),
    "TYDAL": Company("Tydal Wave Power", "Energy"),
}
TICKERS = tuple(COMPANIES)
INDEX = "^SMPL"
OFFICERS = ("Ada Vane, CEO", "Boris Quill, CFO", "Cleo Marsh, Director", "Dan Oakes, COO")


@cache
def _places() -> dict[date, int]:
    days = calendar.sessions(FIRST_SESSION, date(2034, 12, 31))
    return {day: place for place, day in enumerate(days)}


def place_of(session: date) -> int:
    """How many sessions of the sample market lie before `session`. Raises KeyError where it is none."""
    return _places()[session]


def event(ticker: str, place: int) -> str | None:
    """The planted event of `ticker` on the session at `place`: bullish, bearish, insiders or None."""
    i = TICKERS.index(ticker)
    turn, phase = divmod(place + i, EVERY)
    return EVENTS[(turn + i) % len(EVENTS)] if phase == EVERY - 1 else None


@cache
def _closes() -> Floats:
    """Closes of all sessions, sessions × (tickers and, last, the index): they revert slowly to a mean."""
    days, width = len(_places()), len(TICKERS)
    draws = np.random.default_rng(SEED).standard_normal((days, width + 1))
    sectors = list(dict.fromkeys(company.sector for company in COMPANIES.values()))
    wave = np.array([sectors.index(COMPANIES[ticker].sector) for ticker in TICKERS]) / len(sectors)
    turns = np.arange(days)[:, None] / 60  # a sector leads for some weeks, then another
    moves = 0.012 * draws[:, :-1] + 0.008 * draws[:, -1:] + 0.004 * np.sin(2 * np.pi * (turns + wave))
    level = np.zeros(width)
    levels = np.empty((days, width))
    for place in range(days):
        level = levels[place] = 0.997 * level + moves[place]
    prices = np.linspace(45, 180, width) * np.exp(levels)
    return np.column_stack([prices, 1000 * np.exp(levels.mean(axis=1))])


def bars(session: date) -> list[dict[str, Any]]:
    """The session's bars of all tickers and the index, prices in e4 USD to the cent."""
    place = place_of(session)
    rows = []
    for i, symbol in enumerate((*TICKERS, INDEX)):
        opened, closed = span(i, place)
        up, down, volume = np.abs(_dice(place, i, "bar").standard_normal(3))
        high, low = max(opened, closed) * (1 + 0.004 * up), min(opened, closed) * (1 - 0.004 * down)
        loud = i < len(TICKERS) and event(symbol, place) in ("bullish", "bearish")
        prices = {"open": opened, "high": high, "low": low, "close": closed}
        rows.append(
            {f"{name}_e4": int(cents(np.array(value))) for name, value in prices.items()}
            | {"symbol": symbol, "session": session, "volume": int(2e6 * (1 + volume) * (1 + loud))}
        )
    return rows


def option_prints(ticker: str, session: date) -> Columns:
    """The session's option prints of `ticker`, oldest first, in the columns of the tape."""
    place, i = place_of(session), TICKERS.index(ticker)
    dice = _dice(place, i, "options")
    opinion, dollars = _orders(dice, event(ticker, place), place)
    n = len(opinion)
    share = np.sort(dice.uniform(0, 1, n))
    order = dice.permutation(n)
    opinion, dollars = opinion[order], dollars[order]
    opened, closed = span(i, place)
    spot = opened + (closed - opened) * share
    # a bull buys calls or writes puts, a bear the other way round
    is_call = np.where(dice.random(n) < 0.7, opinion >= 0, opinion < 0)
    buys = np.where(is_call, opinion, -opinion)
    weeks = dice.integers(1, 6, n)
    strike = np.round(spot * (1 + np.where(is_call, 1, -1) * dice.uniform(-0.01, 0.06, n)))
    fair = _fair(spot, strike, is_call, weeks)
    bid, ask = cents(fair * 0.985), cents(fair * 1.015) + 100
    price = np.where(buys > 0, ask, np.where(buys < 0, bid, (bid + ask) // 2))
    size = np.maximum(1, np.rint(dollars / (price / 100))).astype(np.int64)
    big = dollars >= 1e6
    expiries = np.array([_expiry(session, week) for week in range(6)], "datetime64[D]")
    return {
        "event_at": _moments(session, share),
        "underlying": [ticker] * n,
        "expiry": expiries[weeks],
        "strike_e4": (strike * 10_000).astype(np.int64),
        "is_call": is_call,
        "price_e4": price,
        "size": size,
        "multiplier": np.full(n, 100),
        "bid_e4": bid,
        "ask_e4": ask,
        "condition": np.where(big, "S", dice.choice(["I", "S", "a", "f"], n, p=[0.76, 0.12, 0.09, 0.03])),
        "exchange": dice.choice(["C", "I", "X", "P"], n),
        "underlying_price_e4": cents(spot),
        "open_interest": np.where(big, size // 3, dice.integers(200, 9000, n)),
    }


def _orders(dice: np.random.Generator, kind: str | None, place: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Each order's opinion (+1 bull, −1 bear, 0 at mid) and its premium in USD.

    On a quiet session bulls and bears come in pairs of equal premium; in a surge 80 % are of one opinion.
    """
    if kind in ("bullish", "bearish"):
        opinion = np.repeat([1, -1, 0], [84, 21, 15]) * (1 if kind == "bullish" else -1)
        parts = np.concatenate([_parts(dice, 84) * 0.82, _parts(dice, 21) * 0.10, _parts(dice, 15) * 0.08])
        return opinion, parts * SURGE_USD * GROWTH ** (place / EVERY)
    pairs = _parts(dice, 22) * 0.39
    opinion = np.repeat([1, -1, 0], [22, 22, 14])
    parts = np.concatenate([pairs, pairs, _parts(dice, 14) * 0.22])
    return opinion, parts * QUIET_USD * float(np.exp(0.12 * dice.standard_normal()))


def equity_prints(ticker: str, session: date) -> Columns:
    """The session's larger stock prints of `ticker`, half of them off-exchange.

    For some weeks sellers dominate off the exchange, later buyers; otherwise they balance.
    """
    place, i = place_of(session), TICKERS.index(ticker)
    dice = _dice(place, i, "stock")
    n = 24
    share = np.sort(dice.uniform(0, 1, n))
    opened, closed = span(i, place)
    season = (place + 7 * i) % 40
    lean = -0.9 if season < 6 else 0.9 if 20 <= season < 26 else 0.0
    dark = np.arange(n) % 2 == 0
    buys = np.where(dice.random(n) < np.where(dark, 0.5 + lean / 2, 0.5), 1, -1)
    if not lean:
        buys = np.where(np.arange(n) % 4 < 2, 1, -1)
    bid = cents(opened + (closed - opened) * share)
    ask = bid + 200
    return {
        "event_at": _moments(session, share),
        "symbol": [ticker] * n,
        "price_e4": np.where(buys > 0, ask, bid),
        "size": dice.integers(40, 180, n) * 100 * np.where(dark & (lean != 0), 2, 1),
        "bid_e4": bid,
        "ask_e4": ask,
        "venue": np.where(dark, "D", "N"),
    }


def estimates(session: date) -> list[dict[str, Any]]:
    """Forward earnings of the index, said after the last session of each week: they grow and waver."""
    if calendar.shift(session, 1).isocalendar().week == session.isocalendar().week:
        return []
    years = (session - FIRST_SESSION).days / 365
    eps = 52 * np.exp(0.08 * years + 0.03 * np.sin(2 * np.pi * years / 1.3))
    row = {"index": "SPX", "vendor": "sample", "basis": "operating", "kind": "ntm", "period": "NTM"}
    close = span(len(TICKERS), place_of(session))[1]
    numbers = {"eps_e4": int(cents(np.array(eps))), "close_e4": int(cents(np.array(close)))}
    return [row | numbers | {"vintage": session, "estimated": True}]


def insider_lines(ticker: str, session: date) -> list[dict[str, Any]]:
    """Form 4 lines of `ticker` accepted on the evening of `session`, about the session before."""
    place, i = place_of(session), TICKERS.index(ticker)
    if event(ticker, place) == "insiders":
        return [_line(ticker, session, owner, "P", 150_000) for owner in range(3)]
    if (place + 3 * i) % 11 == 0:
        return [_line(ticker, session, place % len(OFFICERS), "S", 400_000)]
    return []


def _line(ticker: str, session: date, owner: int, code: str, dollars: float) -> dict[str, Any]:
    place, i = place_of(session), TICKERS.index(ticker)
    price = int(cents(np.array(span(i, max(place - 1, 0))[1])))
    shares = round(dollars / (price / 10_000) * (1 + owner / 10))
    name, title = OFFICERS[owner].split(", ")
    return {
        "event_at": calendar.new_york(calendar.shift(session, -1), time()),
        "known_at": calendar.new_york(session, time(18, 5 + owner)),
        "filing": hashlib.sha256(f"sample {ticker} {session} {owner}".encode()).hexdigest(),
        "line": 0,
        "form": "4",
        "symbol": ticker,
        "issuer_cik": f"99{i:08d}",
        "issuer_name": COMPANIES[ticker].name,
        "owner_ciks": f"98{i:04d}{owner:04d}",
        "owner_names": name,
        "role": "director" if title == "Director" else "officer",
        "derivative": False,
        "security": "Common Stock",
        "code": code,
        "acquired": "A" if code == "P" else "D",
        "shares": str(shares),
        "price": f"{price / 10_000:.2f}",
        "price_quality": "A",
        "usd_e4": shares * price,
        "ownership": "D",
        "plan": code == "S" and place % 2 == 0,
        "swap": False,
        "late": False,
        "nonmarket": False,
        "known_quality": "A",
    }


def _dice(place: int, i: int, purpose: str) -> np.random.Generator:
    """The same numbers for the same session, ticker and purpose, whenever they are asked for."""
    return np.random.default_rng([SEED, place, i, *purpose.encode()])


def _parts(dice: np.random.Generator, n: int) -> Floats:
    """`n` positive parts of one, some much larger than others."""
    weights = dice.lognormal(0, 0.8, n)
    parts: Floats = weights / weights.sum()
    return parts


def span(i: int, place: int) -> tuple[float, float]:
    """Where ticker number `i` opens and closes on the session at `place`: it opens where it closed."""
    closes = _closes()[:, i]
    return float(closes[max(place - 1, 0)]), float(closes[place])


def _fair(
    spot: Floats, strike: Floats, is_call: npt.NDArray[np.bool_], weeks: npt.NDArray[np.int64]
) -> Floats:
    """A plausible option price: a smooth step from nothing to the intrinsic value, wider with time."""
    width = 0.17 * spot * np.sqrt(weeks / 52)
    value: Floats = width * np.log1p(np.exp(np.where(is_call, spot - strike, strike - spot) / width))
    return np.maximum(value, 0.1)


def _expiry(session: date, weeks: int) -> date:
    """The last session of the week `weeks` weeks on."""
    friday = session + timedelta(days=4 - session.weekday() + 7 * weeks)
    return calendar.last_session(calendar.new_york(friday, time(12)))


def _moments(session: date, share: Floats) -> npt.NDArray[np.datetime64]:
    """UTC moments at `share` of the way from the opening to the close."""
    opens = np.datetime64(calendar.opening(session).replace(tzinfo=None), "us")
    length = (calendar.close(session) - calendar.opening(session)).total_seconds()
    return opens + (share * length * 1e6).astype("timedelta64[us]")


def cents(dollars: Floats) -> npt.NDArray[np.int64]:
    """USD as e4, to the cent."""
    return np.rint(dollars * 100).astype(np.int64) * 100

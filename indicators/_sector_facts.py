"""What is told of a theme on its newest session: its measures, its names, and its calendar years."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from indicators._sector_lead import Leads, Rate
from indicators._sector_members import Group
from indicators._sector_prices import Flags, Prices, number, year_returns
from indicators._sector_strength import ENOUGH, LIQUID_USD, Ranking, Theme
from indicators._stats import Floats

#: names shown, and what they are chosen by: contribution, beta to the other members, liquidity
LEADERS = 3
SHARES = (0.5, 0.25, 0.25)
#: sessions of a member's beta to the others, and how many of them must be known: the second an assumption
BETA_SESSIONS, LEAST_BETA = 252, 60
#: a theme is driven by one stock from this share of its weighted excess on
ONE_STOCK = 0.6
#: what sentences may name of a theme; a market has none of it
NAMES = (
    "rank", "of", "strength", "excess_return", "median_excess", "least_excess", "dispersion", "breadth",
    "flow", "volume_multiple", "streak", "lead_day", "led_20", "persistence", "persistence_n", "base_rate",
    "base_n", "members", "small_sample", "few_names", "top1", "top1_share", "one_stock", "one_stock_share",
    "undated", "hindsight", "beta_assumed", "leaders",
    *(f"leader_{place}{what}" for place in (1, 2, 3) for what in ("", "_return", "_volume")),
)  # fmt: skip


def theme_facts(
    prices: Prices, ranking: Ranking, leads: Leads, place: int, rate: Rate, base: Rate
) -> dict[str, Any]:
    """The newest session's facts of the theme at `place`; returns and shares as fractions."""
    theme, ranked = ranking.themes[place], bool(np.isfinite(ranking.rank[-1, place]))
    here = theme.counted[-1]
    excess = prices.excess[-1, theme.columns]
    streak, liquid = int(leads.streak[-1, place]), int(theme.liquid[-1])
    share, top = top_share(theme, excess)
    one_stock = share is not None and share > ONE_STOCK
    leaders = leaders_of(prices, theme)
    undated = int((here & _undated(theme, prices)).sum())
    facts: dict[str, Any] = dict.fromkeys(NAMES) | {
        "rank": int(ranking.rank[-1, place]) if ranked else None,
        "of": int(ranking.of[-1]),
        "strength": number(ranking.strength[-1, place], 4),
        "excess_return": number(theme.weighted[-1]),
        "median_excess": number(theme.median[-1]),
        "least_excess": number(theme.least[-1]),
        "dispersion": number(np.std(excess[here]) if here.sum() > 1 else np.nan),
        "breadth": number(theme.breadth[-1], 4),
        "flow": number(theme.flow[-1], 4),
        "volume_multiple": number(np.exp(theme.flow[-1]), 4),
        "streak": streak,
        "lead_day": streak or None,
        "led_20": int(leads.leads[-20:, place].sum()),
        "persistence": None if rate.share is None else round(rate.share, 4),
        "persistence_n": rate.n,
        "base_rate": None if base.share is None else round(base.share, 4),
        "base_n": base.n,
        "members": int(theme.members[-1]),
        "small_sample": liquid < ENOUGH,
        "few_names": liquid if liquid < ENOUGH else None,
        "top1": None if top is None else _symbols(prices, theme)[top],
        "top1_share": share,
        "one_stock": one_stock,
        "one_stock_share": share if one_stock else None,
        "undated": undated,
        "hindsight": undated or None,
        "beta_assumed": int((here & ~prices.beta_known[-1, theme.columns]).sum()),
        "leaders": leaders,
    }
    for rank, leader in enumerate(leaders, 1):
        facts |= {f"leader_{rank}": leader["symbol"], f"leader_{rank}_return": leader["return"]}
        facts[f"leader_{rank}_volume"] = leader["volume_multiple"]
    return facts


def top_share(theme: Theme, excess: Floats) -> tuple[float | None, int | None]:
    """Share of the newest weighted excess that its largest contributor makes, 1 where all of it or more."""
    total = theme.weighted[-1]
    if not np.isfinite(total) or total == 0:
        return None, None
    parts = np.where(theme.counted[-1], theme.weights[-1] * np.nan_to_num(excess), 0.0) * np.sign(total)
    top = int(np.argmax(parts))
    return round(min(float(parts[top] / abs(total)), 1.0), 4), top


def leaders_of(prices: Prices, theme: Theme) -> list[dict[str, Any]]:
    """Up to three representative names of the newest session, liquid ones that traded on it.

    By rank of contribution (in the theme's own direction), of beta to the other members, and of liquidity.
    """
    usual, dollars = (each[-1, theme.columns] for each in (prices.usual, prices.dollars))
    fit = theme.counted[-1] & (np.nan_to_num(usual) >= LIQUID_USD) & (np.nan_to_num(dollars) > 0)
    if not fit.any():
        return []
    excess = prices.excess[-1, theme.columns]
    parts = theme.weights[-1] * np.nan_to_num(excess) * np.sign(np.nan_to_num(theme.weighted[-1]))
    measures = (parts, _betas(prices.excess[-BETA_SESSIONS:, theme.columns], theme.counted[-1]), usual)
    score = np.array(SHARES) @ np.stack([_share_below(measure, fit) for measure in measures])
    names = _symbols(prices, theme)
    best = sorted(np.flatnonzero(fit), key=lambda at: (-score[at], names[at]))[:LEADERS]
    return [
        {
            "symbol": names[at],
            "name": theme.titles[at],
            "return": number(prices.returns[-1, theme.columns[at]]),
            "excess": number(excess[at]),
            "volume_multiple": number(dollars[at] / usual[at], 4),
            "usual_usd": number(usual[at], 0),
            "session": prices.days[-1].isoformat(),
        }
        for at in best
    ]


def _betas(excess: Floats, members: Flags) -> Floats:
    """Each member's slope on the mean excess of the other members; NaN with too few common sessions."""
    known = np.isfinite(excess) & members
    filled = np.where(known, excess, 0.0)
    others = known.sum(axis=1, keepdims=True) - known
    factor = (filled.sum(axis=1, keepdims=True) - filled) / np.maximum(others, 1)
    both = known & (others > 0)
    n = both.sum(axis=0)
    x = np.where(both, factor - _mean(factor, both), 0.0)
    spread = (x * x).sum(axis=0)
    told = (n >= LEAST_BETA) & (spread > 0)
    return np.where(told, (x * filled).sum(axis=0) / np.where(told, spread, 1.0), np.nan)


def _mean(x: Floats, chosen: Flags) -> Floats:
    return np.asarray(np.where(chosen, x, 0.0).sum(axis=0) / np.maximum(chosen.sum(axis=0), 1), np.float64)


def _share_below(x: Floats, chosen: Flags) -> Floats:
    """Share of the chosen that are smaller, and half of the equal ones; 0 where not known."""
    known = x[chosen & np.isfinite(x)]
    if not len(known):
        return np.zeros(len(x))
    below = (known < x[:, None]).sum(axis=1) + (known == x[:, None]).sum(axis=1) / 2
    return np.where(np.isfinite(x), below / len(known), 0.0)


def year_facts(prices: Prices, group: Group) -> dict[str, dict[str, Any]]:
    """By calendar year, the newest to date: mean return of the names with both closes, and each of them.

    A name counts that is a member on the year's newest session; closes are the last of the year and of the
    year before, without dividends.
    """
    told = {}
    for year, (last, returns) in sorted(year_returns(prices.days, prices.close).items(), reverse=True):
        each = {
            symbol: round(float(returns[prices.places[symbol]]), 6)
            for symbol, inside in zip(group.symbols, group.inside[last], strict=True)
            if inside and symbol in prices.places and np.isfinite(returns[prices.places[symbol]])
        }
        mean = round(sum(each.values()) / len(each), 6) if each else None
        told[str(year)] = {
            "mean_return": mean, "names": len(each), "until": prices.days[last].isoformat(), "returns": each,
        }  # fmt: skip
    return told


def table_of(signals: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The ranking of all themes, the strongest first; those without a rank last."""
    told = ("rank", "strength", "excess_return", "median_excess", "breadth", "flow", "streak", "persistence",
            "persistence_n", "base_rate", "members", "small_sample", "one_stock")  # fmt: skip
    rows = [
        {"subject": name, "state": facts["state"], **{key: facts[key] for key in told}}
        for name, facts in signals.items()
    ]
    return sorted(rows, key=lambda row: (row["rank"] is None, row["rank"] or 0, row["subject"]))


def _symbols(prices: Prices, theme: Theme) -> list[str]:
    names = list(prices.places)
    return [names[column] for column in theme.columns]


def _undated(theme: Theme, prices: Prices) -> Flags:
    here = [symbol in prices.places for symbol in theme.group.symbols]
    return theme.group.undated[here]

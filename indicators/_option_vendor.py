"""Sessions of option premium as a vendor totals them, or as a chain of quotes lets one estimate them."""

from typing import Any

import pandas as pd

from indicators._option_facts import leg_facts, usd, volumes

_KEY = ["symbol", "session"]


def vendor_days(days: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """One row a symbol and session: a vendor's totals (rows of OptionDay), else the sum of an estimated
    chain (rows of OptionContract), marked `estimated` and split in no direction.
    """
    days = days.drop_duplicates(_KEY, keep="last").assign(estimated=False)
    chain = contracts[contracts["estimated"].astype(bool) & contracts["premium_e4"].notna()]
    if chain.empty:
        return days
    chain = chain.drop_duplicates(["contract", "session"], keep="last")
    legs = {"call": chain["is_call"].astype(bool), "put": ~chain["is_call"].astype(bool)}
    sums = pd.DataFrame(
        {
            f"{leg}_{name}": chain[column]
            .where(mine, 0)
            .astype("int64")
            .groupby([chain[key] for key in _KEY])
            .sum()
            for leg, mine in legs.items()
            for name, column in (("premium_e4", "premium_e4"), ("volume", "volume"))
        }
    ).reset_index()
    sources = chain.groupby(_KEY)["source"].first().to_numpy()
    sums = sums.assign(source=[f"{source}, volume × last price" for source in sources], estimated=True)
    whole = pd.concat([days, sums.reindex(columns=days.columns)], ignore_index=True)
    return whole.drop_duplicates(_KEY, keep="first")


def vendor_facts(row: Any, minutes: pd.DataFrame) -> dict[str, Any]:
    """What totals say: the vendor's own split; what it split neither way is unknown.

    `minutes` (rows of OptionMinute) are summed beside its own net premium: they must agree.
    """
    call, put = int(row.call_premium_e4), int(row.put_premium_e4)
    bull, bear = _count(row.bullish_premium_e4), _count(row.bearish_premium_e4)
    unknown = None if bull is None or bear is None else max(call + put - bull - bear, 0)
    own = minutes[
        (minutes["symbol"] == row.symbol)
        & (minutes["session"] == row.session)
        & (minutes["kind"] == "ticker")
    ]
    return {
        "session": row.session.isoformat(),
        "newest_at": None,
        "so_far": False,
        "estimated": bool(row.estimated),
        **dict.fromkeys(
            ("buy_call_usd", "sell_call_usd", "buy_put_usd", "sell_put_usd", "ratio_soft", "net_soft_usd",
             "trades", "orders", "top_order_usd", "top_order_share")
        ),
        "net_call_usd": usd(_count(row.net_call_premium_e4)),
        "net_put_usd": usd(_count(row.net_put_premium_e4)),
        "minutes": len(own),
        "minutes_net_call_usd": usd(own["net_call_premium_e4"].sum()) if len(own) else None,
        "minutes_net_put_usd": usd(own["net_put_premium_e4"].sum()) if len(own) else None,
        **volumes(_count(row.call_volume), _count(row.put_volume)),
        **leg_facts(call, put, bull, bear, unknown, None),
    }  # fmt: skip


def _count(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)

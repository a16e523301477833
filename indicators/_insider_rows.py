"""Which Form 4 lines count as an open-market trade of an insider, from when, and until when.

Every line gets a rule: empty where it counts, else why it does not. Nothing is dropped in silence.
"""

import numpy as np
import pandas as pd

from storage.calendar import NEW_YORK

#: how long a trade is news after its filing was accepted
WINDOW = pd.Timedelta(days=30)
#: related entities report one deal within this time of each other
JOINT = pd.Timedelta(days=5)
_SHARE = r"(?i)common|ordinary|\bclass [a-c]\b|\bAD[SR]s?\b|american deposit"
_NO_SHARE = r"(?i)preferred|warrant|option|\bnotes?\b|debenture"
_DEAL = ["symbol", "day", "code", "shares_n", "price_n"]


def judge(frame: pd.DataFrame) -> pd.DataFrame:
    """Add to InsiderTrade rows what the indicator needs; rows stay in order of `known_at`.

    rule: "" if the line counts, else other_code, derivative, swap, security, not_listed, repeat or
    joint_filer · day: trade date (datetime64, New York) · usd: dollars, NaN without a price ·
    ends: when it leaves the window or is replaced by an amendment (replaced_at) · discretionary: a
    decision of that day: not by plan, no private deal, no sale of shares just received from options,
    and not by a 10 % owner.
    """
    rows = frame.sort_values(["known_at", "id"], kind="stable").reset_index(drop=True)
    rows["rule"] = _line_rule(rows)
    options = rows[rows["code"] == "M"]
    trades = rows[(rows["rule"] == "")].copy()
    trades["day"] = _new_york_day(trades["event_at"])
    trades["filed"] = _new_york_day(trades["known_at"])
    trades["usd"] = pd.to_numeric(trades["usd_e4"]).astype(float) / 1e4
    for name in ("shares", "price", "held_after"):
        trades[f"{name}_n"] = trades[name].astype(float).fillna(-1.0)
    trades["buy"] = trades["code"] == "P"
    trades["rule"] = np.where(_repeats(trades), "repeat", np.where(_joint(trades), "joint_filer", ""))
    trades["ends"], trades["replaced_at"] = _validity(trades)
    trades["discretionary"] = _discretionary(trades, options)
    rows["ends"] = rows["known_at"] + WINDOW
    refused = rows[rows["rule"] != ""]
    judged = pd.concat([trades, refused]).sort_index()
    for name in ("buy", "discretionary"):
        judged[name] = judged[name].eq(True)
    return judged


def _line_rule(rows: pd.DataFrame) -> np.ndarray:
    """The rule that keeps a line out by itself, whatever the other lines say."""
    code, acquired = rows["code"], rows["acquired"]
    traded = ((code == "P") & (acquired == "A")) | ((code == "S") & (acquired == "D"))
    title = rows["security"].where(traded, "")
    # lines somebody else parsed have no title: they count
    share = (title == "") | (title.str.contains(_SHARE) & ~title.str.contains(_NO_SHARE))
    conditions = {
        "other_code": ~traded,
        "derivative": rows["derivative"].astype(bool),
        "swap": rows["swap"].astype(bool),
        "security": ~share,
        "not_listed": rows["symbol"] == "",
    }
    return np.select([np.asarray(c, bool) for c in conditions.values()], list(conditions), "")


def _new_york_day(moments: pd.Series) -> pd.Series:
    days: pd.Series = moments.dt.tz_convert(NEW_YORK).dt.normalize().dt.tz_localize(None)
    return days


def _repeats(trades: pd.DataFrame) -> pd.Series:
    """Lines an earlier filing already had. Equal lines within one filing are different lots."""
    key = [*_DEAL, "owner_ciks", "held_after_n"]
    nth = trades.groupby([*key, "filing"]).cumcount()
    amends = trades["form"].str.endswith("/A")
    again = trades.assign(nth=nth, amends=amends).duplicated([*key, "nth", "amends"])
    return again & ~amends


def _joint(trades: pd.DataFrame) -> pd.Series:
    """Lines of funds and trusts that report the deal another of them has reported."""
    entity = (trades["role"] == "ten_percent") | (trades["ownership"] == "I")
    these = trades[entity]
    nth = these.groupby([*_DEAL, "filing"]).cumcount()
    first = these.assign(nth=nth).groupby([*_DEAL, "nth"])[["known_at", "owner_ciks"]].transform("first")
    joint = (these["owner_ciks"] != first["owner_ciks"]) & (these["known_at"] - first["known_at"] <= JOINT)
    return joint.reindex(trades.index, fill_value=False)


def _validity(trades: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """When each line leaves the window, and when an amendment replaced it (NaT: never).

    An amendment replaces the lines of the same issuer, owners, trade date and code from its own
    acceptance on, and leaves the window when they would have: a correction is no news of its own.
    """
    key = ["symbol", "owner_ciks", "day", "code"]
    said = trades[[*key, "known_at", "filed", "form", "original_filed", "known_quality"]]
    said = said.assign(row=trades.index, original_filed=pd.to_datetime(trades["original_filed"]))
    pairs = said.merge(said[said["form"].str.endswith("/A")], on=key, suffixes=("", "_new"))
    pairs = pairs[pairs["known_at"] < pairs["known_at_new"]]
    named = pairs["original_filed_new"]
    # where the acceptance time is only assumed, the filing date is no evidence
    fits = named.isna() | (pairs["known_quality"] == "B") | (named == pairs["filed"])
    pairs = pairs[fits | (named == pairs["original_filed"])]
    replaced = pairs.groupby("row")["known_at_new"].min().reindex(trades.index)
    entered = pairs.groupby("row_new")["known_at"].min().reindex(trades.index)
    ends = entered.fillna(trades["known_at"]) + WINDOW
    return ends.where(replaced.isna() | (ends < replaced), replaced), replaced


def _discretionary(trades: pd.DataFrame, options: pd.DataFrame) -> pd.Series:
    """Whether the trade was a decision to buy or sell on the open market, as far as the filing says."""
    days = _new_york_day(options["event_at"])
    exercised = pd.MultiIndex.from_arrays([options["symbol"], options["owner_ciks"], days])
    here = pd.MultiIndex.from_frame(trades[["symbol", "owner_ciks", "day"]])
    exercise_and_sell = ~trades["buy"] & here.isin(exercised)
    planned = trades["plan"].eq(True) | trades["nonmarket"].astype(bool)
    return ~planned & ~exercise_and_sell & (trades["role"] != "ten_percent")

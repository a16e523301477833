"""Which Form 4 lines count as an open-market trade of an insider, from when, and until when.

Every line gets a rule: empty where it counts, else why it does not. Nothing is dropped in silence. Lines are
told apart by integer codes of what they say, so that a market of years is judged in a moment.
"""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from indicators._insider_class import classes
from storage.calendar import NEW_YORK
from storage.frames import Frames
from storage.shelf import keys_of
from storage.tables import InsiderTrade

#: how long a trade is news after its filing was accepted
WINDOW = pd.Timedelta(days=30)
#: related entities report one deal within this time of each other
JOINT = pd.Timedelta(days=5)
#: a line of so many USD at a price so many times the issuer's usual one is a slip of the pen: an assumption
LARGE_USD, SLIP, USUAL_OF = 100e6, 100.0, 21
#: the codes that are read whole: purchases, sales, and exercises, which explain sales
CODES = ("P", "S", "M")
#: every other code of the form
OTHER_CODES = tuple("ACDEFGHIJKLOUVWXZ")
COLUMNS = (
    "id", "event_at", "known_at", "source", "filing", "accession", "form", "original_filed", "symbol",
    "owner_ciks", "owner_names", "role", "derivative", "security", "code", "acquired", "shares", "price",
    "usd_e4", "held_after", "ownership", "plan", "swap", "nonmarket", "known_quality",
)  # fmt: skip
_SHARE = r"(?i)common|ordinary|\bclass [a-c]\b|\bAD[SR]s?\b|american deposit"
_NO_SHARE = r"(?i)preferred|warrant|option|\bnotes?\b|debenture"
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Seen(NamedTuple):
    """What frames show of insiders."""

    #: `judge` of purchases and sales
    trades: pd.DataFrame
    #: id, symbol, known_at and source of the lines with another code
    others: pd.DataFrame
    #: known_at of each filing with a purchase or a sale of any company, whichever the frames are of
    filings: pd.Series


def read(frames: Frames) -> Seen:
    """Everything there is, of each table only what is needed."""
    rows = frames.some(InsiderTrade, COLUMNS, code=CODES)
    few = ["id", "symbol", "known_at", "source"]
    others = frames.some(InsiderTrade, few, code=OTHER_CODES)
    all_filings = frames.some(InsiderTrade, ["filing", "known_at"], everybody=True, code=("P", "S"))
    return Seen(
        judged(frames, rows),
        pd.concat([rows.loc[rows["code"] == "M", few], others], ignore_index=True),
        all_filings.drop_duplicates("filing")["known_at"],
    )


def judged(frames: Frames, rows: pd.DataFrame) -> pd.DataFrame:
    """`judge` of the frames' `rows`: once for all who look at the same ones, so it must not be changed."""
    return frames.once("judged filings", lambda: keys_of(rows["id"]), lambda: judge(rows))


def judge(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the purchases and sales among InsiderTrade rows, in order of `known_at`, with:

    rule: "" if the line counts, else other_code, derivative, swap, security, not_listed, implausible, repeat
    or joint_filer · day: trade date (datetime64, New York) · usd: dollars, NaN without a price · buy ·
    ends: when it leaves the window or is replaced by an amendment (replaced_at) · exercised: a sale of
    shares just received from options · discretionary: a decision of that day: not by plan, no private
    deal, not exercised, and not by a 10 % owner · routine: as `classes` has it.
    """
    rows = frame.iloc[np.lexsort((frame["id"], _clock(frame["known_at"])))]
    code = rows["code"].to_numpy(object)
    options = rows[code == "M"]
    trades: pd.DataFrame = rows[(code == "P") | (code == "S")].reset_index(drop=True)
    trades["form"] = trades["form"].astype("str")
    trades["buy"] = (trades["code"] == "P").to_numpy(bool)
    trades["day"] = _new_york_day(trades["event_at"])
    trades["usd"] = trades["usd_e4"].astype(float) / 1e4
    for name in ("shares", "price", "held_after"):
        trades[name] = trades[name].astype(float)
    trades["rule"] = _line_rule(trades)
    deal = _same(*(trades[name] for name in ("symbol", "day", "code", "shares", "price")))
    for rule, found in (
        ("implausible", _slips(trades)),
        ("repeat", _repeats(trades, deal) | _told_twice(trades)),
        ("joint_filer", _joint(trades, deal)),
    ):
        trades.loc[(trades["rule"] == "").to_numpy(bool) & found, "rule"] = rule
    trades["ends"], trades["replaced_at"] = _validity(trades)
    trades["exercised"] = ~trades["buy"] & _exercised(trades, options)
    trades["planned"] = trades["plan"].eq(True).to_numpy(bool)
    trades["nonmarket"] = trades["nonmarket"].astype(bool)
    decided = ~trades["planned"] & ~trades["nonmarket"] & ~trades["exercised"]
    trades["discretionary"] = decided & (trades["role"] != "ten_percent").to_numpy(bool)
    trades["routine"] = classes(trades)
    return trades


def _same(*columns: Any) -> Codes:
    """A number for each row, equal where all `columns` are equal; missing equals missing."""
    codes = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        found, values = pd.factorize(column, use_na_sentinel=False)
        codes = pd.factorize(codes * (len(values) + 1) + found)[0].astype(np.int64)
    return codes


def _nth(codes: Codes) -> Codes:
    """How many rows with the same number stand before each row."""
    return np.asarray(pd.Series(np.zeros(len(codes))).groupby(codes).cumcount(), np.int64)


def _line_rule(trades: pd.DataFrame) -> NDArray[np.object_]:
    """The rule that keeps a line out by itself, whatever the other lines say."""
    acquired = trades["acquired"] == "A"
    # few titles, many lines: each is read once. Lines somebody else parsed have none: they count
    number, titles = pd.factorize(trades["security"])
    said = pd.Series(titles, dtype="str")
    share = (said == "") | (said.str.contains(_SHARE) & ~said.str.contains(_NO_SHARE))
    conditions = {
        "other_code": trades["buy"] != acquired,
        "derivative": trades["derivative"].astype(bool),
        "swap": trades["swap"].astype(bool),
        "security": ~share.to_numpy(bool)[number],
        "not_listed": trades["symbol"] == "",
    }
    return np.select([np.asarray(c, bool) for c in conditions.values()], list(conditions), "").astype(object)


def _new_york_day(moments: pd.Series) -> pd.Series:
    days: pd.Series = moments.dt.tz_convert(NEW_YORK).dt.normalize().dt.tz_localize(None)
    return days


def _slips(trades: pd.DataFrame) -> Mask:
    """Large lines at a price far beyond that of the issuer's lines known before: a lost decimal point."""
    found = np.zeros(len(trades), bool)
    price, symbol = trades["price"].to_numpy(float), pd.factorize(trades["symbol"])[0]
    # the places of each symbol's lines, oldest first
    places = np.split(np.argsort(symbol, kind="stable"), np.cumsum(np.bincount(symbol))[:-1])
    for place in np.flatnonzero(trades["usd"].to_numpy(float) > LARGE_USD):
        own = places[symbol[place]]
        before = price[own[: np.searchsorted(own, place)]]
        before = before[before > 0][-USUAL_OF:]
        found[place] = len(before) > 0 and price[place] > SLIP * np.median(before)
    return found


def _repeats(trades: pd.DataFrame, deal: Codes) -> Mask:
    """Lines an earlier filing already had. Equal lines within one filing are different lots."""
    key = _same(deal, trades["owner_ciks"], trades["held_after"])
    amends = trades["form"].str.endswith("/A").to_numpy(bool)
    counts = (trades["rule"] == "").to_numpy(bool)
    nth = _nth(_same(key, trades["filing"]))
    again = pd.Index(_same(key, nth, amends, counts)).duplicated()
    return np.asarray(again & ~amends, bool)


def _told_twice(trades: pd.DataFrame) -> Mask:
    """Lines of a filing that came from two sources, of the one that was known later.

    A quarterly set knows the filing date only (quality B), EDGAR the moment: that wins where both are known.
    """
    accession = trades["accession"]
    there = accession.notna().to_numpy(bool)
    if not there.any():
        return there
    exact = (trades["known_quality"] == "A").to_numpy(bool)
    known = trades["known_at"]
    first, first_exact = (
        known.where(which).groupby(accession).transform("min") for which in (there & ~exact, there & exact)
    )
    again = np.where(exact, first < known, first_exact <= known)
    return there & again


def _joint(trades: pd.DataFrame, deal: Codes) -> Mask:
    """Lines of funds and trusts that report the deal another of them has reported."""
    entity = (trades["role"] == "ten_percent") | (trades["ownership"] == "I")
    found = (entity & (trades["rule"] == "")).to_numpy(bool, copy=True)
    these = trades[found]
    key = _same(deal[found], _nth(_same(deal[found], these["filing"])))
    first = these[["known_at", "owner_ciks"]].groupby(key).transform("first")
    joint = (these["owner_ciks"] != first["owner_ciks"]) & (these["known_at"] - first["known_at"] <= JOINT)
    found[found] = joint.to_numpy(bool)
    return found


def _validity(trades: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """When each line leaves the window, and when an amendment replaced it (NaT: never).

    An amendment replaces the lines of the same issuer, owners, trade date and code from its own
    acceptance on, and leaves the window when they would have: a correction is no news of its own.
    """
    key = _same(*(trades[name] for name in ("symbol", "owner_ciks", "day", "code")))
    counts = trades["rule"] == ""
    amends = counts & trades["form"].str.endswith("/A")
    some = counts & np.isin(key, key[amends.to_numpy(bool)])
    said = trades.loc[some, ["known_at", "known_quality", "original_filed"]]
    said = said.assign(key=key[some.to_numpy(bool)], row=said.index, filed=_new_york_day(said["known_at"]))
    said["original_filed"] = pd.to_datetime(said["original_filed"]).astype("datetime64[us]")
    pairs = said.merge(said[amends[some]], on="key", suffixes=("", "_new"))
    pairs = pairs[pairs["known_at"] < pairs["known_at_new"]]
    named = pairs["original_filed_new"]
    # where the acceptance time is only assumed, the filing date is no evidence
    fits = named.isna() | (pairs["known_quality"] == "B") | (named == pairs["filed"])
    pairs = pairs[fits | (named == pairs["original_filed"])]
    replaced = pairs.groupby("row")["known_at_new"].min().reindex(trades.index)
    entered = pairs.groupby("row_new")["known_at"].min().reindex(trades.index)
    ends = entered.fillna(trades["known_at"]) + WINDOW
    return ends.where(replaced.isna() | (ends < replaced), replaced), replaced


def _exercised(trades: pd.DataFrame, options: pd.DataFrame) -> Mask:
    """Whether the insider received shares from options on the day of the trade, as known when it was."""
    both = [pd.concat([trades[name], options[name]]) for name in ("symbol", "owner_ciks")]
    key = _same(*both, pd.concat([trades["day"], _new_york_day(options["event_at"])]))
    own, optional = key[: len(trades)], key[len(trades) :]
    first = options["known_at"].groupby(optional).min().reindex(own)
    return np.asarray(_clock(first) <= _clock(trades["known_at"]), bool)


def _clock(moments: "pd.Series[Any]") -> Any:
    """Moments as numpy has them, a hundred times faster than with their zone; NaT stays NaT."""
    return moments.dt.tz_localize(None).to_numpy()

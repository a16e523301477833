"""Do earnings carry the S&P 500? Its moves against those of the earnings expected in twelve months."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from indicators import Indicator, Quality, Signal, State
from indicators._eps_chart import chart
from indicators._eps_facts import deviation_facts, level_facts, state_of, window_facts, year_facts
from indicators._eps_points import FUND, INDEX, Points, points_of
from storage import calendar
from storage.frames import Frames
from storage.tables import Bar, CompanyEps, IndexEps

#: assumption: an estimate older than this is no longer what analysts expect
OLD = timedelta(days=30)


def compute(frames: Frames, subjects: Sequence[str] | None) -> Iterator[Signal]:
    """One Signal, of SPX, at its newest estimate; none where no estimate is known."""
    if subjects is not None and INDEX not in subjects:
        return
    points = points_of(frames)
    if points is None:
        return
    today = frames.as_of.astimezone(calendar.NEW_YORK).date()
    facts = level_facts(points) | window_facts(points) | deviation_facts(points) | year_facts(points, today)
    state, facts["regime"] = state_of(facts)
    if today - points.vintages[-1] > OLD:  # said as stale, and no news any more
        facts["session"] = points.sessions[-1].isoformat()
    yield Signal(
        indicator=INDICATOR.name,
        subject=INDEX,
        as_of=frames.as_of,
        state=state,
        strength=0.0,  # a high P/E is a risk, not a forecast: no direction is claimed
        quality=_quality(points),
        n=facts["history_points"] + 1,
        source=_source(points),
        facts=facts,
    )


def _quality(points: Points) -> Quality:
    if points.companies is not None:
        return "C"
    inferred = points.line.splices or points.line.method == "year" or points.price_source == FUND
    return "B" if inferred else "A"


def _source(points: Points) -> str:
    names = {"factset": "FactSet", "spdji": "S&P Dow Jones Indices", "own": "own table"}
    vendor = names.get(points.line.vendor, points.line.vendor)
    return f"forward earnings by {vendor} ({', '.join(points.sources)})"


INDICATOR = Indicator(
    name="eps_deviation",
    title="S&P 500 and its earnings",
    inputs=(IndexEps, CompanyEps, Bar),
    lookback=timedelta(days=11 * 366),
    compute=compute,
    chart=chart,
    states={
        "stretched": State("S&P 500: P/E among the highest of its history, and still rising", loud=True),
        "earnings_cut": State("S&P 500 does not fall although earnings estimates are cut", loud=True),
        "priced_in": State("S&P 500 falls, and earnings estimates are cut", loud=True),
        "multiple_led": State("S&P 500 rises faster than earnings estimates", loud=False),
        "eps_led": State("S&P 500 rises, no faster than earnings estimates", loud=False),
        "de_rating": State("S&P 500 falls although earnings estimates hold", loud=False),
        "flat": State("S&P 500 and earnings estimates stand still", loud=False),
        "unclear": State("S&P 500: too little is known to say what led", loud=False),
    },
    rest="unclear",
    sentences=(
        "On {close_as_of} the index closed at {index_close}, {pe:x} the earnings of {forward_eps:usd} "
        "expected in twelve months ({vendor}, {basis}, {eps_as_of}).",
        "Earnings of {eps_alone:usd} are expected in twelve months ({vendor}, {basis}, {eps_as_of}); no "
        "P/E can be told.",
        "An estimate from {companies:int} companies: a P/E of {pe:x}.",
        "The fund {fund} stands for the index, whose closes lack: its changes are known, its P/E is not.",
        "That is {above_median:pct} above the median of {history_years} years, {median_pe:x}, higher "
        "than at {deviation_percentile:pct} of the estimates since {history_from}.",
        "That is {below_median:pct} below the median of {history_years} years, {median_pe:x}, higher "
        "than at {deviation_percentile:pct} of the estimates since {history_from}.",
        "There is no usual P/E yet: {history_short} of at least {history_needed} years are known.",
        "Since {window_from}: index {price_change:pct}, earnings estimates {eps_change:pct}, P/E "
        "{pe_change:pct}.",
        "The P/E accounts for {multiple_share:pct} of the index's move, estimates for the rest.",
        "{year}: index {year_index:pct}, earnings estimates {year_eps:pct}.",
        "Over {trend_sessions:int} sessions the P/E's trend, {trend_unclear:pct} a year, cannot be "
        "distinguished from 0.",
        "Over {trend_sessions:int} sessions the P/E's trend is {trend_clear:pct} a year, distinguishable "
        "from 0.",
        "Up to {spliced_until} the estimates are by {spliced_from}, scaled to those after.",
    ),
    method=(
        "Earnings per index unit as analysts expected them when each report came out, never revised "
        "afterwards, against the close of the same day. Forward is the vendor's next twelve months; else "
        "the quarter that runs and the next three (it jumps when a quarter begins: that is no news); else "
        "fiscal years weighted by time. One vendor and one basis at a time; another's past is scaled by "
        "the ratio where both are known, and named. In logs the index's change is that of earnings plus "
        "that of the P/E, exactly. Slopes are least squares over 63, 126 and 252 sessions; what led is "
        "told by 126. Deviation: ln P/E less its median of ten years before, at least five. Stretched: at "
        "or above the 90th percentile, and over 252 sessions a trend of the P/E whose Newey–West interval "
        "lies above 0. That is a risk, not a signal to sell: ten years are too few to tell whether a high "
        "P/E foretells the next one. Analysts expect too much a year ahead, mostly, and cut through the "
        "year."
    ),
    source="FactSet Earnings Insight (forward P/E); Newey & West 1987 (how sure a trend is)",
)

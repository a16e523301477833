"""What is said of a signal though no sentence names it: names of facts, values that are words, and sources.

For translators; a fact that stands nowhere is listed by its English name.
"""

_NAMES = """
all, amendments, as of, at, ats shares, ats source, base n, begun near high, beta assumed, block floor,
block sessions, block share, block unknown, blocks, boards, buy call, buy put, call put net, call put ratio,
call volume, calls, cancels, cancels unmatched, change, clusters, complete, components, contract,
contribution, d ln eps, d ln pe, d ln price, dark block, dark blocks, dark imbalance, days, days traded,
deviation, discretionary, dispersion, drawdown any n, drawdown near episodes, duplicate lines,
earnings yield, eps, eps known at, excess, excluded, excluded trades, exercise and sell, extended, flow,
from, funds 10pct, gap, grade, held after, held before, history months, history points, holder10, imbalance,
imbalance high, imbalance low, imbalance z, imbalance z trend, implausible, index, insiders, joint filers,
l cap, largest blocks, largest buyer role, last trade, leaders, least excess, led 20, legal blocks, lines,
lit blocks, locked crossed, log ratio, log ratio capped, measure, met, method, mid, midpoint, month breadth,
month l cap, month npr, month ratio, months, name, near high, net, net soft, newest at, newest filed,
no price, no price lines, nonmarket, not known, npr, off exchange, off exchange share regular, one stock,
opened, opportunistic, options, orders worth, otc shares, plan, plan sells, points, price, price source,
prints 10000, put volume, puts, ratio soft, raw buys, raw ratio, raw sells, rebalance day, regime, return,
role, routine, rules, score, sectors, sell call, sell put, sessions, share low, short by market,
short source, short volume, side, signed orders, signed trades, size, slope eps, slope price, so far,
spike pct, spliced, splices, state, streak, strength, subject, surge degenerate, surge pct, symbol, table,
to, top orders, top1 share, total, trades, trend high, trend low, unclassified, undated, unquoted,
unsignable, usd, usd ratio, usual signed, valuation, value, variants, vendor agreement, vendor compared,
venue, weight, window sessions, windows, years, z, z degenerate
"""
_VALUES = """
buy, director, equal-weighted mean of all symbols, exchange, forecast revenue, hearsay, market cap, merged,
net purchase ratio, ntm, officer, opening, operating, other, otm, premium, prints, reported, revenue,
revenue run rate, sell, soon, stale, sure, ten percent, wrong
"""
#: what stands before the feeds in the source of a signal
_SOURCES = """
FINRA's off-exchange totals, SEC Form {n}, composite of {n} inputs, daily bars, forward earnings by, members,
option prints and quotes, stock prints and quotes
"""
OTHERS = tuple(" ".join(name.split()) for name in f"{_NAMES},{_VALUES},{_SOURCES}".split(","))

"""Unusual Whales: what is asked, how often, and what the owner is told when the answer is none."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from faults import FAULTS, gather
from servers import Answer, Asked, serve
from whales import ALERT, DARK, TOTALS, TRADE

from feeds import FeedError, Raw
from feeds._whales_fetch import PAGES
from feeds.unusual_whales import FEED, PAGE, TOKEN, URL, parse
from storage.tables import FlowAlert, OptionContract, OptionDay, OptionMinute
from storage.tape import EQUITY_TRADES, OPTION_TRADES

DAY = date(2024, 7, 3)
#: a half day: open 9:30 to 13:00 New York, settled at 13:45
BEFORE, NOON, SETTLED = (datetime(2024, 7, 3, *at, tzinfo=UTC) for at in ((12, 0), (16, 0), (17, 45)))
SECRET = "token-of-a-test"
EMPTY = Answer(b'{"data": []}')
ROWS = {
    "market-tide": {
        "timestamp": "2024-07-03T09:30:00-04:00", "date": "2024-07-03", "net_call_premium": "5",
        "net_put_premium": "4", "net_volume": 3,
    },
    "total-options-volume": {name: TOTALS[name] for name in ("date", "call_premium", "put_premium",
                                                             "call_volume", "put_volume")},
    "darkpool": DARK,
    "flow-recent": TRADE,
    "flow-alerts": ALERT,
    "net-prem-ticks": {
        "date": "2024-07-03", "tape_time": "2024-07-03T13:30:00Z", "call_volume": 1, "put_volume": 2,
        "net_call_premium": "5", "net_put_premium": "4",
    },
    "oi-change": {
        "option_symbol": "ACME240719P00025000", "underlying_symbol": "ACME", "curr_date": "2024-07-03",
        "last_date": "2024-07-02", "curr_oi": 2, "last_oi": 1, "volume": 3, "prev_total_premium": "4",
    },
    "options-volume": TOTALS,
}  # fmt: skip


def kind_of(asked: Asked) -> str:
    """The last part of the path, or darkpool, which has the ticker last."""
    return "darkpool" if "darkpool" in asked.path else asked.path.rsplit("/", 1)[1]


def rows(asked: Asked) -> Answer:
    return Answer(json.dumps({"data": [ROWS[kind_of(asked)]]}).encode())


async def fetched(
    answer: Callable[[Asked], Answer], since: datetime, until: datetime, symbols: tuple[str, ...] = ("ACME",)
) -> tuple[list[Raw], list[Asked]]:
    async with serve(answer) as server:
        settings = {URL: server.url + "/", TOKEN: SECRET}
        return await gather(FEED, server, settings, list(symbols), since, until), server.asked


async def test_a_settled_day_is_asked_for_whole_and_every_answer_is_read() -> None:
    raws, asked = await fetched(rows, BEFORE, SETTLED)
    until = "2024-07-03T17:45:00Z"
    assert [raw.name for raw in raws] == [
        f"market-tide {DAY} {until}", f"total-options-volume {until}", f"darkpool ACME {DAY} 0",
        f"flow-recent ACME {DAY}", f"flow-alerts ACME {DAY} 0", f"net-prem-ticks ACME {DAY} {until}",
        f"oi-change ACME {DAY}", f"options-volume ACME {until}",
    ]  # fmt: skip
    assert [kind for raw in raws for kind in parse(raw).accepted] == [
        OptionMinute, OptionDay, EQUITY_TRADES, OPTION_TRADES, FlowAlert, OptionMinute, OptionContract,
        OptionDay,
    ]  # fmt: skip
    assert [each.path.removeprefix("/api/") for each in asked] == [
        "market/market-tide", "market/total-options-volume", "darkpool/ACME", "stock/ACME/flow-recent",
        "option-trades/flow-alerts", "stock/ACME/net-prem-ticks", "stock/ACME/oi-change",
        "stock/ACME/options-volume",
    ]  # fmt: skip
    assert {each.headers["authorization"] for each in asked} == {f"Bearer {SECRET}"}
    # one day more than was settled: the vendor may count one that has begun since
    assert asked[1].query == asked[-1].query == {"limit": "2"}


async def test_within_a_session_only_what_still_comes_is_asked_for_and_only_its_new_part() -> None:
    since = datetime(2024, 7, 3, 15, 50, 0, 700_000, UTC)
    _, asked = await fetched(lambda _: EMPTY, since, NOON)
    assert [kind_of(each) for each in asked] == [
        "market-tide", "darkpool", "flow-recent", "flow-alerts", "net-prem-ticks",
    ]  # fmt: skip
    newer = {kind_of(each): each.query.get("newer_than") for each in asked}
    # the second of `since` is asked for whole
    assert newer["darkpool"] == newer["flow-alerts"] == str(int(since.timestamp()) - 1)


async def test_open_interest_is_asked_for_in_the_window_that_holds_the_morning() -> None:
    out = datetime(2024, 7, 3, 13, tzinfo=UTC)  # 9:00 New York
    for since, until, expected in ((BEFORE, out, True), (out, NOON, False)):
        _, asked = await fetched(lambda _: EMPTY, since, until)
        assert any("oi-change" in each.path for each in asked) is expected


async def test_after_the_day_was_settled_only_late_prints_are_left() -> None:
    _, asked = await fetched(lambda _: EMPTY, SETTLED, datetime(2024, 7, 3, 20, tzinfo=UTC))
    assert [kind_of(each) for each in asked] == ["darkpool"]
    assert asked[0].query["newer_than"] == str(int(SETTLED.timestamp()) - 1)


async def test_on_a_holiday_nothing_is_asked_for() -> None:
    assert await fetched(rows, *[datetime(2024, 7, 4, 15, tzinfo=UTC)] * 2) == ([], [])


async def test_the_market_is_asked_for_once_however_many_are_watched() -> None:
    for symbols, darkpools in ((), 0), (("ACME", "^SPX"), 2):
        _, asked = await fetched(lambda _: EMPTY, BEFORE, SETTLED, symbols)
        kinds = [kind_of(each) for each in asked]
        assert kinds.count("market-tide") == kinds.count("total-options-volume") == 1
        assert kinds.count("darkpool") == darkpools


async def test_a_minute_that_was_not_over_is_left_to_the_next_fetch() -> None:
    def answer(asked: Asked) -> Answer:
        ticks = [
            ROWS["net-prem-ticks"] | {"tape_time": f"2024-07-03T15:{minute}:00Z"} for minute in (57, 58, 59)
        ]
        return Answer(json.dumps({"data": ticks}).encode()) if "net-prem" in asked.path else EMPTY

    raws, _ = await fetched(answer, BEFORE, NOON)
    (ticks,) = [parse(raw) for raw in raws if raw.name.startswith("net-prem-ticks")]
    assert (ticks.accepted_rows, [bad.reason for bad in ticks.bad]) == (
        2,
        ["was not over when it was asked for"],
    )


async def test_dark_pool_pages_meet_in_a_second_that_one_of_them_holds_whole() -> None:
    # 750 prints, one a second, newest first; `older_than` is exclusive
    prints = [DARK | {"executed_at": 1720015200000 + 1000 * second} for second in reversed(range(750))]

    def answer(asked: Asked) -> Answer:
        if "darkpool" not in asked.path:
            return EMPTY
        before = int(asked.query.get("older_than", "9999999999")) * 1000
        page = [row for row in prints if row["executed_at"] < before][:PAGE]
        return Answer(json.dumps({"data": page}).encode())

    raws, asked = await fetched(answer, BEFORE, NOON)
    pages = [parse(raw).accepted[EQUITY_TRADES] for raw in raws if raw.name.startswith("darkpool")]
    assert [page.num_rows for page in pages] == [500, 251]
    assert len({moment for page in pages for moment in page["event_at"].to_pylist()}) == 750
    assert [each for each in asked if "darkpool" in each.path][1].query["older_than"] == str(
        1720015200 + 250 + 1
    )


@pytest.mark.parametrize("executed_at", ["2024-07-03T15:00:00Z", "soon"])
async def test_a_server_that_always_sends_the_same_page_is_not_asked_for_ever(executed_at: str) -> None:
    page = Answer(json.dumps({"data": [DARK | {"executed_at": executed_at}] * PAGE}).encode())
    _, asked = await fetched(lambda asked: page if "darkpool" in asked.path else EMPTY, BEFORE, NOON)
    assert len([each for each in asked if "darkpool" in each.path]) <= 2 < PAGES


async def test_a_symbol_the_vendor_does_not_know_is_said_and_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(b'{"error": "no"}', 422) if "NONE" in asked.path else EMPTY

    raws, _ = await fetched(answer, BEFORE, SETTLED, ("NONE", "ACME"))
    assert [record.getMessage() for record in caplog.records if record.name == "bellwether"] == [
        "feed      unusual_whales does not know NONE (422)"
    ]
    assert any("ACME" in raw.name for raw in raws)
    assert not any("NONE" in raw.name for raw in raws)


@pytest.mark.parametrize("place", ["market-tide", "darkpool", "flow-alerts", "options-volume"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_ends_the_fetch_with_one_sentence(fault: str, place: str) -> None:
    broken, sentence, tries, permanent = FAULTS[fault]
    async with serve(lambda asked: broken if kind_of(asked) == place else EMPTY) as server:
        with pytest.raises(FeedError, match=sentence) as caught:
            await gather(FEED, server, {URL: server.url, TOKEN: SECRET}, ["ACME"], BEFORE, SETTLED)
    assert caught.value.permanent is permanent
    assert [kind_of(each) for each in server.asked].count(place) == tries
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"


async def test_json_under_another_content_type_is_json() -> None:
    plain = Answer(b' {"data": []}', headers={"Content-Type": "text/html"})
    raws, _ = await fetched(lambda _: plain, BEFORE, SETTLED)
    assert all(parse(raw).received == 0 for raw in raws)
    assert len(raws) == 8


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_token_is_an_error_that_does_not_show_it(status: int) -> None:
    with pytest.raises(FeedError) as caught:
        await fetched(lambda _: Answer(SECRET.encode(), status), BEFORE, SETTLED)
    assert caught.value.permanent
    assert SECRET not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"

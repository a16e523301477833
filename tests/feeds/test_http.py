"""The one HTTP client against a real server that is slow, broken, greedy or hostile."""

import gzip
import json
import logging
import multiprocessing
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
import time_machine
from servers import Answer, Asked, serve
from sqlalchemy import Engine

from feeds import FeedError
from feeds._http import HOLD, LARGEST, REDIRECTS, TRIES, Http
from storage.database import connect, migrate
from storage.pace import database_pace, reserve

NOW_US = 1_700_000_000_000_000


class Clock:
    """Stands in for sleeping: remembers how long the client wanted to wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


async def get(answer, *, pace=None, longest=5.0, per_second=None, path="/x", **ask):
    """One request; returns (body or error, requests the server saw, waits)."""
    clock = Clock()
    async with serve(answer) as server, Http(pace, sleep=clock.sleep, longest=longest) as http:
        try:
            got = await http.get(server.url + path, source="test", per_second=per_second, **ask)
        except FeedError as error:
            got = error
        return got, server.asked, clock.waits


async def test_a_body_comes_back_unpacked_with_what_was_asked_for() -> None:
    packed = Answer(gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})
    body, asked, _ = await get(lambda _: packed, params={"q": "a b"}, headers={"User-Agent": "me"})
    assert body == b"hello"
    assert asked == [Asked("/x", {"q": "a b"}, asked[0].headers)]
    assert asked[0].headers["user-agent"] == "me"


async def post(answer, question, **ask):
    """One question; returns (body or error, requests the server saw)."""
    async with serve(answer) as server, Http(sleep=Clock().sleep) as http:
        try:
            got = await http.post(server.url + "/q", source="test", json=question, **ask)
        except FeedError as error:
            got = error
        return got, server.asked


async def test_a_question_goes_out_as_json_each_time_it_is_asked() -> None:
    answers = [Answer(b"", 503), Answer(b"", 429, {"Retry-After": "1"}), Answer(b"[1]")]
    body, asked = await post(lambda _: answers.pop(0), {"limit": 5}, headers={"Accept": "application/json"})
    assert body == b"[1]"
    assert [(each.method, json.loads(each.body)) for each in asked] == [("POST", {"limit": 5})] * 3
    assert {each.headers["content-type"] for each in asked} == {"application/json"}
    assert {each.headers["accept"] for each in asked} == {"application/json"}


async def test_a_question_is_guarded_like_any_request() -> None:
    bomb = gzip.compress(bytes(LARGEST + 1))
    for answer, told in (
        (Answer(bomb, headers={"Content-Encoding": "gzip"}), "32 MB"),
        (Answer(b"", 307, {"Location": "//example.org/q"}), "another host"),
        (Answer(b"", 204), "answered 204"),
        (Answer(b"x", promised=9), "could not be read"),
        (Answer(b""), "empty answer"),
    ):
        error, _ = await post(lambda _, answer=answer: answer, {})
        assert isinstance(error, FeedError)
        assert told in str(error)

    def moved(asked: Asked) -> Answer:
        return Answer(b"[]") if asked.path == "/there" else Answer(b"", 307, {"Location": "/there"})

    body, asked = await post(moved, {"a": 1})
    assert (body, asked[1].method, asked[1].body) == (b"[]", "POST", asked[0].body)


@pytest.mark.parametrize("status", [500, 502, 503, 408])
async def test_a_server_in_trouble_is_asked_a_few_times(status: int) -> None:
    error, asked, waits = await get(lambda _: Answer(b"oops", status))
    assert isinstance(error, FeedError)
    assert not error.permanent
    assert (len(asked), len(waits)) == (TRIES, TRIES - 1)
    assert all(0 <= wait <= 20 for wait in waits)


async def test_a_server_that_recovers_is_read() -> None:
    answers = [Answer(b"", 503), Answer(b"", 200), Answer(b"ok")]
    body, asked, _ = await get(lambda _: answers.pop(0))
    assert (body, len(asked)) == (b"ok", 3)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
async def test_a_refusal_is_final(status: int) -> None:
    error, asked, _ = await get(lambda _: Answer(b"no", status))
    assert error.permanent
    assert error.status == status
    assert len(asked) == 1


@pytest.mark.parametrize("status", [200, 204])
async def test_an_empty_answer_is_never_taken_for_data(status: int) -> None:
    error, _, _ = await get(lambda _: Answer(b"", status))
    assert isinstance(error, FeedError)


async def test_retry_after_is_honoured_in_seconds_and_as_a_date() -> None:
    later = format_datetime(datetime(2024, 3, 4, 12, 0, 30, tzinfo=UTC), usegmt=True)
    answers = [
        Answer(b"", 429, {"Retry-After": "7"}),
        Answer(b"", 429, {"Retry-After": later}),
        Answer(b"ok"),
    ]
    with time_machine.travel(datetime(2024, 3, 4, 12, tzinfo=UTC), tick=False):
        body, _, waits = await get(lambda _: answers.pop(0))
    assert (body, waits) == (b"ok", [7, 30])


async def test_a_retry_after_of_an_hour_is_not_waited_for() -> None:
    error, asked, waits = await get(lambda _: Answer(b"", 429, {"Retry-After": "3600"}))
    assert (error.status, len(asked), waits) == (429, 1, [])
    assert not error.permanent


async def test_a_compressed_bomb_is_refused_before_it_unfolds() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([packer.compress(bytes(2**20)) for _ in range((LARGEST >> 20) + 1)] + [packer.flush()])
    assert len(bomb) < 100_000
    error, asked, _ = await get(lambda _: Answer(bomb, headers={"Content-Encoding": "gzip"}))
    assert error.permanent
    assert "32 MB" in str(error)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(gzip.compress(b"hello")[:-6], headers={"Content-Encoding": "gzip"}),
        Answer(b"hello", headers={"Content-Encoding": "gzip"}),
        Answer(b"hello", promised=10),
    ],
    ids=["cut gzip", "no gzip at all", "shorter than promised"],
)
async def test_half_an_answer_is_no_answer(answer: Answer) -> None:
    error, asked, _ = await get(lambda _: answer)
    assert isinstance(error, FeedError)
    assert len(asked) == TRIES


async def test_an_encoding_we_did_not_ask_for_is_refused() -> None:
    error, _, _ = await get(lambda _: Answer(b"x", headers={"Content-Encoding": "br"}))
    assert error.permanent


async def test_a_server_that_sends_a_byte_now_and_then_is_left() -> None:
    error, _, _ = await get(lambda _: Answer(b"x" * 100, pause=0.02), longest=0.1)
    assert "did not finish" in str(error)


async def test_a_redirect_stays_on_the_host() -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(b"here") if asked.path == "/y" else Answer(b"", 302, {"Location": "/y"})

    assert (await get(answer))[0] == b"here"


@pytest.mark.parametrize("there", ["http://169.254.169.254/", "file:///etc/passwd", "//example.org/x"])
async def test_a_redirect_elsewhere_is_refused(there: str) -> None:
    error, asked, _ = await get(lambda _: Answer(b"", 302, {"Location": there}))
    assert error.permanent
    assert "another host" in str(error)
    assert len(asked) == 1


async def test_another_port_of_the_same_machine_is_another_host() -> None:
    async with serve(lambda _: Answer(b"inner secret")) as other:
        error, _, _ = await get(lambda _: Answer(b"", 302, {"Location": other.url}))
        assert error.permanent
        assert other.asked == []


async def test_a_redirect_in_a_circle_is_refused() -> None:
    error, asked, _ = await get(lambda _: Answer(b"", 302, {"Location": "/x"}))
    assert error.permanent
    assert len(asked) == REDIRECTS


async def test_no_error_and_no_log_line_of_ours_holds_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="feeds")
    secret = "s3cr3t"
    answers = [
        Answer(b"s3cr3t", 401), Answer(b"", 500), Answer(b"", 302, {"Location": "http://s3cr3t.example/"}),
        Answer(b"", 429, {"Retry-After": secret}), Answer(b"x", promised=9),
    ]  # fmt: skip
    for answer in answers:
        error, _, _ = await get(
            lambda _, answer=answer: answer,
            path=f"/bot{secret}/x",
            params={"token": secret},
            headers={"Authorization": f"Bearer {secret}"},
        )
        assert isinstance(error, FeedError)
        assert secret not in f"{error!r} {error} {error.__cause__!r}"
        assert error.__suppress_context__ or error.__context__ is None
    assert not [record for record in caplog.records if secret in record.getMessage()]


@pytest.mark.parametrize("url", ["http://[", "nonsense", "ftp://127.0.0.1/x"])
async def test_an_address_that_is_none_is_an_error_of_the_feed(url: str) -> None:
    async with Http(sleep=Clock().sleep) as http:
        with pytest.raises(FeedError):
            await http.get(url, source="test")


async def test_requests_wait_for_their_slot_and_a_source_that_keeps_refusing_is_left_alone(
    engine: Engine,
) -> None:
    pace = database_pace(engine, clock=lambda: NOW_US / 1e6)
    _, _, waits = await get(lambda _: Answer(b"ok"), pace=pace, per_second=8)
    assert waits == []
    _, _, waits = await get(lambda _: Answer(b"ok"), pace=pace, per_second=8)
    assert waits == [0.1375]
    error, asked, _ = await get(lambda _: Answer(b"", 429), pace=pace, per_second=8)
    assert (error.status, len(asked)) == (429, TRIES)
    error, asked, _ = await get(lambda _: Answer(b"ok"), pace=pace, per_second=8)
    assert "paused" in str(error)
    assert asked == []
    after_the_hold = database_pace(engine, clock=lambda: NOW_US / 1e6 + HOLD + 5)
    assert (await get(lambda _: Answer(b"ok"), pace=after_the_hold, per_second=8))[0] == b"ok"


def busiest_second(slots: list[int]) -> int:
    """The most slots in any span of one second, both ends included."""
    return max(sum(first <= slot <= first + 1_000_000 for slot in slots) for first in slots)


def test_no_second_holds_more_slots_than_allowed_whoever_asks(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        slots = list(pool.map(lambda i: reserve(engine, "sec", 8, NOW_US + i * 1000), range(40)))
    assert len(set(slots)) == 40
    assert busiest_second(slots) == 8


def _take(url: str) -> list[int]:
    return [reserve(connect(url), "sec", 8, NOW_US) for _ in range(10)]


@pytest.mark.slow
def test_two_processes_share_one_pace(tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'pace.sqlite'}"
    migrate(connect(url))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        other = pool.apply_async(_take, [url])
        slots = _take(url) + other.get()
    assert len(set(slots)) == 20
    assert busiest_second(slots) == 8


def test_a_clock_that_was_set_back_does_not_stop_a_source(engine: Engine) -> None:
    reserve(engine, "sec", 8, NOW_US + 3_600_000_000)
    assert reserve(engine, "sec", 8, NOW_US) == NOW_US

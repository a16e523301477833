"""What each error of Telegram's means for a message."""

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.delivery.errors import classify


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), "blocked"),
        (Forbidden("Forbidden: something never seen before"), "blocked"),
        (BadRequest("Bad Request: chat not found"), "blocked"),
        (BadRequest("Bad Request: CHAT_WRITE_FORBIDDEN"), "blocked"),
        (BadRequest("Bad Request: oops"), "dead"),
        (BadRequest("Bad Request: message is too long"), "dead"),
        (NetworkError("Request Entity Too Large (413)"), "dead"),
        (BadRequest("Can't parse entities: unsupported start tag"), "markup"),
        (ChatMigrated(-1001), "moved"),
        (InvalidToken("Unauthorized"), "stop"),
        (Conflict("Conflict: terminated by other getUpdates request"), "stop"),
        (RetryAfter(7), "pause"),
        (NetworkError("Too Many Requests: retry after 0"), "pause"),
        (caused(NetworkError("x"), httpx.ConnectError("x")), "retry"),
        (caused(TimedOut(), httpx.ConnectTimeout("x")), "retry"),
        (caused(TimedOut("Pool timeout"), httpx.PoolTimeout("x")), "retry"),
        (caused(TimedOut(), httpx.ReadTimeout("x")), "doubt"),
        (caused(TimedOut(), httpx.WriteTimeout("x")), "doubt"),
        (caused(NetworkError("x"), httpx.RemoteProtocolError("x")), "doubt"),
        (caused(NetworkError("x"), httpx.ReadError("x")), "doubt"),
        (NetworkError("Internal Server Error (500)"), "doubt"),
        (NetworkError("Bad Gateway"), "doubt"),
        (TelegramError("Invalid server response"), "doubt"),
        (KeyError("result"), "doubt"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value)[:60],
)
def test_each_error_has_one_meaning(error: Exception, kind: str) -> None:
    assert classify(error).kind == kind


@pytest.mark.parametrize("library_answer", ["1", "0"])
def test_a_wait_is_the_same_as_int_and_as_timedelta(
    library_answer: str, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    error = RetryAfter(timedelta(seconds=31))
    monkeypatch.setenv("PTB_TIMEDELTA", library_answer)
    if library_answer == "0":
        with pytest.warns(match="timedelta"):
            assert classify(error).seconds == 31
    else:
        assert classify(error).seconds == 31


def test_where_a_group_went_is_told() -> None:
    assert classify(ChatMigrated(-1009)).new_chat_id == -1009


def test_no_reason_holds_the_token_or_an_address() -> None:
    token = "123456789:canary"
    errors = [
        InvalidToken(f"The token `{token}` was rejected by the server."),
        NetworkError(f"Unknown error in HTTP implementation: InvalidURL('http://x/bot{token}/sendMessage')"),
        caused(NetworkError(token), httpx.ReadError(token)),
        ValueError(token),
    ]
    assert not [error for error in errors if token in classify(error).reason]

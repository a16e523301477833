"""What an error of a request to Telegram means: was it sent, can it be, and to whom.

The order of the tests is the point: `BadRequest` and `TimedOut` are both `NetworkError`, so a plain
"retry on NetworkError" would retry permanent refusals for ever and double what was delivered.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)

Kind = Literal["pause", "moved", "blocked", "dead", "markup", "stop", "retry", "doubt"]

#: texts of a 400 that speak of the chat, not of the message; Telegram's wording, lower case
_UNREACHABLE = (
    "chat not found",
    "chat_write_forbidden",
    "have no rights to send a message",
    "not enough rights to send text messages",
    "user is deactivated",
    "peer_id_invalid",
)
#: the request never left
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Verdict:
    """What to do about an error. `reason` is one sentence without the token, at most 100 characters.

    kind: `pause` nobody sends for `seconds`; `moved` the group is `new_chat_id` now; `blocked` the chat
    cannot be reached; `dead` this message never will be taken; `markup` our HTML is refused; `stop` no
    message will be; `retry` it was not sent; `doubt` nobody can know whether it was.
    """

    kind: Kind
    reason: str
    seconds: float = 0.0
    new_chat_id: int = 0


def classify(error: Exception) -> Verdict:
    """Return what `error`, raised by a `send_*` of python-telegram-bot, means for the message."""
    if isinstance(error, RetryAfter):
        return Verdict("pause", "Telegram asked to wait", seconds=_seconds(error.retry_after))
    if isinstance(error, ChatMigrated):
        return Verdict("moved", "the group became a supergroup", new_chat_id=error.new_chat_id)
    if isinstance(error, Forbidden):
        return Verdict("blocked", error.message[:100])
    if isinstance(error, BadRequest):
        return _refused(error.message[:100])
    if isinstance(error, InvalidToken):  # its own text may hold the token
        return Verdict("stop", "Telegram does not know the bot token")
    if isinstance(error, Conflict):
        return Verdict("stop", "another copy of the bot runs with the same token")
    if isinstance(error, NetworkError):
        return _broken_off(error)
    return Verdict("doubt", f"the answer could not be read ({type(error).__name__})")


def _seconds(wait: int | float | timedelta) -> float:
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def _refused(message: str) -> Verdict:
    lowered = message.lower()  # the library capitalises some texts and leaves others
    if "can't parse entities" in lowered:
        return Verdict("markup", message)
    if any(text in lowered for text in _UNREACHABLE):
        return Verdict("blocked", message)
    return Verdict("dead", message)


def _broken_off(error: NetworkError) -> Verdict:
    lowered = error.message.lower()
    if "too many requests" in lowered:  # a 429 that says to wait 0 seconds comes as a NetworkError
        return Verdict("pause", "Telegram asked to wait", seconds=1.0)
    if "too large" in lowered:
        return Verdict("dead", "the request is too large")
    cause = error.__cause__
    # of the HTTP library's errors the name is told, not the text: it could hold the address and its token
    name = type(error if cause is None else cause).__name__
    if isinstance(cause, _NOT_SENT):
        return Verdict("retry", f"Telegram could not be reached ({name})")
    return Verdict("doubt", f"the answer was lost ({name})")

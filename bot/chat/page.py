"""What the web page talks to: the history as a stream, and what a person says or presses.

The page is trusted like a phone, and no other page is: a post must come from this very origin, as JSON.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import from_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from bot.chat import menu
from bot.chat.errors import Refused, bad_request
from bot.chat.ledger import Json
from bot.chat.room import LARGEST_CHAT, Room

STATIC = Path(__file__).parent / "static"
#: how many messages a page that opens is shown
HISTORY = 300
#: seconds a pressed button waits for the bot's answer, and a silent stream for its next sign of life
PATIENCE, HEARTBEAT = 15, 15
LARGEST_POST = 64 * 2**10


async def index(request: Request) -> Response:
    """The page itself."""
    return FileResponse(STATIC / "index.html")


async def photo(request: Request) -> Response:
    """A photo of the chat."""
    room: Room = request.app.state.room
    file = room.kept_photo(request.path_params["name"])
    return FileResponse(file) if file else Response(status_code=404)


async def events(request: Request) -> Response:
    """Server-Sent Events of a chat: `hello`, `message` (its id is the version), `action`.

    A page that comes back says which version it saw last and gets what changed since: nothing is lost,
    nothing comes twice.
    """
    after = request.headers.get("last-event-id") or request.query_params.get("after", "")
    seen = int(after) if re.fullmatch("[0-9]{1,18}", after) else 0
    language = _language(request.query_params)
    told = _Told(request.app.state.room, _chat(request), language, seen)
    return StreamingResponse(
        _stream(told), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _stream(told: "_Told") -> AsyncIterator[str]:
    while not told.room.closed:
        news = await told.room.until(told.news, HEARTBEAT)
        for event in news or [": still here\n\n"]:
            yield event


class _Told:
    """What one open page has been told so far."""

    def __init__(self, room: Room, chat: int, language: str, seen: int) -> None:
        self.room, self.chat, self.language, self.seen = room, chat, language, seen
        self.hello: Json = {}
        self.actions = room.actions.get(chat, 0)

    def news(self) -> list[str]:
        """The events the page has not been told; from now on it has."""
        events = []
        commands = menu.shown(self.room.ledger, self.chat, self.language)
        hello = {"room": self.room.name, "bot": self.room.bot["first_name"], "commands": commands}
        if hello != self.hello:
            self.hello = hello
            events.append(_event("hello", hello))
        # a page that opens gets the last messages; one that comes back, everything it missed
        for version, message in self.room.ledger.messages(self.chat, self.seen, -1 if self.seen else HISTORY):
            self.seen = version
            events.append(_event("message", message, version))
        if self.room.actions.get(self.chat, 0) > self.actions:
            self.actions = self.room.actions[self.chat]
            events.append(_event("action", {}))
        return events


def _event(kind: str, content: Json, version: int | None = None) -> str:
    number = f"id: {version}\n" if version else ""
    return f"{number}event: {kind}\ndata: {json.dumps(content)}\n\n"


async def say(request: Request) -> Response:
    """{text} → the message as it was sent."""
    try:
        body = await _posted(request)
        room: Room = request.app.state.room
        message = room.say(_chat(request), str(body.get("text", "")), _language(body))
    except Refused as refused:
        return _refusal(refused)
    return JSONResponse(message)


async def press(request: Request) -> Response:
    """{message_id, data} → the bot's answer {text, show_alert}, both null if none came in time."""
    room: Room = request.app.state.room
    try:
        body = await _posted(request)
        number, data = body.get("message_id"), body.get("data")
        if not isinstance(number, int) or not 0 < number < 2**63 or not isinstance(data, str):
            raise bad_request("message_id and data say which button")
        query = room.press(_chat(request), number, data, _language(body))
    except Refused as refused:
        return _refusal(refused)
    answer = await room.until(lambda: room.presses[query], PATIENCE)
    room.presses.pop(query)
    return JSONResponse(answer or {"text": None, "show_alert": None})


async def _posted(request: Request) -> Json:
    """The JSON object our own page sent; Refused if another page could have sent it."""
    if request.headers.get("origin") != f"http://{request.headers['host']}":
        raise Refused(403, "Forbidden: only the chat page itself may do this")
    if request.headers.get("content-type") != "application/json":
        raise Refused(415, "Unsupported Media Type: application/json is expected")
    # without a length the body could be endless
    if int(request.headers.get("content-length", LARGEST_POST + 1)) > LARGEST_POST:
        raise Refused(413, "Request Entity Too Large")
    try:
        body = from_json(await request.body())
    except (ValueError, ClientDisconnect):
        body = None
    if not isinstance(body, dict):
        raise bad_request("a JSON object is expected")
    return body


def _chat(request: Request) -> int:
    """The chat the path names; 404 where no chat can have that id."""
    chat = int(request.path_params["chat"])
    if not 1 <= chat <= LARGEST_CHAT:
        raise HTTPException(404, "There is no such chat.")
    return chat


def _language(given: Mapping[str, Any]) -> str:
    """The language of the person's browser as a tag such as `zh-TW`; English if it is none."""
    tag = given.get("language")
    return (
        tag if isinstance(tag, str) and re.fullmatch("[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}", tag) else "en"
    )


def _refusal(refused: Refused) -> JSONResponse:
    return JSONResponse({"error": refused.description}, refused.code)

"""The Bot API over HTTP: `/bot<token>/<method>` and `/file/bot<token>/<path>`, as libraries call them."""

import hmac
from collections.abc import Callable
from functools import cache
from inspect import Parameter, signature
from typing import Any, get_args

from pydantic import TypeAdapter
from pydantic_core import from_json
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from bot.chat.errors import Refused, bad_request
from bot.chat.methods import METHODS
from bot.chat.room import Room

#: what an upload may weigh at most, with everything around it
LARGEST_REQUEST = 50 * 2**20
#: how the real server says that a required parameter is missing
MISSING = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "photo": "there is no photo in the request",
    "action": "wrong parameter action in request",
    "callback_query_id": "query is too old and response timeout expired or query ID is invalid",
    "file_id": "file_id is not specified",
}


async def call(request: Request) -> Response:
    """Answer one method call; whatever is wrong with it is said in the Bot API's own shape."""
    try:
        _check_token(request)
        method = METHODS.get(request.path_params["method"].lower())
        if method is None:
            raise Refused(404, "Not Found: method not found")
        result = await method(request.app.state.room, **arguments(method, await _parameters(request)))
    except OverflowError:  # no id has more than 64 bits
        return _refusal(bad_request("a number is out of range"))
    except Refused as refused:
        return _refusal(refused)
    return JSONResponse({"ok": True, "result": result})


async def download(request: Request) -> Response:
    """A file whose path getFile told."""
    room: Room = request.app.state.room
    try:
        _check_token(request)
        file = room.kept_photo(request.path_params["name"])
        if file is None:
            raise Refused(404, "Not Found")
    except Refused as refused:
        return _refusal(refused)
    return FileResponse(file)


def arguments(method: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """The parameters `method` knows, converted to its types; Refused if one is missing or unreadable."""
    found = {}
    for name, parameter in list(signature(method).parameters.items())[1:]:
        value = given.get(name)
        if value is None or value in ("", b""):
            if parameter.default is Parameter.empty:
                raise bad_request(MISSING.get(name, f'parameter "{name}" is required'))
            continue
        try:
            found[name] = _adapter(parameter.annotation).validate_python(
                _decoded(value, parameter.annotation)
            )
        except ValueError:  # not JSON, or not of this type
            raise bad_request(f"can't parse parameter {name}") from None
    return found


def _decoded(value: Any, kind: Any) -> Any:
    """A string that stands for a list or an object, as that."""
    plain = {str, int, bool, bytes, type(None)}
    is_structure = not plain.issuperset(get_args(kind) or (kind,))
    return from_json(value) if is_structure and isinstance(value, str) else value


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


async def _parameters(request: Request) -> dict[str, Any]:
    """Query, form, upload or JSON body, as one table."""
    given: dict[str, Any] = dict(request.query_params)
    if request.method == "GET":
        return given
    if int(request.headers.get("content-length", 0)) > LARGEST_REQUEST:
        raise Refused(413, "Request Entity Too Large")
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            body = from_json(await request.body())
            return given | body if isinstance(body, dict) else given
        async with request.form() as form:
            for name, value in form.items():
                given[name] = await value.read() if isinstance(value, UploadFile) else value
    except (ValueError, HTTPException, ClientDisconnect):
        raise bad_request("can't parse the request body") from None
    return given


def _check_token(request: Request) -> None:
    said, right = request.path_params["token"], request.app.state.token
    if not hmac.compare_digest(said.encode(), right.encode()):
        raise Refused(401, "Unauthorized")


def _refusal(refused: Refused) -> JSONResponse:
    body = {"ok": False, "error_code": refused.code, "description": refused.description}
    return JSONResponse(body, refused.code)

"""A strict Bot API server in a process of its own: what it accepted is on disk, whatever dies elsewhere.

Run as `python fake_telegram.py ACCEPTED`; it prints its port. Every accepted message is appended to the
file ACCEPTED as a line of JSON, with fsync, before it is answered. `POST /set` changes what it does:

rates       enforce 30/s in all, 3 in 3 s a private chat, 20 a minute a group
faults      {"seed", "before": {kind: share}, "after": {kind: share}} of 429, 500, timeout, reset, garbage
refuse      {chat id: [status, description]}
moved       {chat id: new chat id}
unknown     the token is not known
delay       seconds between accepting a send and answering it
hold        sends are accepted, but answered only when this is unset
"""

import contextlib
import io
import json
import os
import random
import re
import select
import socket
import struct
import sys
import threading
import time
from collections import defaultdict, deque
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import python_multipart

TOKEN = "123456789:canary-canary-canary-canary-canary"
TAG = re.compile(r"<(/?)([a-z-]*)([^<>]*)(>?)")
TAGS = {"b", "strong", "i", "em", "u", "s", "span", "a", "code", "pre", "blockquote"}


class State:
    def __init__(self, path: str) -> None:
        self.file = open(path, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        self.lock, self.changed = threading.RLock(), threading.Condition()
        self.reset()

    def reset(self) -> None:
        """As if nothing had been sent yet."""
        with self.lock:
            self.file.seek(0)
            self.file.truncate()
            self.accepted, self.requests, self.early = 0, [], 0
            self.windows = defaultdict(lambda: deque(maxlen=20))
            self.overall, self.closed_until = deque(maxlen=30), 0.0
        self.set({})

    def set(self, how: dict) -> None:
        with self.changed:
            common = {"rates": True, "faults": {}, "refuse": {}, "moved": {}, "unknown": False}
            self.how = common | {"hold": False, "delay": 0.0, "second": 1} | how
            self.dice = random.Random(self.how["faults"].get("seed", 0))
            self.changed.notify_all()

    def fault(self) -> tuple[str, str]:
        """One throw of the dice: (before | after, kind), or ("", "")."""
        with self.lock:
            throw = self.dice.random()
        for when in ("before", "after"):
            for kind, share in self.how["faults"].get(when, {}).items():
                if throw < share:
                    return when, kind
                throw -= share
        return "", ""

    def too_fast(self, chat: int) -> bool:
        limit, seconds = (20, 60) if chat < 0 else (3, 3)
        now = time.monotonic()
        with self.lock:
            if now < self.closed_until:
                self.early += 1
                return True
            times = self.windows[chat]
            full = len(times) >= limit and now - times[-limit] < seconds
            crowded = len(self.overall) == 30 and now - self.overall[0] < self.how["second"]
            if full or crowded:
                self.closed_until = now + 1
                self.overall.clear()  # when it opens again they are all older than a second
                return True
            times.append(now)
            self.overall.append(now)
            return False

    def accept(self, message: dict) -> int:
        with self.lock:
            number = self.accepted + 1
            self.file.write(json.dumps({"message_id": number} | message) + "\n")
            self.file.flush()
            os.fsync(self.file.fileno())
        with self.changed:
            self.accepted = number
            self.changed.notify_all()
        return number


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm, wbufsize = True, -1  # head and body in one packet, at once
    state: State

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _, root, *rest = self.path.split("/")
        if root == "set":
            self.state.set(json.loads(body))
            return self.answer(200, True)
        if root == "reset":
            self.state.reset()
            return self.answer(200, True)
        if root == "wait":
            goal = json.loads(body)
            with self.state.changed:
                self.state.changed.wait_for(lambda: self.state.accepted >= goal, 20)
            return self.answer(200, self.state.accepted)
        if root == "seen":
            return self.answer(200, {"requests": self.state.requests, "early": self.state.early})
        if root != f"bot{TOKEN}" or self.state.how["unknown"]:
            return self.refuse(401, "Unauthorized")
        return self.method(rest[0], self.form(body))

    def form(self, body: bytes) -> dict:
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        found: dict = {}
        if body:
            python_multipart.parse_form(
                {"Content-Type": kind.encode(), "Content-Length": str(len(body)).encode()},
                io.BytesIO(body),
                lambda field: found.__setitem__(field.field_name.decode(), field.value.decode()),
                lambda file: found.__setitem__(file.field_name.decode(), file.file_object.getvalue()),
            )
        return found

    def method(self, name: str, form: dict) -> None:
        if name == "getMe":
            return self.answer(200, {"id": 1, "is_bot": True, "first_name": "b", "username": "b_bot"})
        if name not in ("sendMessage", "sendPhoto"):
            return self.refuse(404, "Not Found: method not found")
        chat = int(form["chat_id"])
        when, kind = self.state.fault()
        with self.state.lock:
            self.state.requests.append([chat, name, f"{when} {kind}".strip()])
        if when == "before":
            return self.fail(kind)
        text = form["text" if name == "sendMessage" else "caption"]
        if self.refused(chat, name, text, form):
            return None
        photo = name == "sendPhoto"
        number = self.state.accept({
            "chat": chat, "text": text, "photo": photo, "fault": kind, "at": time.monotonic(),
            "html": form.get("parse_mode") == "HTML", "keyboard": form.get("reply_markup"),
            "preview": form.get("link_preview_options"),
        })  # fmt: skip
        time.sleep(self.state.how["delay"])
        with self.state.changed:
            self.state.changed.wait_for(lambda: not self.state.how["hold"], 20)
        if kind:
            return self.fail(kind)
        return self.answer(200, {"message_id": number, "date": 1, "chat": {"id": chat, "type": "private"}})

    def refused(self, chat: int, name: str, text: str, form: dict) -> bool:
        how = self.state.how
        if str(chat) in how["moved"]:
            more = {"migrate_to_chat_id": how["moved"][str(chat)]}
            self.refuse(400, "Bad Request: group chat was upgraded to a supergroup chat", more)
        elif str(chat) in how["refuse"]:
            self.refuse(*how["refuse"][str(chat)])
        elif how["rates"] and self.state.too_fast(chat):
            self.refuse(429, "Too Many Requests: retry after 1", {"retry_after": 1})
        elif wrong := mistake(name, text, form):
            self.refuse(400, f"Bad Request: {wrong}")
        else:
            return False
        return True

    def fail(self, kind: str) -> None:
        if kind == "429":
            return self.refuse(429, "Too Many Requests: retry after 1", {"retry_after": 1})
        if kind == "500":
            return self.refuse(500, "Internal Server Error")
        if kind == "garbage":
            return self.send_body(200, b"<html>gateway</html>")
        if kind == "timeout":
            select.select([self.connection], [], [], 10)  # until the client hangs up
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        return None

    def answer(self, status: int, result: object) -> None:
        self.send_body(status, json.dumps({"ok": True, "result": result}).encode())

    def refuse(self, status: int, description: str, parameters: dict | None = None) -> None:
        body = {"ok": False, "error_code": status, "description": description}
        self.send_body(status, json.dumps(body | ({"parameters": parameters} if parameters else {})).encode())

    def send_body(self, status: int, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()


def mistake(name: str, text: str, form: dict) -> str | None:
    """What the real server would object to, in its words."""
    if form.get("parse_mode") == "HTML":
        opened = []
        for slash, tag, _, end in TAG.findall(text):
            if not end or tag not in TAGS:
                return f'can\'t parse entities: Unsupported start tag "{tag}" at byte offset 0'
            if slash and (not opened or opened.pop() != tag):
                return "can't parse entities: Unexpected end tag at byte offset 0"
            if not slash:
                opened.append(tag)
        if opened:
            return f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1]}\""
        text = unescape(TAG.sub("", text))
    if not text.strip():
        return "message text is empty"
    if name == "sendPhoto" and not form["photo"].startswith(b"\x89PNG"):
        return "IMAGE_PROCESS_FAILED"
    if len(text) > (1024 if name == "sendPhoto" else 4096):
        return "message caption is too long" if name == "sendPhoto" else "message is too long"
    for row in json.loads(form.get("reply_markup", "{}")).get("inline_keyboard", []):
        if any(not 1 <= len(button["callback_data"].encode()) <= 64 for button in row):
            return "BUTTON_DATA_INVALID"
    return None


if __name__ == "__main__":

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            if not isinstance(sys.exc_info()[1], OSError):  # a client that was killed is nothing to speak of
                super().handle_error(request, client_address)

    Handler.state = State(sys.argv[1])
    server = Server(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()

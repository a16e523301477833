"""What the chat page remembers over restarts: messages, updates nobody has read yet, and notes.

One SQLite file. Each write is one transaction, so a crash leaves every message whole or absent.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS chat (chat_id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS message (
  chat_id INTEGER, message_id INTEGER, version INTEGER UNIQUE, body TEXT NOT NULL,
  PRIMARY KEY (chat_id, message_id)
);
CREATE TABLE IF NOT EXISTS waiting (update_id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Ledger:
    """The file behind a Room. Ids only ever grow, also over restarts."""

    def __init__(self, path: Path) -> None:
        # each statement is its own transaction
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def open_chat(self, chat_id: int) -> None:
        """From now on the chat exists."""
        self._db.execute("INSERT OR IGNORE INTO chat VALUES (?)", (chat_id,))

    def has_chat(self, chat_id: int) -> bool:
        """Whether the chat exists."""
        return self._db.execute("SELECT 1 FROM chat WHERE chat_id = ?", (chat_id,)).fetchone() is not None

    def next_message_id(self, chat_id: int) -> int:
        """The id the next message of this chat gets; the first is 1."""
        row = self._db.execute(
            "SELECT coalesce(max(message_id), 0) + 1 FROM message WHERE chat_id = ?", (chat_id,)
        ).fetchone()
        return int(row[0])

    def put_message(self, message: Json) -> None:
        """Write a message, or write it anew after an edit; either way it becomes the newest version."""
        self._db.execute(
            "INSERT OR REPLACE INTO message SELECT ?, ?, coalesce(max(version), 0) + 1, ? FROM message",
            (message["chat"]["id"], message["message_id"], json.dumps(message)),
        )

    def message(self, chat_id: int, message_id: int) -> Json | None:
        """One message as it stands now."""
        row = self._db.execute(
            "SELECT body FROM message WHERE chat_id = ? AND message_id = ?", (chat_id, message_id)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def messages(self, chat_id: int, after: int = 0, last: int = -1) -> list[tuple[int, Json]]:
        """(version, message) of what changed after version `after`, oldest change first.

        `last` keeps to that many newest messages of the chat; -1 is all of them.
        """
        rows = self._db.execute(
            "SELECT version, body FROM message WHERE chat_id = ? AND version > ?"
            " AND message_id IN (SELECT message_id FROM message WHERE chat_id = ?"
            " ORDER BY message_id DESC LIMIT ?) ORDER BY version",
            (chat_id, after, chat_id, last),
        )
        return [(version, json.loads(body)) for version, body in rows]

    def put_update(self, update: Json) -> None:
        """Queue an update for the bot."""
        self._db.execute("INSERT INTO waiting (body) VALUES (?)", (json.dumps(update),))

    def updates(self, limit: int) -> list[Json]:
        """The oldest unread updates."""
        rows = self._db.execute("SELECT update_id, body FROM waiting ORDER BY update_id LIMIT ?", (limit,))
        return [{"update_id": update_id, **json.loads(body)} for update_id, body in rows]

    def forget_updates(self, before: int | None = None, keep: int = 0) -> None:
        """Drop the updates before an id; without one, all but the newest `keep`."""
        if before is not None:
            self._db.execute("DELETE FROM waiting WHERE update_id < ?", (before,))
            return
        self._db.execute(
            "DELETE FROM waiting WHERE update_id NOT IN"
            " (SELECT update_id FROM waiting ORDER BY update_id DESC LIMIT ?)",
            (keep,),
        )

    def note(self, name: str) -> Any:
        """What was noted under this name, None if nothing."""
        row = self._db.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def put_note(self, name: str, value: Any) -> None:
        """Note a small thing."""
        self._db.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, json.dumps(value)))

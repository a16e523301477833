"""The terminal's lines: one a step, and no secret in any of them."""

import logging
import re
from collections.abc import Iterable

#: a bot token anywhere in a text
TOKEN = re.compile(r"\d{4,12}:[A-Za-z0-9_-]{30,}")
HIDDEN = "•••"


class Redacting(logging.Formatter):
    """Formats a record and hides tokens and the given secrets, tracebacks included."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(message)s", "%H:%M:%S")
        self.secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        text = TOKEN.sub(HIDDEN, super().format(record))
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        return text


def start(level: str, secrets: Iterable[str] = ()) -> None:
    """Log to stderr; libraries that print URLs stay quiet below WARNING."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in (
        "httpx",
        "httpcore",
        "apscheduler",
        "telegram",
        "uvicorn",
        "matplotlib",
        "PIL",
        "asyncio",
        "alembic",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger(noisy).level))

"""What is wrong with this installation, in sentences a person can act on."""

import importlib.util
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot.registry import all_feeds, all_indicators
from bot.settings import SAMPLE, Settings, feed_settings
from storage import calendar
from storage.database import connect, migrate, schema_revision

#: SQLite before this can corrupt a WAL database written by several connections at once
SAFE_SQLITE = (3, 51, 3)
#: the packages that carry the typefaces of charts
FONTS = ("matplotlib", "pylopdf_fonts_zh_tw", "pylopdf_fonts_zh_cn")


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    says: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a run needs; nothing is sent anywhere."""
    return [*_settings(settings), *_storage(settings), *_feeds(settings), _clock(), _fonts()]


def _settings(settings: Settings) -> Iterator[Finding]:
    if settings.telegram_bot_token is None:
        yield Finding("settings", True, f"no TELEGRAM_BOT_TOKEN: chat page on port {settings.chat_port}")
    else:
        yield Finding("settings", True, f"Telegram by {settings.telegram_api_url}")
    unknown = [name for name in settings.feeds if name not in all_feeds()]
    if unknown:
        known = ", ".join(all_feeds())
        yield Finding("settings", False, f"FEEDS names {', '.join(unknown)}; there are {known}")
    if settings.access != "open" and not settings.owner_ids:
        yield Finding("settings", False, f"ACCESS={settings.access} but OWNER_IDS is empty: nobody may write")


def _storage(settings: Settings) -> Iterator[Finding]:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        probe = settings.data_dir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield Finding("data folder", False, f"{settings.data_dir} cannot be written: {error.strerror}")
        return
    yield Finding("data folder", True, str(settings.data_dir))
    engine = connect(settings.url)
    try:
        migrate(engine)
        where = engine.url.render_as_string(hide_password=True)
        yield Finding("database", True, f"{where} at revision {schema_revision(engine)}")
    except SQLAlchemyError as error:
        yield Finding("database", False, f"cannot be used ({type(error).__name__}): check DATABASE_URL")
    finally:
        engine.dispose()
    if engine.dialect.name == "sqlite" and sqlite3.sqlite_version_info < SAFE_SQLITE:
        yield Finding(
            "database", True,
            f"SQLite {sqlite3.sqlite_version} is older than 3.51.3: run one process on it, and keep backups",
        )  # fmt: skip


def _feeds(settings: Settings) -> Iterator[Finding]:
    for feed in all_feeds().values():
        values = feed_settings(feed)
        missing = [name for name in feed.needs if not values.get(name)]
        if missing:
            yield Finding(
                f"feed {feed.name}", feed.name not in settings.feeds, f"off: set {', '.join(missing)}"
            )
        elif feed.name != SAMPLE:
            kind = "reads files" if feed.fetch is None else "ready"
            yield Finding(f"feed {feed.name}", True, kind)
    yield Finding("indicators", True, ", ".join(all_indicators()))


def _clock() -> Finding:
    now = datetime.now(UTC)
    session = calendar.last_session(now)
    sane = now.year >= 2025
    return Finding("clock", sane, f"{now:%Y-%m-%d %H:%M} UTC; the exchange's newest session is {session}")


def _fonts() -> Finding:
    missing = [name for name in FONTS if importlib.util.find_spec(name) is None]
    return Finding("fonts", not missing, f"missing: {', '.join(missing)}" if missing else "Latin and Chinese")

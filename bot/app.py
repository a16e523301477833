"""Assembly: settings → a running bot on Telegram, or on the local chat page where there is no token."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from telegram import BotCommand, Update
from telegram.error import InvalidToken, NetworkError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    BaseUpdateProcessor,
    CallbackQueryHandler,
    MessageHandler,
    filters,
)

from bot import desk, jobs, sources
from bot.commentary import charts
from bot.commentary.languages import CHINESE, translator
from bot.compose import composer
from bot.delivery.limiter import Limiter
from bot.delivery.sender import Sender
from bot.errors import CannotError
from bot.listen import listener
from bot.registry import all_commands
from bot.rooms import Rooms, open_rooms
from bot.schedule import Scheduler
from bot.settings import Settings
from feeds._http import Http
from storage.pace import database_pace

log = logging.getLogger("bellwether")

#: the local chat page's bot: a token of the right form that opens nothing anywhere
LOCAL_TOKEN = "1000000001:local-chat-page-opens-nothing-elsewhere"


@dataclass
class Clock:
    """The market's now: wall time, unless a replay or the sample market sets it."""

    moment: datetime | None = None

    def now(self) -> datetime:
        return self.moment or datetime.now(UTC)


@dataclass
class Running:
    """A bot that is up."""

    settings: Settings
    rooms: Rooms
    clock: Clock
    http: Http
    sender: Sender
    application: Application[Any, Any, Any, Any, Any, Any]
    #: where the chat page is, if it is open
    url: str | None
    #: set when the program is told to end
    stop: asyncio.Event


class InOrder(BaseUpdateProcessor):
    """Several chats at once, but the messages of one chat one after the other."""

    def __init__(self) -> None:
        super().__init__(16)
        self._locks: dict[int, asyncio.Lock] = {}

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        chat = update.effective_chat if isinstance(update, Update) else None
        async with self._locks.setdefault(chat.id if chat else 0, asyncio.Lock()):
            await coroutine

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to close."""


@asynccontextmanager
async def running(
    settings: Settings, clock: Clock, stop: asyncio.Event | None = None
) -> AsyncIterator[Running]:
    """Bring the bot up, give it to the caller, and take it down again within ten seconds.

    `stop` is set from outside to end it; without one the caller sets `Running.stop`.
    """
    async with AsyncExitStack() as stack:
        rooms = await asyncio.to_thread(open_rooms, settings)
        stack.callback(rooms.engine.dispose)
        await asyncio.to_thread(desk.plant, rooms, datetime.now(UTC))
        token, api, url = LOCAL_TOKEN, settings.telegram_api_url, None
        if settings.telegram_bot_token is not None:
            token = settings.telegram_bot_token.get_secret_value()
        else:
            from bot.chat.server import serve

            url = api = await stack.enter_async_context(serve(settings.data_dir, settings.chat_port, token))
            log.info("chat      open %s in a browser", url)
        http = await stack.enter_async_context(Http(database_pace(rooms.engine)))
        application = _application(token, api)
        sender = Sender(
            rooms.engine, application.bot, composer(rooms, sample=settings.is_sample), charts.draw
        )
        up = Running(settings, rooms, clock, http, sender, application, url, stop or asyncio.Event())
        sender.on_fatal = up.stop.set
        listen = listener(up)
        application.add_handler(MessageHandler(filters.UpdateType.MESSAGE, listen))
        application.add_handler(CallbackQueryHandler(listen))
        stack.push_async_callback(application.shutdown)
        stack.push_async_callback(application.bot.shutdown)
        await _initialise(application)
        await _set_menu(application, settings.default_language)
        await application.start()
        stack.push_async_callback(application.stop)
        assert application.updater is not None
        await application.updater.start_polling(
            timeout=10, bootstrap_retries=-1, allowed_updates=[Update.MESSAGE, Update.CALLBACK_QUERY]
        )
        task = asyncio.create_task(sender.run())
        try:
            yield up
        finally:
            await asyncio.gather(application.updater.stop(), sender.stop())
            await asyncio.gather(task, return_exceptions=True)


def _application(token: str, api: str) -> Application[Any, Any, Any, Any, Any, Any]:
    root = api.rstrip("/")
    return (
        ApplicationBuilder()
        .token(token)
        .base_url(f"{root}/bot")
        .base_file_url(f"{root}/file/bot")
        .rate_limiter(Limiter())
        .concurrent_updates(InOrder())
        .build()
    )


async def _initialise(application: Application[Any, Any, Any, Any, Any, Any]) -> None:
    """Meet Telegram; while it cannot be reached, try again at growing intervals up to a minute."""
    pause = 1.0
    while True:
        try:
            return await application.initialize()
        except InvalidToken:
            raise CannotError("Telegram refused the token: check TELEGRAM_BOT_TOKEN") from None
        except NetworkError as error:
            log.warning(
                "telegram  cannot be reached (%s); trying again in %.0f s", type(error).__name__, pause
            )
            await asyncio.sleep(pause)
            pause = min(pause * 2, 60.0)


async def _set_menu(application: Application[Any, Any, Any, Any, Any, Any], default: str) -> None:
    """The menu in the default language, and for those whose Telegram speaks English or Chinese."""
    # Telegram's languages of menus have two letters, which do not tell the scripts of Chinese apart
    chinese = default if default in CHINESE else CHINESE[0]
    for code, language in ((None, default), ("en", "en"), ("zh", chinese)):
        _ = translator(language)
        menu = [BotCommand(command.name, _(command.about)) for command in all_commands().values()]
        await application.bot.set_my_commands(menu, language_code=code)


def start_schedule(up: Running) -> None:
    """Look every minute at what is due; missed minutes are one look."""
    scheduler = Scheduler(up.rooms.engine, jobs.live(up.rooms, sources.live(up.settings, up.http)))

    async def tick(_: Any) -> None:
        await scheduler.tick()
        up.sender.wake()

    assert up.application.job_queue is not None
    up.application.job_queue.run_custom(
        tick,
        {
            "trigger": CronTrigger(second=0, timezone="UTC"),
            "misfire_grace_time": None,
            "coalesce": True,
            "max_instances": 1,
        },
    )


async def run(settings: Settings) -> None:
    """Run the bot until it is told to stop: live with a token or chosen feeds, else the sample market."""
    async with running(settings, Clock(), _stop_on_signals()) as up:
        await asyncio.to_thread(desk.look_again, up.rooms, datetime.now(UTC))
        if settings.is_sample:
            from bot.play import sample

            await sample(up)
        else:
            start_schedule(up)
        await up.stop.wait()
        log.info("stop      finishing what is under way")


async def replay_days(settings: Settings, first: date, last: date, speed: float | None) -> dict[str, int]:
    """Replay recorded days with everything up, and say what came of it."""
    from bot.delivery import outbox
    from bot.play import replay

    async with running(settings, Clock(), _stop_on_signals()) as up:
        before = await asyncio.to_thread(outbox.counts, up.rooms.engine)
        slots = await replay(up, first, last, speed)
        after = await asyncio.to_thread(outbox.counts, up.rooms.engine)
    told = {
        name: after.get(name, 0) - before.get(name, 0) for name in ("sent", "suppressed", "expired", "dead")
    }
    return {"slots": slots, **told}


def _stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set, from the first moment on."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    return stop

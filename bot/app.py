"""Assembly: settings → a running bot on Telegram, or on the local chat page where there is no token."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from telegram import BotCommand, CallbackQuery, Update
from telegram.error import InvalidToken, NetworkError, TelegramError
from telegram.ext import (
    Application,
    ApplicationBuilder,
    BaseUpdateProcessor,
    CallbackQueryHandler,
    MessageHandler,
    filters,
)

from bot import dispatch, health, jobs, sources
from bot.alerts import record as track
from bot.commands import Context
from bot.commentary import Message, charts, phrases
from bot.commentary.languages import CHINESE, N_, normalise, translator
from bot.commentary.numbers import write
from bot.commentary.stored import chart_from_json, from_row
from bot.delivery.limiter import Limiter
from bot.delivery.outbox import Claimed
from bot.delivery.sender import Sender
from bot.errors import CannotError
from bot.registry import all_commands, all_indicators
from bot.rooms import Rooms, open_rooms
from bot.schedule import Scheduler
from bot.settings import SAMPLE, Settings
from feeds._http import Http
from storage import journal, people
from storage.database import reading
from storage.pace import database_pace

log = logging.getLogger("bellwether")

_PRIVATE = N_("This bot is private: its owner decides who may use it.")
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
        token, api, url = LOCAL_TOKEN, settings.telegram_api_url, None
        if settings.telegram_bot_token is not None:
            token = settings.telegram_bot_token.get_secret_value()
        else:
            from bot.chat.server import serve

            url = api = await stack.enter_async_context(serve(settings.data_dir, settings.chat_port, token))
            log.info("chat      open %s in a browser", url)
        http = await stack.enter_async_context(Http(database_pace(rooms.engine)))
        application = _application(token, api)
        sender = Sender(rooms.engine, application.bot, _composer(rooms), charts.draw)
        up = Running(settings, rooms, clock, http, sender, application, url, stop or asyncio.Event())
        sender.on_fatal = up.stop.set
        listen = _listener(up)
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


def _composer(rooms: Rooms) -> Callable[[Claimed], Message]:
    """What a delivery says: made from the stored signal alone, so text, chart and /why agree."""

    def compose(claimed: Claimed) -> Message:
        with reading(rooms.engine) as session:
            told = journal.told(session, claimed.flip_id)
            flip = told.flip
            if flip.indicator == health.NAME:
                return health.say(told.signal, claimed.reason, claimed.language)
            record = track.measure(session, flip.indicator, flip.after, flip.as_of)
        signal = from_row(told.signal)
        sentence, figures = track.sentence(record)
        chart = chart_from_json(told.signal.chart) if told.signal.chart else None
        return phrases.alert(
            all_indicators()[signal.indicator], signal, told.flip.before,
            claimed.reason, claimed.language,
            sample=SAMPLE in signal.source, chart=chart,
            record=write(sentence, figures, translator(claimed.language), claimed.language),
        )  # fmt: skip

    return compose


def _listener(up: Running) -> Callable[[Update, Any], Coroutine[Any, Any, None]]:
    async def listen(update: Update, _: Any) -> None:
        chat, user, text = update.effective_chat, update.effective_user, _said(update)
        if chat is None or not text:
            return
        if not await asyncio.to_thread(
            journal.first_time, up.rooms.engine, update.update_id, datetime.now(UTC)
        ):
            return
        meant = dispatch.read(text, up.application.bot.username)
        if meant is None or (not meant[0] and chat.type != "private"):
            return
        language = await asyncio.to_thread(_language, up, chat.id, user.language_code if user else None)
        if update.callback_query is not None:
            await _acknowledge(update.callback_query)
        if not _allowed(up, user.id if user else None):
            await up.sender.reply(chat.id, Message(translator(language)(_PRIVATE)))
            return
        context = Context(
            up.rooms, chat.id, chat.type, language, up.clock.now(), datetime.now(UTC), up.settings.is_sample,
            owner=_owns(up, user.id if user else None),
        )  # fmt: skip
        answers = await asyncio.to_thread(dispatch.answer, context, *meant, all_commands())
        log.info("command   /%s from %s", meant[0] or "…", chat.id)
        for each in answers:
            await up.sender.reply(chat.id, each, language)
        up.sender.wake()

    return listen


def _said(update: Update) -> str | None:
    """What a person typed, or the command behind the button they pressed, written as it is typed."""
    if update.callback_query is not None:
        return update.callback_query.data
    return None if update.effective_message is None else update.effective_message.text


async def _acknowledge(query: CallbackQuery) -> None:
    """Let the button's clock end; one pressed too long ago needs no answer."""
    try:
        await query.answer()
    except TelegramError as error:
        log.info("button    not acknowledged: %s", type(error).__name__)


def _language(up: Running, chat_id: int, code: str | None) -> str:
    """What a chat reads: the language kept for it, else what its Telegram speaks, else the default."""
    with reading(up.rooms.engine) as session:
        known = people.person(session, chat_id)
    return known.language if known else normalise(code, up.settings.default_language)


def _allowed(up: Running, user_id: int | None) -> bool:
    """Whether a person may use the bot; without ACCESS=open only owners may."""
    return up.settings.access == "open" or (user_id is not None and user_id in up.settings.owner_ids)


def _owns(up: Running, user_id: int | None) -> bool:
    """Whether a person owns the bot; on the local chat page, where nobody is named, whoever sits there."""
    owners = up.settings.owner_ids
    return user_id in owners if owners else up.url is not None


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

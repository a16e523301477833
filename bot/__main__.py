"""The command line: run, load, read, replay, value, fact, doctor. Heavy imports wait for their call."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import CannotError

if TYPE_CHECKING:
    from bot.settings import Settings


def main(argv: Sequence[str] | None = None) -> int:
    """Run one call; 0 done, 1 could not (one sentence on stderr), 2 wrong usage."""
    arguments = _parser().parse_args(argv)
    from pydantic import ValidationError

    from bot import logs
    from bot.settings import Settings

    try:
        settings = Settings()
        logs.start(settings.log_level, _secrets(settings))
        return int(arguments.call(settings, arguments) or 0)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        return _fail(f"a setting is not valid: {problems}")
    except CannotError as error:
        return _fail(str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _fail(sentence: str) -> int:
    print(f"bellwether: {sentence}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bellwether", description="A Telegram bot for US markets.")
    calls = parser.add_subparsers(required=True, metavar="CALL")
    run = calls.add_parser("run", help="the bot: schedule, engine, alerts, chat")
    run.set_defaults(call=_run)
    load = calls.add_parser("load", help="recorded answers of a feed into storage")
    load.add_argument("feed")
    load.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder of files")
    load.set_defaults(call=_load)
    read = calls.add_parser("read", help="signals as of a moment, from storage")
    read.add_argument("indicator", nargs="?")
    read.add_argument("--subject", type=str.upper, help="a ticker, or MARKET")
    read.add_argument("--as-of", type=_moment, help="ISO 8601 with zone, or a date: 20:00 in New York")
    read.set_defaults(call=_read)
    replay = calls.add_parser("replay", help="the schedule over recorded days, alerts included")
    replay.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
    replay.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
    replay.add_argument("--speed", type=float, help="times faster than the market; default: no pauses")
    replay.set_defaults(call=_replay)
    value = calls.add_parser("value", help="the valuation desk: what companies are worth against their sales")
    value.add_argument("entities", nargs="+", metavar="ENTITY", help="a company's name, or `list`")
    value.add_argument("--as-of", type=_moment, help="ISO 8601 with zone, or a date: 20:00 in New York")
    value.set_defaults(call=_value)
    fact = calls.add_parser("fact", help="add or correct a fact, in the words of /admin")
    fact.add_argument("words", nargs="+", metavar="WORD", help="fact …, correct … or company …")
    fact.set_defaults(call=_fact)
    doctor = calls.add_parser("doctor", help="check settings, database, feeds, clock, fonts")
    doctor.set_defaults(call=_doctor)
    for each in (load, read, replay, value, fact, doctor):
        each.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


def _moment(text: str) -> datetime:
    """A moment, from ISO 8601 with a zone or a date (20:00 New York, when all of that day is known)."""
    from storage import calendar

    try:
        return calendar.day_end(date.fromisoformat(text))
    except ValueError:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise argparse.ArgumentTypeError(f"{text} has no time zone, such as {text}Z") from None
        return moment


def _secrets(settings: "Settings") -> Iterable[str]:
    from bot.registry import all_feeds
    from bot.settings import feed_settings

    for feed in all_feeds().values():
        values = feed_settings(feed)
        yield from (values[setting.name] for setting in feed.settings if setting.secret)
    for secret in (settings.telegram_bot_token, settings.database_url):
        if secret is not None:
            yield secret.get_secret_value()


def _run(settings: "Settings", _: argparse.Namespace) -> None:
    from bot.app import run
    from bot.settings import SAMPLE

    if settings.telegram_bot_token is None and not settings.feeds:
        settings = settings.model_copy(update={"feeds": (SAMPLE,)})
    asyncio.run(_or_sentence(run(settings)))


async def _or_sentence(work: Any) -> Any:
    """Await `work`; what a machine can refuse (a port, a disk, a database) becomes one sentence."""
    from sqlalchemy.exc import OperationalError

    try:
        return await work
    except OSError as error:
        raise CannotError(f"the machine refused: {error}") from error
    except OperationalError as error:
        raise CannotError(f"the database cannot be used: {error.orig}") from error


def _load(settings: "Settings", arguments: argparse.Namespace) -> None:
    from datetime import UTC

    from bot.pipeline import take_in
    from bot.registry import all_feeds
    from bot.rooms import open_rooms
    from feeds import Raw

    feed = all_feeds().get(arguments.feed)
    if feed is None:
        raise CannotError(f"there is no feed {arguments.feed}; there are {', '.join(all_feeds())}")
    files = [file for path in arguments.paths for file in _files(path)]
    rooms = open_rooms(settings)
    for file in files:
        account = take_in(rooms, feed, Raw(file.name, file.read_bytes()), datetime.now(UTC))
        if arguments.json:
            print(json.dumps(account.as_json()))
            continue
        print(
            f"{account.file}: received {account.received} = accepted {account.accepted} "
            f"+ quarantined {account.quarantined}; {account.new} new"
        )
        for reason, count in account.reasons.items():
            print(f"  {count} × {reason}")


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if not path.is_file():
        raise CannotError(f"{path} is not there")
    return [path]


def _read(settings: "Settings", arguments: argparse.Namespace) -> None:
    from datetime import UTC

    from bot.commentary.numbers import moment
    from bot.pipeline import look
    from bot.registry import all_indicators
    from bot.rooms import open_rooms

    indicators = all_indicators()
    if arguments.indicator is not None and arguments.indicator not in indicators:
        raise CannotError(f"there is no indicator {arguments.indicator}; there are {', '.join(indicators)}")
    as_of = arguments.as_of or datetime.now(UTC)
    subjects = [arguments.subject] if arguments.subject else None
    rooms = open_rooms(settings)
    said = 0
    for name, indicator in indicators.items():
        if arguments.indicator in (None, name):
            for signal in indicator.compute(look(rooms, indicator, as_of, subjects), subjects):
                _say(signal, arguments.json)
                said += 1
    if not said:
        of = arguments.subject or "any subject"
        raise CannotError(f"nothing is known of {of} as of {moment(as_of)}")


def _say(signal: Any, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        print(json.dumps(asdict(signal) | {"as_of": signal.as_of.isoformat()}, ensure_ascii=False))
        return
    print(
        f"{signal.indicator} {signal.subject}: {signal.state} (strength {signal.strength:+.2f}, quality "
        f"{signal.quality}, n = {signal.n}) as of {signal.as_of.isoformat()}, {signal.source}"
    )
    for name, value in signal.facts.items():
        print(f"  {name} = {'not known' if value is None else value}")


def _value(settings: "Settings", arguments: argparse.Namespace) -> None:
    from bot.on_desk import value

    for line in value(settings, arguments.entities, arguments.as_of, as_json=arguments.json):
        print(line)


def _fact(settings: "Settings", arguments: argparse.Namespace) -> None:
    from bot.on_desk import fact

    print(fact(settings, " ".join(arguments.words), as_json=arguments.json))


def _replay(settings: "Settings", arguments: argparse.Namespace) -> None:
    from bot.app import replay_days

    if arguments.first > arguments.last:
        raise CannotError(f"--from {arguments.first} is after --to {arguments.last}")
    told = asyncio.run(_or_sentence(replay_days(settings, arguments.first, arguments.last, arguments.speed)))
    if arguments.json:
        print(json.dumps(told))
    else:
        print("; ".join(f"{name} {value}" for name, value in told.items()))


def _doctor(settings: "Settings", arguments: argparse.Namespace) -> int:
    from bot.doctor import examine

    findings = examine(settings)
    for finding in findings:
        if arguments.json:
            print(json.dumps(finding.as_json(), ensure_ascii=False))
        else:
            print(f"{'ok  ' if finding.ok else 'BAD '} {finding.what}: {finding.says}")
    return 0 if all(finding.ok for finding in findings) else 1


if __name__ == "__main__":
    raise SystemExit(main())

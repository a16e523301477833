"""What every unit promises, over every unit; and that one new file is enough to add one."""

import importlib
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest
from sqlalchemy import Engine

from bot.commands import Command, UserError
from bot.commentary.numbers import slots
from bot.commentary.stored import chart_from_json, chart_to_json
from bot.docs import PAGES
from bot.pipeline import look
from bot.registry import all_commands, all_feeds, all_indicators, units
from bot.rooms import Rooms
from bot.settings import Settings
from feeds import Feed, FeedError, Raw
from feeds.sample import FIRST_SESSION, day
from indicators import Indicator
from storage import calendar
from storage.database import connect, migrate, writing
from storage.intake import insert_new
from storage.tape import Tape, TapeStore

#: the last session of the sample market that tests look at
SAMPLE_UNTIL = date(2024, 2, 13)
NOW = datetime(2024, 3, 4, 21, 45, tzinfo=UTC)
ROOT = Path(__file__).parents[1]

GARBAGE = [
    b"", b"\x00\xff\xfe", b"<html><body>Please log in</body></html>", b"{", b"[" * 50_000, b"null", b"[]",
    b"a,b,c\n1,2,3\n", b"PAR1garbagePAR1", b'{"data": [{"price": NaN}]}', b"\x1f\x8b\x08broken",
    "Datum;Kürzel\n".encode("latin-1"), b"9" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("name", all_feeds())
def test_a_feed_accounts_for_whatever_comes_and_never_raises_anything_else(name: str) -> None:
    feed = all_feeds()[name]
    for body in GARBAGE:
        try:
            parsed = feed.parse(Raw("garbage", body))
        except FeedError as error:
            assert str(error)
            continue
        assert parsed.received == parsed.accepted_rows + len(parsed.bad)
        assert set(parsed.accepted) <= set(feed.gives)
        assert all(bad.reason for bad in parsed.bad)


@pytest.mark.parametrize("name", all_feeds())
def test_a_feed_says_what_it_is_and_needs_only_settings_it_declares(name: str) -> None:
    feed = all_feeds()[name]
    assert feed.about
    assert feed.gives
    declared = {setting.name for setting in feed.settings}
    assert set(feed.needs) <= declared
    for setting in feed.settings:
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", setting.name)
        assert setting.about
        assert not (setting.secret and setting.default)


@pytest.mark.parametrize("name", all_indicators())
def test_an_indicator_says_nothing_of_an_empty_house(name: str, engine: Engine, tapes: TapeStore) -> None:
    indicator = all_indicators()[name]
    rooms = Rooms(engine, tapes)
    assert list(indicator.compute(look(rooms, indicator, NOW), None)) == []
    assert list(indicator.compute(look(rooms, indicator, NOW, ["NVDA"]), ["NVDA"])) == []


@pytest.mark.parametrize("name", all_indicators())
def test_an_indicator_explains_itself(name: str) -> None:
    indicator = all_indicators()[name]
    assert indicator.rest in indicator.states
    assert not indicator.states[indicator.rest].loud
    assert any(state.loud for state in indicator.states.values())
    assert indicator.sentences
    for text in (indicator.title, indicator.method, indicator.source):
        assert text
    slots = {
        slot for state in indicator.states.values() for _, slot, _, _ in Formatter().parse(state.headline)
    }
    assert slots <= {None, "subject"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Rooms:
    """Thirty sessions of the sample market, at rest."""
    folder = tmp_path_factory.mktemp("sample")
    engine = connect(f"sqlite:///{folder / 'sample.sqlite'}")
    migrate(engine)
    rooms = Rooms(engine, TapeStore(folder / "tape"))
    for session in calendar.sessions(FIRST_SESSION, SAMPLE_UNTIL):
        for kind, table in day(session).items():
            if isinstance(kind, Tape):
                rooms.tapes.append(kind, table)
            else:
                with writing(engine) as writer:
                    insert_new(writer, kind, table.to_pylist())
    return rooms


@pytest.mark.parametrize("name", all_indicators())
def test_every_fact_a_sentence_names_is_given_and_every_signal_can_be_drawn(name: str, sample: Rooms) -> None:
    indicator = all_indicators()[name]
    as_of = calendar.day_end(SAMPLE_UNTIL)
    named = {fact for sentence in indicator.sentences for fact, _ in slots(sentence)} - {"subject"}
    seen = look(sample, indicator, as_of)
    for signal in list(indicator.compute(seen, None))[:4]:
        assert named <= signal.facts.keys()
        assert signal.as_of == as_of
        chart = indicator.chart(look(sample, indicator, as_of, [signal.subject]), signal)
        assert chart_from_json(chart_to_json(chart)) is not None


@pytest.mark.parametrize("name", all_commands())
def test_a_commands_example_parses_and_its_menu_line_fits(name: str) -> None:
    command = all_commands()[name]
    assert re.fullmatch(r"[a-z]{1,32}", command.name)
    assert 3 <= len(command.about) <= 256
    assert command.example.startswith(f"/{name}")
    command.parse(command.example.removeprefix(f"/{name}").strip())


@pytest.mark.parametrize("name", all_commands())
def test_a_command_refuses_with_a_sentence_or_accepts(name: str) -> None:
    for words in ("", "ß", "NVDA TSLA", "x" * 5000, "\x00", "<b>", "'; DROP TABLE watch"):
        try:
            all_commands()[name].parse(words)
        except UserError as error:
            assert len(str(error)) < 300


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_generated_pages_are_current(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path](), "run `make docs`"


def test_every_setting_of_the_program_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


NEW_UNITS = {
    "feeds": (
        "from feeds import Feed, Parsed\nfrom storage.tables import Bar\n"
        "FEED = Feed('newcomer', 'A new source.', (Bar,), lambda raw: Parsed())\n"
    ),
    "indicators": (
        "from datetime import timedelta\nfrom indicators import Chart, Indicator, State\n"
        "INDICATOR = Indicator('newcomer', 'New', (), timedelta(1), lambda f, s: iter(()),\n"
        "    lambda f, s: Chart('', (), ()), {'rest': State('{subject}', False)}, 'rest', (), 'm', 's')\n"
    ),
    "bot.commands": (
        "from bot.commands import Command, nothing\n"
        "COMMAND = Command('newcomer', '', 'A new command', '/newcomer', nothing, lambda c, _: [])\n"
    ),
}


@pytest.mark.parametrize("package", NEW_UNITS)
def test_one_new_file_is_enough_and_a_wrong_name_is_refused(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(package)
    constant, kind = {
        "feeds": ("FEED", Feed), "indicators": ("INDICATOR", Indicator), "bot.commands": ("COMMAND", Command)
    }[package]  # fmt: skip
    (tmp_path / "newcomer.py").write_text(NEW_UNITS[package])
    monkeypatch.setattr(module, "__path__", [*module.__path__, str(tmp_path)])
    try:
        assert "newcomer" in units(module, constant, kind)
        (tmp_path / "misnamed.py").write_text(NEW_UNITS[package])
        with pytest.raises(TypeError, match="misnamed"):
            units(module, constant, kind)
    finally:
        for name in ("newcomer", "misnamed"):
            sys.modules.pop(f"{package}.{name}", None)


def test_files_stay_small_enough_to_be_one_thing() -> None:
    rooms = (ROOT / room for room in ("bot", "feeds", "indicators", "storage"))
    files = (file for room in rooms for file in room.rglob("*.py") if "migrations" not in file.parts)
    assert {file.name: n for file in files if (n := len(file.read_text().splitlines())) > 300} == {}


def test_nothing_names_a_package_index_or_a_path_of_a_machine() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--hash=sha256:" in lock
    assert not [line for line in lock.splitlines() if line.startswith("-")]

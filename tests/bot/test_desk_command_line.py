"""`bellwether value` and `bellwether fact`: the keys programs rely on, and one sentence where it cannot."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine

from bot import desk
from bot.__main__ import main
from bot.rooms import open_rooms
from bot.settings import Settings

NOW = datetime(2026, 1, 15, 21, 45, tzinfo=UTC)
FACT = "fact SpaceX valuation $900B as_of=2026-01-08 basis=secondary from=Bloomberg"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the program has been called once."""
    folder = tmp_path_factory.mktemp("planted") / "data"
    rooms = open_rooms(Settings(bellwether_data_dir=folder, database_url=None, feeds=(), _env_file=None))
    desk.plant(rooms, NOW)
    rooms.engine.dispose()
    return folder


@pytest.fixture
def call(planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Call the program in one house: (exit code, lines of stdout, sentences of stderr)."""
    shutil.copytree(planted, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BELLWETHER_DATA_DIR", str(tmp_path / "data"))
    for name in ("TELEGRAM_BOT_TOKEN", "FEEDS", "DATABASE_URL", "DEFAULT_LANGUAGE"):
        monkeypatch.delenv(name, raising=False)

    def said(*words: str) -> tuple[int, list[str], list[str]]:
        with time_machine.travel(NOW, tick=False):
            code = main(words)
        out, err = capsys.readouterr()
        # what begins with a time is the log
        return code, out.splitlines(), [line for line in err.splitlines() if not line[:2].isdigit()]

    return said


def test_a_card_as_json_has_what_programs_rely_on(call) -> None:
    code, (line,), err = call("value", "太空探索技術公司", "--json")
    assert (code, err) == (0, [])
    card = json.loads(line)
    assert card["entity"] == "SpaceX"
    assert datetime.fromisoformat(card["as_of"]) == NOW
    needed = {
        "marks": {"value_usd", "kind", "basis", "as_of", "source"},
        "revenues": {"value_usd", "kind", "basis", "as_of", "source"},
        "multiples": {"name", "low", "high", "numerator", "denominator", "kind"},
        "required_growth": {"multiple", "return", "revenue_usd", "cagr"},
        "contradictions": {"metric", "rule", "low", "high", "sources"},
    }
    for name, keys in needed.items():
        assert card[name], name
        assert all(keys <= row.keys() for row in card[name]), name
    assert card["peers"] == []  # no price is known
    assert card["commentary"].keys() == {"zh-Hant", "zh-Hans", "en"}
    # 800 ÷ 15: the mark that stands by the sales of its year
    first = card["multiples"][0]
    assert (first["name"], round(first["low"], 2), round(first["high"], 2)) == ("P/S 2025E", 53.33, 53.33)
    assert {mark["value_usd"] for mark in card["marks"] if mark["current"]} == {800 * 10**9, 1500 * 10**9}
    assert "53.3×" in card["commentary"]["en"]
    assert "NaN" not in line


def test_several_and_all_are_a_line_each(call) -> None:
    code, lines, _ = call("value", "openai", "TSLA", "--json")
    assert code == 0
    assert [json.loads(line)["entity"] for line in lines] == ["OpenAI", "Tesla"]
    code, lines, _ = call("value", "list", "--json")
    assert {"OpenAI", "SpaceX", "Tesla", "Rocket Lab"} <= {json.loads(line)["entity"] for line in lines}


def test_a_card_is_read_without_markup(call) -> None:
    code, lines, err = call("value", "SpaceX")
    assert (code, err) == (0, [])
    assert lines[0] == "SpaceX · private; an IPO is planned"
    assert any(line.startswith("💵 $800B — secondary sale of shares") for line in lines)
    assert {"SpaceX · Peers", "SpaceX · Sources"} <= {*lines}


def test_a_card_of_the_past_knows_what_was_known_then(call) -> None:
    _, (line,), _ = call("value", "SpaceX", "--as-of", "2025-11-28", "--json")
    card = json.loads(line)
    assert [mark["value_usd"] for mark in card["marks"] if mark["headline"]] == [400 * 10**9]
    assert not any(mark["as_of"] >= "2025-12" for mark in card["marks"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("value", "spacx"), "No company “spacx” is known; near: SpaceX"),
        (("value", "SpaceX", "qqqqqq", "--json"), "No company “qqqqqq” is known; near: SpaceX, OpenAI"),
        (("value", "Starlink"), "no valuation of Starlink is known as of 2026-01-15 16:45 ET"),
        (
            ("value", "SpaceX", "--as-of", "1990-01-01"),
            "no valuation of SpaceX is known as of 1990-01-01 20:00 ET",
        ),
        (("fact", "nonsense"), "Owners write /admin fact"),
        (("fact", FACT.replace("SpaceX", "spacx")), "No company “spacx” is known; near: SpaceX"),
        (("fact", "correct", "V999", "$1B", "from=X"), "There is no fact “V999”"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_exit_code_one(
    words: tuple[str, ...], says: str, call
) -> None:
    code, out, sentences = call(*words)
    assert (code, out) == (1, [])
    (sentence,) = sentences
    assert sentence.startswith(f"bellwether: {says}")


def test_a_fact_is_stored_once_and_corrected(call) -> None:
    code, (line,), _ = call(*("fact", *FACT.split(), "--json"))
    done = json.loads(line)
    assert code == 0
    assert (done["new"], done["alerts"]) == (True, 0)
    _, (again,), _ = call(*("fact", *FACT.split(), "--json"))
    assert json.loads(again) == {"stored": done["stored"], "new": False, "alerts": 0}
    code, (line,), _ = call("fact", "correct", done["stored"], "$910B", "from=Reuters")
    assert code == 0
    assert line.startswith("stored F")
    _, (line,), _ = call("value", "SpaceX", "--json")
    assert 910 * 10**9 in {mark["value_usd"] for mark in json.loads(line)["marks"] if mark["headline"]}

"""/language: every usual word for a language is understood, and the choice is kept."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from bot.commands import Context, UserError
from bot.commands.language import COMMAND, NAMES
from bot.rooms import Rooms
from storage import people
from storage.database import reading, writing
from storage.tape import TapeStore

NOW = datetime(2024, 3, 4, 21, 45, tzinfo=UTC)
ALICE = 1


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("zh-Hant", "zh-Hant"), ("ZH_HANT", "zh-Hant"), ("繁體", "zh-Hant"), ("繁体", "zh-Hant"),
        ("繁體中文", "zh-Hant"), ("zh-TW", "zh-Hant"), ("TW", "zh-Hant"), ("zh-hk", "zh-Hant"),
        ("简体", "zh-Hans"), ("簡體", "zh-Hans"), ("简体中文", "zh-Hans"), ("zh-CN", "zh-Hans"),
        ("cn", "zh-Hans"), ("zh-Hans", "zh-Hans"), ("English", "en"), ("EN", "en"), (" en ", "en"),
        ("", None), ("中文", None),
    ],
)  # fmt: skip
def test_a_language_goes_by_many_names(words: str, language: str | None) -> None:
    assert COMMAND.parse(words) == language


@pytest.mark.parametrize("words", ["fr", "zh", "klingon", "zh-Hant please", "繁體 简体", "x" * 5000])
def test_another_word_is_refused_with_an_example(words: str) -> None:
    with pytest.raises(UserError, match="For example: /language zh-Hant") as refused:
        COMMAND.parse(words)
    assert refused.value.facts["word"] == words[:32]


def test_the_choice_is_kept_for_a_chat_known_or_new(engine: Engine, tapes: TapeStore) -> None:
    context = Context(Rooms(engine, tapes), ALICE, "private", "en", NOW, NOW, False)

    def kept() -> str | None:
        with reading(engine) as session:
            known = people.person(session, ALICE)
        return known and known.language

    (shown,) = COMMAND.answer(context, None)
    assert shown.text.startswith("This chat reads <b>English</b>.")
    assert [button.label for button in shown.buttons[0]] == [*NAMES.values()]
    for button, language in zip(shown.buttons[0], NAMES, strict=True):
        assert COMMAND.parse(button.data.removeprefix("/language ")) == language
    assert kept() is None
    for language in ("zh-Hant", "zh-Hans"):
        (said,) = COMMAND.answer(context, language)
        assert f"<b>{NAMES[language]}</b>" in said.text
        assert "reads" not in said.text
        assert kept() == language


def test_choosing_a_language_leaves_the_list_alone(engine: Engine, tapes: TapeStore) -> None:
    with writing(engine) as session:
        people.welcome(session, ALICE, kind="private", language="en", now=NOW)
        people.watch(session, ALICE, ["NVDA"], NOW)
    COMMAND.answer(Context(Rooms(engine, tapes), ALICE, "private", "en", NOW, NOW, False), "zh-Hans")
    with reading(engine) as session:
        assert people.watchlist(session, ALICE) == ["NVDA"]

"""Whatever somebody types gets one clear answer, and only a good command changes anything."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from bot import dispatch
from bot.commands import Context, UserError, ticker, tickers
from bot.commentary.lengths import visible
from bot.registry import all_commands
from bot.rooms import Rooms
from storage import people
from storage.database import reading, writing
from storage.intake import insert_new
from storage.tables import SectorMember
from storage.tape import TapeStore

NOW = datetime(2024, 3, 4, 21, 45, tzinfo=UTC)
ALICE = 1


@pytest.fixture
def say(engine: Engine, tapes: TapeStore):
    """Alice says something; the texts that answer her."""
    context = Context(Rooms(engine, tapes), ALICE, "private", "en", NOW, NOW, False)

    def answer(text: str) -> str:
        meant = dispatch.read(text, "OurBot")
        assert meant is not None
        messages = dispatch.answer(context, *meant, all_commands())
        assert messages
        assert all(visible(message.text) <= 4096 for message in messages)
        return "\n".join(message.text for message in messages)

    return answer


def watchlist(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return people.watchlist(session, ALICE)


def test_a_watchlist_is_kept(say, engine: Engine) -> None:
    assert say("/watch nvda, $BRK.B nvda") == "Added: NVDA, BRK.B.\nYou watch BRK.B, NVDA."
    assert say("/watch NVDA") == "Already on your list.\nYou watch BRK.B, NVDA."
    assert say("/unwatch NVDA TSLA") == "Removed: NVDA.\nNot on your list: TSLA.\nYou watch BRK.B."
    assert "<b>BRK.B</b> — nothing known yet" in say("/list")
    assert watchlist(engine) == ["BRK.B"]


def test_a_theme_is_watched_by_its_name_and_is_no_ticker(say, engine: Engine) -> None:
    at = {"event_at": NOW, "known_at": NOW, "source": "test", "name": "x", "since": date(2024, 1, 1)}
    rows = [at | {"symbol": f"M{i}", "sector": name} for i, name in enumerate(("Space", "Health Care"))]
    with writing(engine) as session:
        insert_new(session, SectorMember, rows)
    assert say("/watch space nvda, health care") == (
        "Added: Space, NVDA, Health Care.\nYou watch Health Care, NVDA, Space."
    )
    with reading(engine) as session:
        assert people.tickers_watched(session) == ["NVDA"]
        assert people.members(session) == ["M0", "M1"]
    assert say("/unwatch HEALTH CARE") == "Removed: Health Care.\nYou watch NVDA, Space."
    assert "“sp-ace!”" in say("/watch sp-ace!")


def test_a_list_holds_a_hundred(say, engine: Engine) -> None:
    many = " ".join(f"T{i}" for i in range(250))
    assert "150 did not fit: a list holds 100." in say(f"/watch {many}")
    assert len(watchlist(engine)) == 100


JUNK = [
    "ß", "ſ", "ı", "ﬁ", "ＡＡＰＬ", "АAPL", "AA\u200bPL", "\u202eLPAA", "a\x00b", "AAPL'", "1X", "-",
    "A" * 12, "🚀", "<b>", "../etc",
]  # fmt: skip


@pytest.mark.parametrize(
    "word", ["NA", "NULL", "TRUE", "ON", "INF", "BF-B", "BRK.B", "^VIX", "$AAPL", "aapl"]
)
def test_tickers_that_look_like_something_else_are_tickers(word: str) -> None:
    assert ticker(word) == word.removeprefix("$").upper()


@pytest.mark.parametrize("word", JUNK)
def test_what_is_not_a_ticker_is_refused_with_an_example_and_nothing_changes(
    word: str, say, engine: Engine
) -> None:
    with pytest.raises(UserError, match="is not a ticker"):
        ticker(word)
    answer = say(f"/watch {word}")
    assert answer.endswith("Usage: /watch NAME…")
    assert not any(ord(letter) < 32 and letter != "\n" for letter in answer)
    assert "<b>" not in answer
    assert watchlist(engine) == []


def test_a_line_break_does_not_smuggle_anything_in() -> None:
    with pytest.raises(UserError):
        ticker("AAPL\n")
    assert tickers("AAPL,,MSFT  AAPL", "/watch NVDA") == ["AAPL", "MSFT"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/wach NVDA", "There is no command /wach. Did you mean /watch NVDA BRK.B? /help shows them all."),
        ("/xyzzy", "There is no command /xyzzy. /help shows them all."),
        ("NVDA", "Commands begin with a slash: /flow NVDA. /help shows them all."),
        ("what is up?", "Commands begin with a slash: /watch NVDA BRK.B. /help shows them all."),
        ("/watch", "Which ticker? For example: /watch NVDA BRK.B\nUsage: /watch NAME…"),
        ("/", "Commands begin with a slash: /watch NVDA BRK.B. /help shows them all."),
    ],
)
def test_unknown_input_gets_the_nearest_match_or_a_usage_line(text: str, expected: str, say) -> None:
    assert say(text) == expected


def test_a_command_for_another_bot_is_not_ours() -> None:
    assert dispatch.read("/watch@OtherBot NVDA", "OurBot") is None
    assert dispatch.read("/WATCH@ourbot NVDA\nTSLA", "OurBot") == ("watch", "NVDA TSLA")


def test_every_command_is_in_help_and_answers_an_empty_house(say) -> None:
    text = say("/help")
    for name in all_commands():
        assert f"/{name}" in text
        assert say(f"/{name}")
    assert "nothing is known of NVDA" in say("/flow NVDA")
    assert "You were sent no alert of anything yet." in say("/why")
    assert "The engine has not run yet." in say("/status")


def test_a_fault_of_ours_is_one_sentence_and_no_traceback(say, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(people, "watchlist", fail)
    assert say("/list") == "Something went wrong here; nothing of yours was changed. Please try again."

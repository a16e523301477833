"""/admin: a good order is shown, confirmed and stored once; whatever else is written changes nothing."""

from datetime import timedelta

import pytest
from desk_stage import CHAT, NOW, Desk, planted
from sqlalchemy import Engine
from sqlmodel import col, select

from bot import desk
from bot.commands.admin import LASTS
from bot.commentary.languages import translator
from bot.rooms import Rooms
from storage import people
from storage.database import reading
from storage.tables import Draft, Entity, Fact
from storage.tape import TapeStore

FACT = "/admin fact SpaceX valuation $900B as_of=2026-01-08 basis=secondary from=Bloomberg"
GONE = "There is nothing to confirm any more: write it again."
SECOND = timedelta(seconds=1)


def pressed(answer, label: str) -> str:
    """What the button of that label sends."""
    (message,) = answer
    return next(button.data for row in message.buttons for button in row if button.label == label)


def refs(where: Desk, at=NOW) -> dict[str, str]:
    """The marks that stand of SpaceX, by basis."""
    (signal,) = desk.cards(where.rooms, at, ["SpaceX"])
    return {mark["basis"]: mark["ref"] for mark in signal.facts["marks"] if mark["current"]}


def test_a_fact_is_shown_then_stored_once_and_its_card_changes(writer: Desk) -> None:
    facts, companies, _ = writer.counts()
    shown = writer.say(FACT)
    assert shown[0].text.startswith("Store this?\n<b>SpaceX</b> valuation: <b>$900B</b>")
    assert "secondary sale of shares, reported, as of 2026-01-08 · Bloomberg, 2026-01-15 [F" in shown[0].text
    assert writer.counts() == (facts, companies, 1)
    stored = writer.told(pressed(shown, "Store it"))
    assert stored.startswith("Stored as F")
    assert writer.counts() == (facts + 1, companies, 0)
    card = writer.told("/value SpaceX")
    assert "💵 <b>$900B</b> — secondary sale of shares, reported, 2026-01-08 (Bloomberg, 2026-01-15)" in card
    assert "37.5× – 40.9× its sales of $22B – $24B in 2026 (forecast)" in card  # 900 ÷ 24, 900 ÷ 22
    ref = stored.split()[2].rstrip(".")
    assert "<b>$900B</b>" in writer.told(f"/value {ref}")
    # the same again is known, and changes nothing
    again = writer.say(FACT, now=NOW + SECOND)
    assert "It was stored before" in writer.told(pressed(again, "Store it"), now=NOW + SECOND)
    assert writer.counts() == (facts + 1, companies, 0)


def test_what_is_dropped_is_not_stored(writer: Desk) -> None:
    before = writer.counts()
    drop = pressed(writer.say(FACT), "Drop it")
    assert writer.told(drop) == "Dropped; nothing was stored."
    assert writer.counts() == before
    for button in (drop, drop.replace(" no ", " yes ")):
        assert writer.told(button).startswith(GONE)
    assert writer.counts() == before


def test_a_confirmation_is_of_one_draft_of_one_chat_for_ten_minutes_and_once(writer: Desk) -> None:
    facts = writer.counts()[0]
    older = pressed(writer.say(FACT), "Store it")
    newer = pressed(writer.say(FACT.replace("900", "950")), "Store it")
    assert older != newer
    assert writer.told(older).startswith(GONE)
    assert writer.told(newer, chat=CHAT + 1).startswith(GONE)
    assert writer.told(newer, now=NOW + LASTS + SECOND).startswith(GONE)
    assert writer.told(newer, owner=False).startswith("Only an owner of this bot can do this.")
    assert writer.counts()[0] == facts
    assert writer.told(newer, now=NOW + LASTS).startswith("Stored as F")
    assert writer.told(newer, now=NOW + LASTS).startswith(GONE)
    assert writer.counts()[0] == facts + 1
    assert "$950B" in writer.told("/value SpaceX", now=NOW + LASTS)


def test_an_order_that_is_not_understood_leaves_the_draft_before_it(writer: Desk) -> None:
    button = pressed(writer.say(FACT), "Store it")
    assert "is no kind" in writer.told(f"{FACT} kind=gossip")
    assert writer.told(button).startswith("Stored as F")


def test_a_correction_stands_and_the_corrected_stays_readable_as_it_was_known(writer: Desk) -> None:
    stored = writer.told(pressed(writer.say(FACT), "Store it")).split()[2].rstrip(".")
    assert refs(writer)["secondary"] == stored
    later = NOW + timedelta(hours=1)
    shown = writer.say(f"/admin correct {stored.lower()} $910B from=Reuters", now=later)
    # what is not said stays as it was
    assert "<b>$910B</b> · secondary sale of shares, reported, as of 2026-01-08 · Reuters" in shown[0].text
    newer = writer.told(pressed(shown, "Store it"), now=later).split()[2].rstrip(".")
    assert refs(writer, later)["secondary"] == newer
    assert refs(writer)["secondary"] == stored
    assert "$910B" in writer.told("/value SpaceX", now=later)
    assert "$900B" in writer.told("/value SpaceX")
    lines = writer.told(f"/value {stored}", now=later).splitlines()
    assert "$900B" in lines[0]
    assert lines[1].startswith("Replaced by: ")
    assert f"[{newer}]" in lines[1]
    refused = writer.told(f"/admin correct {stored} $920B from=Reuters", now=later)
    assert refused.startswith(f"{stored} was replaced by {newer}: correct that one.")


def test_a_fact_of_our_own_base_is_corrected_too(writer: Desk) -> None:
    later = NOW + SECOND
    shown = writer.say("/admin correct V005 $810B from=Bloomberg", now=later)
    newer = writer.told(pressed(shown, "Store it"), now=later).split()[2].rstrip(".")
    known_before, _ = desk.library(writer.rooms, NOW)
    known_after, _ = desk.library(writer.rooms, later)
    assert {"V005"} == {fact.ref for fact in known_before} & {"V005", newer}
    assert {"V005", newer} <= {fact.ref for fact in known_after}
    history = [
        [mark["ref"] for mark in desk.cards(writer.rooms, at, ["SpaceX"])[0].facts["marks"]]
        for at in (NOW, later)
    ]
    assert "V005" in history[0]
    assert "V005" not in history[1]
    assert newer in history[1]
    assert "Replaced by" in writer.told("/value V005", now=later)


@pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_a_company_that_is_added_is_found_valued_and_watched(engine: Engine, tapes: TapeStore) -> None:
    where = planted(Rooms(engine, tapes))
    assert "No company “Anthropic” is known" in where.told("/value Anthropic")
    shown = where.say("/admin company Anthropic aliases=Claude,克勞德 peers=msft, googl")
    assert shown[0].text == "Store this?\nname: Anthropic · aliases: Claude|克勞德 · peers: MSFT|GOOGL"
    assert where.told(pressed(shown, "Store it")) == "Stored as Anthropic. Alerts queued: 0."
    later = NOW + SECOND
    assert "No valuation of Anthropic is known" in where.told("/value claude", now=later)
    fact = "/admin fact 克勞德 valuation $350B as_of=2026-01-05 basis=round from=Reuters"
    where.told(pressed(where.say(fact, now=later), "Store it"), now=later)
    assert "💵 <b>$350B</b> — funding round" in where.told("/value CLAUDE", now=later)
    where.say("/start", now=later)
    assert "Added: Anthropic." in where.told("/watch 克勞德", now=later)
    with reading(engine) as session:
        assert people.watchlist(session, CHAT) == ["Anthropic"]


def test_a_company_that_is_known_keeps_what_is_not_said_of_it(writer: Desk) -> None:
    shown = writer.say("/admin company space x peers=rklb,ba")
    assert "name: SpaceX · aliases: Space X|" in shown[0].text
    writer.told(pressed(shown, "Store it"))
    with reading(writer.rooms.engine) as session:
        newest = session.exec(
            select(Entity).where(Entity.name == "SpaceX").order_by(col(Entity.id).desc())
        ).first()
    assert newest is not None
    assert newest.peers == "RKLB|BA"
    assert "太空探索技術公司" in newest.aliases
    card = writer.told("/value 太空探索技術公司 peers", now=NOW + SECOND)
    assert "RKLB: 2×" in card
    assert "TSLA" not in card


def test_hostile_words_of_a_good_order_are_words(writer: Desk) -> None:
    """A publisher may be called anything that can be printed: it is escaped, and never run."""
    order = FACT.replace("Bloomberg", "<b>B</b> & '); DROP TABLE fact;-- 🚀")
    shown = writer.say(order)
    assert "&lt;b&gt;B&lt;/b&gt; &amp; &#x27;); DROP TABLE fact;-- 🚀" in shown[0].text
    writer.told(pressed(shown, "Store it"))
    with reading(writer.rooms.engine) as session:
        stored = session.exec(select(Fact).where(Fact.source == "owner")).one()
    assert stored.publisher == "<b>B</b> & '); DROP TABLE fact;-- 🚀"
    assert "&lt;b&gt;B&lt;/b&gt;" in writer.told("/value SpaceX")


@pytest.mark.parametrize("language", ["en", "zh-Hant", "zh-Hans"])
def test_somebody_who_is_no_owner_is_told_so_in_their_language(language: str, reader: Desk) -> None:
    before = reader.counts()
    for order in (FACT, "/admin", "/admin yes", "/admin no x", "/admin company X"):
        said = reader.told(order, language, owner=False)
        assert said.startswith(translator(language)("Only an owner of this bot can do this."))
    assert reader.counts() == before


def test_a_draft_holds_the_words_and_when_they_were_written(writer: Desk) -> None:
    writer.say(FACT)
    with reading(writer.rooms.engine) as session:
        draft = session.exec(select(Draft)).one()
    assert (draft.chat_id, f"/admin {draft.words}", draft.made_at) == (CHAT, FACT, NOW)

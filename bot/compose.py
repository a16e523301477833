"""What a delivery says: made from the stored signal alone, so text, chart and /why agree."""

from collections.abc import Callable

from sqlmodel import Session

from bot import health, levels
from bot.alerts import record as track
from bot.commentary import Message, phrases
from bot.commentary.desk_card import alert, whats_new
from bot.commentary.languages import translator
from bot.commentary.numbers import write
from bot.commentary.stored import chart_from_json, from_row
from bot.delivery.outbox import Claimed
from bot.registry import all_indicators
from bot.rooms import Rooms
from bot.settings import SAMPLE
from indicators import Chart, Signal
from indicators.valuation import NAME as VALUATION
from storage import journal
from storage.database import reading
from storage.journal import Told


def composer(rooms: Rooms, *, sample: bool) -> Callable[[Claimed], Message]:
    """The writer of what is delivered from `rooms`; `sample`: beside a synthetic market."""

    def compose(claimed: Claimed) -> Message:
        with reading(rooms.engine) as session:
            told = journal.told(session, claimed.flip_id)
            return _write(session, told, claimed, sample)

    return compose


def _write(session: Session, told: Told, claimed: Claimed, sample: bool) -> Message:
    if told.flip.indicator == health.NAME:
        return health.say(told.signal, claimed.reason, claimed.language)
    signal = from_row(told.signal)
    chart = chart_from_json(told.signal.chart) if told.signal.chart else None
    if told.flip.indicator in (VALUATION, levels.NAME):
        return _valuation(session, told, signal, chart, claimed, sample)
    record = track.measure(session, told.flip.indicator, told.flip.after, told.flip.as_of)
    sentence, figures = track.sentence(record)
    return phrases.alert(
        all_indicators()[signal.indicator], signal, told.flip.before,
        claimed.reason, claimed.language,
        sample=SAMPLE in signal.source, chart=chart,
        record=write(sentence, figures, translator(claimed.language), claimed.language),
    )  # fmt: skip


def _valuation(
    session: Session, told: Told, signal: Signal, chart: Chart | None, claimed: Claimed, sample: bool
) -> Message:
    """A card, with what is new of it above, or the level it crossed."""
    if told.flip.indicator == VALUATION:
        before = journal.signal_before(session, VALUATION, signal.subject, signal.as_of)
        news = [*whats_new(signal, None if before is None else from_row(before), claimed.language)]
    else:
        news = [_crossed(session, signal, claimed)]
    return alert(signal, news, claimed.reason, claimed.language, chart, sample=sample)


def _crossed(session: Session, signal: Signal, claimed: Claimed) -> str:
    found = levels.crossing(session, signal.subject, signal.as_of)
    level = levels.level_of(session, claimed.chat_id, signal.subject)
    facts = {"level": level} if found is None else {"level": level, "before": found[1], "now": found[2]}
    return write(levels.CROSSED, facts, translator(claimed.language), claimed.language) or ""

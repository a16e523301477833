"""/status — how fresh everything is, and what waits."""

from collections.abc import Iterator
from datetime import datetime
from html import escape

from bot import health
from bot.commands import Command, Context, nothing
from bot.commentary import Message, phrases
from bot.commentary.languages import N_, paired, translator
from bot.commentary.numbers import clean, format_value
from bot.delivery import outbox
from bot.health import DOWN, FAILING, PARTLY, Health
from storage import intake, journal
from storage.calendar import NEW_YORK
from storage.database import reading
from storage.journal import LastRead

#: lines the feeds may take, so that all of it fits on a phone
FEED_LINES = 14
#: characters of what a feed says that fails
ERROR = 120
LIGHTS = {PARTLY: "🟡", FAILING: "🟡", DOWN: "🔴"}
TROUBLE = {
    PARTLY: N_("in part since {since}: {error}"),
    FAILING: N_("failing since {since}: {error}"),
    DOWN: N_("down since {since}: {error}"),
}


def answer(context: Context, _: None) -> list[Message]:
    """Per feed the newest read and row, and what is wrong; the last engine slots; outbox; quarantine."""
    _t = translator(context.language)
    with reading(context.rooms.engine) as session:
        reads, sick = journal.last_reads(session), health.known(session)
        runs = [
            f"{run.job} {_short(run.slot, context)}{f' ({run.outcome})' if _failed(run.outcome) else ''}"
            for run in journal.last_runs(session)
        ]
        quarantined = intake.quarantined(session)
    counts = outbox.counts(context.rooms.engine)
    lines = [f"<b>{_t('Status')}</b> — {format_value(context.as_of, 'time', context.language)}"]
    if context.sample:
        lines.append(_t(phrases.SAMPLE))
    lines += _feeds(context, reads, {name: each for name, each in sick.items() if not each.is_well})
    lines.append(
        escape(_t("Last runs: {runs}").format(runs=", ".join(runs)), quote=False)
        if runs
        else _t("The engine has not run yet.")
    )
    lines.append(
        _t("Alerts: {sent} sent, {waiting} waiting, {held} held back or ended").format(
            sent=counts.get("sent", 0),
            waiting=sum(counts.get(state, 0) for state in ("queued", "sending", "in_doubt")),
            held=sum(counts.get(state, 0) for state in ("suppressed", "expired", "dead")),
        )
    )
    lines.append(_t("Rows in quarantine: {count}").format(count=quarantined))
    return [Message("\n".join(lines))]


def _feeds(context: Context, reads: dict[str, LastRead], sick: dict[str, Health]) -> Iterator[str]:
    """A line a feed, those with a trouble first and that on a second; what does not fit is counted."""
    _t = translator(context.language)
    names = sorted({*reads, *sick}, key=lambda name: (name not in sick, name))
    if names:
        yield paired(f"<b>{_t('Feeds')}</b>", _t("last read, newest row (New York)"), _t)
    told = 0
    for place, name in enumerate(names):
        read, trouble = reads.get(name, LastRead(None, None)), sick.get(name)
        told += 1 if trouble is None else 2
        if told > FEED_LINES:
            yield _t("… and {count} more").format(count=len(names) - place)
            return
        light = "🟢" if trouble is None else LIGHTS[trouble.state]
        yield f"{light} {escape(name)} {_short(read.read_at, context)}, {_short(read.newest, context)}"
        if trouble is not None:
            since, error = _short(trouble.since, context), clean(trouble.error, ERROR)
            yield escape(_t(TROUBLE[trouble.state]).format(since=since, error=error), quote=False)


def _failed(outcome: str | None) -> bool:
    return outcome is not None and outcome.startswith("failed")


def _short(moment: datetime | None, context: Context) -> str:
    """The moment in New York in few characters: 03-14 16:45, and 2024-03-14 for another year."""
    if moment is None:
        return translator(context.language)(N_("never"))
    here, now = moment.astimezone(NEW_YORK), context.as_of.astimezone(NEW_YORK)
    return here.strftime("%m-%d %H:%M" if here.year == now.year else "%Y-%m-%d")


COMMAND = Command("status", "", "How fresh everything is", "/status", nothing, answer)

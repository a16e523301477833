"""/status — how fresh everything is, and what waits."""

from html import escape

from bot.commands import Command, Context, nothing
from bot.commentary import Message, phrases
from bot.commentary.languages import translator
from bot.commentary.numbers import format_value
from bot.delivery import outbox
from storage import intake, journal
from storage.database import reading


def answer(context: Context, _: None) -> list[Message]:
    """Per feed the newest read and row; the last engine slot; the outbox; the quarantine."""
    _t = translator(context.language)

    def moment(value: object) -> str:
        return format_value(value, "time", context.language) if value else _t("never")

    lines = [f"<b>{_t('Status')}</b> — {moment(context.as_of)}"]
    if context.sample:
        lines.append(_t(phrases.SAMPLE))
    with reading(context.rooms.engine) as session:
        for read in journal.newest_reads(session):
            state = _t("failed: {error}").format(error=read.error) if read.error else _t("ok")
            newest = moment(read.newest)
            lines.append(
                escape(_t("{feed}: read {at}, newest row {newest}, {state}").format(
                    feed=read.feed, at=moment(read.read_at), newest=newest, state=state
                ), quote=False)
            )  # fmt: skip
        run = journal.last_run(session)
        quarantined = intake.quarantined(session)
    if run is None:
        lines.append(_t("The engine has not run yet."))
    else:
        lines.append(_t("Last run: {job} of {slot}").format(job=run.job, slot=moment(run.slot)))
    counts = outbox.counts(context.rooms.engine)
    lines.append(
        _t("Alerts: {sent} sent, {waiting} waiting, {held} held back or ended").format(
            sent=counts.get("sent", 0),
            waiting=sum(counts.get(state, 0) for state in ("queued", "sending", "in_doubt")),
            held=sum(counts.get(state, 0) for state in ("suppressed", "expired", "dead")),
        )
    )
    lines.append(_t("Rows in quarantine: {count}").format(count=quarantined))
    return [Message("\n".join(lines))]


COMMAND = Command("status", "", "How fresh everything is", "/status", nothing, answer)

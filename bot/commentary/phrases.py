"""What is said of a signal: an alert, an answer, and /why. Pure functions, stored values in, text out.

Every text ends with its date, its source and its quality. What is not known is left out or called
not known, never 0. Nothing here says who traded or why a price moved: the data does not know.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from html import escape
from typing import Any

from babel.dates import format_timedelta

from bot.commentary import Message
from bot.commentary.languages import LOCALES, N_, Translate, paired, translator
from bot.commentary.lengths import CAPTION, TEXT, fit
from bot.commentary.lengths import split as split
from bot.commentary.numbers import clean, fact_name, fill, format_value, known, moment, slots, write
from bot.freshness import Stale, behind, newest_print, so_far
from indicators import MARKET, Chart, Indicator, Signal

#: a phone shows a caption of about eight lines without a tap
FACTS = 6

QUALITY = {"A": N_("measured"), "B": N_("inferred"), "C": N_("estimate")}
QUALITY_MEANS = {
    "A": N_("A, measured: every input is reported by its source."),
    "B": N_("B, inferred: the side of a trade or a time is worked out by a rule that is often wrong."),
    "C": N_("C, an estimate: part of the input is assumed."),
}
SAMPLE = N_("SAMPLE — synthetic market, fictional ticker")
NOT_KNOWN = N_("not known")
US_MARKET = N_("US market")
SO_FAR = N_("So far today: prints up to {newest:time}, {behind} behind.")
IN_PROGRESS = N_("So far today: the session is not over.")
STALE = N_("Stale: as of {at}, {age} old.")
CANNOT_BE_READ = N_("{feed} cannot be read since {since:time}.")


def alert(
    indicator: Indicator,
    signal: Signal,
    before: str | None,
    reason: str,
    language: str,
    *,
    sample: bool,
    record: str | None = None,
    chart: Chart | None = None,
) -> Message:
    """A flip, told to one chat, in at most 1,024 code points.

    `before` is the state until now (None: not heard of). `reason`, why this chat hears it, is a gettext
    key that may name `{subject}`. `record` is a sentence on how this signal did in the past.
    """
    _ = translator(language)
    told = _html(write(reason, {"subject": subject_name(signal, _)}, _, language) or "", 120)
    until_now = _headline(indicator, signal, before, language) if before and before != signal.state else None
    end = [
        *([] if until_now is None else [paired(_("Until now"), until_now, _)]),
        *([] if record is None else [_html(record, 200)]),
        _small_print(signal, language),
        # "you watch X" begins a line here; a script without capitals stays as it is
        f"🔔 {told[:1].upper()}{told[1:]}",
    ]
    return _message(indicator, signal, language, end, sample, chart)


def answer(
    indicator: Indicator,
    signal: Signal,
    language: str,
    *,
    sample: bool,
    stale: Stale | None = None,
    chart: Chart | None = None,
) -> Message:
    """What the indicator says of the subject, for whoever asks; and why it is stale, if it is."""
    end = [_small_print(signal, language)]
    if stale is not None:
        end.insert(0, stale_line(stale, language))
    return _message(indicator, signal, language, end, sample, chart)


def why(indicator: Indicator, signal: Signal, before: str | None, language: str) -> str:
    """The method, what went into it and how sure it is: Telegram HTML, at most 4,096 code points."""
    _ = translator(language)
    states = [_headline(indicator, signal, state, language) for state in (before, signal.state) if state]
    head = [
        f"<b>{_html(_(indicator.title))} · {_html(subject_name(signal, _))}</b>",
        " → ".join(states if before else [_(NOT_KNOWN), *states]),
        paired(_("Strength, from −1 bearish to +1 bullish"), _signed(signal.strength), _),
        f"\n<b>{_('Method')}</b>",
        _html(_(indicator.method), 1200),
        paired(_("The method is from"), _html(_(indicator.source), 400), _),
        f"\n<b>{_('Inputs')}</b>",
    ]
    end = [
        f"\n{_('Quality')} {_(QUALITY_MEANS[signal.quality])}",
        paired(_("Observations"), format_value(signal.n, "int", language), _),
        paired(_("Source of the data"), _html(source_of(signal, _)), _),
        _("Computed only from what was known by {as_of}; nothing later was looked at.").replace(
            "{as_of}", moment(signal.as_of)
        ),
    ]
    inputs = [f"• {line}" for line in _inputs(indicator, signal.facts, language)]
    return fit(head, inputs, end, TEXT, rest=_("… and {count} more"))


def small_print(signal: Signal, language: str) -> str:
    """The day, the source, the quality and the number of observations, plain text: a chart's footer."""
    _ = translator(language)
    return " · ".join(
        [
            _("as of {as_of}").replace("{as_of}", moment(signal.as_of)),
            f"{_('source')} {source_of(signal, _)}",
            f"{_('quality')} {signal.quality} ({_(QUALITY[signal.quality])})",
            write(N_("n = {n:int}"), {"n": signal.n}, _, language) or "",
        ]
    )


def source_of(signal: Signal, _: Translate) -> str:
    """Where the data is from: what each part is, in the language, and its feeds by their names."""

    def said(part: re.Match[str]) -> str:
        number = _NUMBER.search(part[0])
        return _(_NUMBER.sub("{n}", part[0])).replace("{n}", number[0] if number else "")

    return _PART.sub(said, clean(signal.source, 120))


#: `daily bars (feed); members (feed)`, `forward earnings by somebody (feed)`
_PART = re.compile(r"(?:^|(?<=; ))[^;()]+?(?: by(?= )|(?= \())")
_NUMBER = re.compile(r"\d+")


def _message(
    indicator: Indicator, signal: Signal, language: str, end: list[str], sample: bool, chart: Chart | None
) -> Message:
    _ = translator(language)
    light, word = _direction(signal.strength)
    head = [
        f"{light} <b>{_headline(indicator, signal, signal.state, language)}</b>",
        f"{_(word)} · {_html(_(indicator.title), 80)}",
    ]
    if sample:
        head.insert(1, f"🧪 {_(SAMPLE)}")
    if line := so_far_line(signal, language):
        head.append(line)
    facts = {"subject": subject_name(signal, _), **signal.facts}
    lines = [fill(sentence, facts, _, language) for sentence in indicator.sentences]
    body = [f"• {line}" for line in lines if line][:FACTS]
    return Message(fit(head, body, end, CAPTION), chart, small_print(signal, language), sample, language)


def so_far_line(signal: Signal, language: str) -> str | None:
    """HTML that the figures are of a session in progress, and how far behind; None where they are not."""
    if not so_far(signal):
        return None
    _, late = translator(language), behind(signal)
    if late is None:
        return f"⏳ {_html(_(IN_PROGRESS))}"
    facts = {"newest": newest_print(signal), "behind": _age(late, language)}
    return f"⏳ {fill(SO_FAR, facts, _, language)}"


def stale_line(stale: Stale, language: str) -> str:
    """HTML that an answer is stale, and why."""
    facts = {"at": stale.at, "age": _age(stale.age, language), "feed": stale.feed, "since": stale.since}
    said = (fill(sentence, facts, translator(language), language) for sentence in (STALE, CANNOT_BE_READ))
    return f"⚠️ {' '.join(sentence for sentence in said if sentence)}"


def _age(age: timedelta, language: str) -> str:
    text: str = format_timedelta(age, granularity="minute", threshold=1.5, locale=LOCALES[language])
    return text


def _small_print(signal: Signal, language: str) -> str:
    return f"<i>{_html(small_print(signal, language))}</i>"


def _headline(indicator: Indicator, signal: Signal, state: str, language: str) -> str:
    """HTML of what the state means; a state that no longer exists goes by its name."""
    _ = translator(language)
    key = indicator.states[state].headline if state in indicator.states else f"{{subject}}: {state}"
    return _html(write(key, {"subject": subject_name(signal, _)}, _, language) or "", 150)


def subject_name(signal: Signal, _: Translate) -> str:
    """What the signal is about, as people read it."""
    return _(US_MARKET) if signal.subject == MARKET else clean(signal.subject, 60)


def _direction(strength: float) -> tuple[str, str]:
    """A light and, for who cannot tell its colour, the word."""
    if strength > 0:
        return "🟢", N_("bullish")
    return ("🔴", N_("bearish")) if strength < 0 else ("🟡", N_("no direction"))


def _signed(strength: float) -> str:
    return f"{strength:+.2f}".replace("-", "−") if round(strength, 2) else "0"


def _inputs(indicator: Indicator, facts: Mapping[str, Any], language: str) -> Iterator[str]:
    """One line a fact: its name and its value, written as the indicator's sentences write it."""
    _ = translator(language)
    kinds = {name: kind for sentence in indicator.sentences for name, kind in slots(sentence)}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from (f"{_name(name, _)}, {line}" for line in _inputs(indicator, value, language))
            continue
        kind = kinds.get(name) or ("usd" if name.endswith("_usd") else None)
        said = _html(format_value(value, kind, language)) if known(value) else _(NOT_KNOWN)
        yield paired(_name(name, _), said, _)


def _name(fact: str, _: Translate) -> str:
    return _html(_(fact_name(fact)))


def _html(text: str, longest: int = 300) -> str:
    return escape(clean(text, longest), quote=False)

"""What is said: phrases, charts, languages. Knows nothing of Telegram.

A `Message` is made from one stored signal, so its text, its chart and /why cannot disagree.
"""

from dataclasses import dataclass

from indicators import Chart


@dataclass(frozen=True)
class Button:
    """An inline button: what it says, and what pressing it sends back (at most 64 bytes)."""

    label: str
    data: str


@dataclass(frozen=True)
class Message:
    """What one chat is told. `text` is Telegram HTML, at most 1,024 characters beside a chart."""

    text: str
    chart: Chart | None = None
    #: small print of the chart: source, as-of time, quality
    footer: str = ""
    sample: bool = False
    #: of the words in the chart
    language: str = "en"
    buttons: tuple[tuple[Button, ...], ...] = ()

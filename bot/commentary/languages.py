"""Which language a chat reads, and every sentence of ours in it; English is the key.

To add a language: a line in `LOCALES`, a folder `locales/<language>/LC_MESSAGES` with a
`bellwether.po`, then `python -m bot.commentary.catalogue`.
"""

import gettext
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

Translate = Callable[[str], str]

FOLDER = Path(__file__).parent / "locales"
DOMAIN = "bellwether"
#: our languages, and the Babel locale whose numbers they use
LOCALES = {"zh-Hant": "zh_Hant", "zh-Hans": "zh_Hans", "en": "en_US"}
#: the scripts of Chinese, the one of most of our readers first
CHINESE = ("zh-Hant", "zh-Hans")


def N_(key: str) -> str:
    """Mark a sentence that is translated where it is shown, not where it is written."""
    return key


@cache
def translator(language: str) -> Translate:
    """The function that says an English key in `language`; a key without a translation stays English."""
    catalogue = gettext.translation(DOMAIN, FOLDER, languages=[language], fallback=True)
    # the empty key would return the catalogue's header
    return lambda key: catalogue.gettext(key) if key else ""


def paired(name: str, value: str, _: Translate) -> str:
    """`name: value`, with the language's colon."""
    return _("{name}: {value}").format(name=name, value=value)


def normalise(code: str | None, default: str = "en") -> str:
    """Our name of the language Telegram calls `code`; `default` for none, or another one."""
    parts = re.split(r"[-_]", (code or "").strip().lower())
    if parts[0] == "en":
        return "en"
    if parts[0] != "zh":
        return default
    script_known = {"hant", "hans"} & set(parts)
    traditional = "hant" in parts or (not script_known and {"tw", "hk", "mo"} & set(parts))
    return "zh-Hant" if traditional else "zh-Hans"

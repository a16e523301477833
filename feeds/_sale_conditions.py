"""Sale conditions as the tape keeps them: the SIP's characters, comma-separated, `@` (regular) left out.

LEAN writes them as flags, a bit for each. A few characters stand for two: U is T out of sequence (Z), G is a
bunched trade (B) that was sold (L).
"""

import re

from feeds._values import words

#: LEAN's bit → the SIP's character. 0 is regular; 27, CAP election, is written no more; 29, exempt from
#: trade-through, is no sale condition of the SIP's
_FLAGS = {
    1: "C", 2: "N", 3: "R", 4: "Y", 5: "F", 6: "O", 7: "6", 8: "5", 9: "4", 10: "T", 11: "L", 12: "1",
    13: "T", 14: "Z", 15: "S", 16: "A", 17: "B", 18: "V", 19: "D", 20: "W", 21: "X", 22: "H", 23: "K",
    24: "M", 25: "P", 26: "Q", 28: "E", 31: "I",
}  # fmt: skip
_TOGETHER = (("T", "Z", "U"), ("B", "L", "G"))
_HEX = re.compile(r"[0-9A-Fa-f]{1,8}", re.ASCII)


def from_text(text: str) -> str | None:
    """Characters with commas, as `@,T` → `T`; None for a regular trade."""
    codes = [code.strip() for code in words(text).split(",")]
    return ",".join(code for code in codes if code not in ("", "@")) or None


def from_flags(text: str) -> str | None:
    """LEAN's flags, written in hexadecimal → characters; None for a regular trade."""
    if not _HEX.fullmatch(text):
        raise ValueError("is not a hexadecimal number")
    flags = int(text, 16)
    codes = dict.fromkeys(code for bit, code in _FLAGS.items() if flags >> bit & 1)
    for first, second, both in _TOGETHER:
        if {first, second} <= codes.keys():
            codes = dict.fromkeys(both if code == first else code for code in codes if code != second)
    return ",".join(codes) or None

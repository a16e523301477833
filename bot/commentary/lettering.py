"""Letters on a chart: fonts that know Chinese, and lines that fit; no text of a stranger's is ever markup."""

import re
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn
import pylopdf_fonts_zh_tw
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from bot.commentary.numbers import clean

_TC, _SC, _REST = "Noto Sans TC", "Noto Sans SC", "DejaVu Sans"
#: stands for a character that no font here has
BOX = "□"

#: a Chinese character with the punctuation that may not begin a line, a word, or white space
_PIECE = re.compile(r"[\u2e80-\uffef][，。、：；！？）」』》]*|[^\s\u2e80-\uffef]+|\s+")


@cache
def families(language: str) -> list[str]:
    """Font families, first choice first; registers the fonts, which come as Python packages."""
    _faces()
    return [_SC, _TC, _REST] if language == "zh-Hans" else [_TC, _SC, _REST]


@cache
def _faces() -> tuple[FT2Font, ...]:
    for path in (pylopdf_fonts_zh_tw.sans_path(), pylopdf_fonts_zh_cn.sans_path()):
        font_manager.fontManager.addfont(Path(path))
    faces = tuple(FT2Font(font_manager.findfont(name)) for name in (_TC, _SC, _REST))
    for face in faces:
        face.set_size(100, 72)
    return faces


@cache
def _coverage() -> tuple[frozenset[int], ...]:
    return tuple(frozenset(face.get_charmap()) for face in _faces())


def drawable(text: str, longest: int) -> str:
    """One line of `text`, at most `longest` characters, in characters the fonts have."""
    return "".join(
        each if any(ord(each) in face for face in _coverage()) else BOX for each in clean(text, longest)
    )


@cache
def _advance(character: str) -> float:
    """How far `character` moves the pen, in ems."""
    for face, covered in zip(_faces(), _coverage(), strict=True):
        if ord(character) in covered:
            return face.load_char(ord(character)).linearHoriAdvance / 65536 / 100
    return 1.0


def length(text: str, size: float) -> float:
    """The width of one line of `text` in pixels, letters `size` pixels high."""
    return size * sum(map(_advance, text))


def wrap(text: str, size: float, width: float, lines: int) -> tuple[list[str], bool]:
    """Break `text` into at most `lines` lines of `width` pixels; also whether all of it fitted."""
    done = [""]
    for piece in _PIECE.findall(text):
        # a word longer than a line is broken where the line ends
        for part in [piece] if length(piece, size) <= width else piece:
            if length(done[-1] + part.rstrip(), size) > width:
                done.append("")
            done[-1] += part if done[-1] else part.lstrip()
    done = [line.rstrip() for line in done]
    if len(done) <= lines:
        return done, True
    last = done[lines - 1]
    while length(last + "…", size) > width:
        last = last[:-1]
    return [*done[: lines - 1], last.rstrip() + "…"], False

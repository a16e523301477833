"""The list of everything that is said, for translators: `python -m bot.commentary.catalogue`.

Writes `locales/bellwether.pot` from the sources and from what is plugged in, brings each language's
`.po` up to date and compiles its `.mo`. A sentence reaches the list when it is a literal, or a name for one
in the same file, in `_(…)`, `_t(…)`, `N_(…)` or `UserError(…)`, a title, label, part or side of a Chart,
Panel, Series or Ring in an indicator, or a field of an Indicator or a Command that people read.
"""

import ast
import io
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from bot.commentary.facts import OTHERS
from bot.commentary.languages import DOMAIN, FOLDER
from bot.commentary.numbers import fact_name, slots
from feeds._amounts import MESSAGES

#: callables whose texts people read, and which of their positions hold one
_TEXTS = {
    "_": {0}, "_t": {0}, "N_": {0}, "UserError": {0},
    "Chart": {0}, "Panel": {0, 1, 5}, "Series": {0}, "Ring": {0, 1}, "Input": {1},
    "RefusedError": {0}, "Step": {0},
}  # fmt: skip
_KEYWORDS = {"title", "unit", "label", "parts", "sides"}
_ROOMS = ("bot", "indicators")
#: files change when a sentence does, not when the list is made again
_DATED = datetime(2025, 1, 1, tzinfo=UTC)


def template() -> str:
    """The text of the .pot as it should be now."""
    catalogue = Catalog(project=DOMAIN, creation_date=_DATED)
    for key in sorted({*written(), *plugged_in()} - {""}):
        catalogue.add(key)
    out = io.BytesIO()
    write_po(out, catalogue, omit_header=True, width=100)
    return out.getvalue().decode()


def written() -> Iterator[str]:
    """The sentences in the sources of the bot and of the charts."""
    root = Path(__file__).parents[2]
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            yield from sentences(path.read_text(encoding="utf-8"))


def sentences(source: str) -> Iterator[str]:
    """The sentences in one module's source."""
    tree = ast.parse(source)
    assigned = defaultdict(list)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for name, text in _pairs(node.targets[0], node.value):
                if isinstance(name, ast.Name):
                    assigned[name.id].append(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _TEXTS:
            positions = [each for place, each in enumerate(node.args) if place in _TEXTS[node.func.id]]
            named = [each.value for each in node.keywords if each.arg in _KEYWORDS]
            for text in [*positions, *named]:
                yield from _literals(text, assigned)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is assigned to what: `a, b = c, d` are two."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        yield from zip(target.elts, value.elts, strict=False)
    else:
        yield target, value


def _literals(node: ast.AST, assigned: Mapping[str, Sequence[ast.AST]]) -> Iterator[str]:
    """The strings an expression can become, or its parts; nothing of a string that is put together."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    within: Sequence[ast.AST] = ()
    if isinstance(node, ast.IfExp):
        within = (node.body, node.orelse)
    elif isinstance(node, ast.List | ast.Tuple):
        within = node.elts
    elif isinstance(node, ast.Starred):
        within = (node.value,)
    elif isinstance(node, ast.Name):
        within = assigned.get(node.id, ())
        # a name that is made of itself says nothing new
        assigned = {name: meant for name, meant in assigned.items() if name != node.id}
    for each in within:
        yield from _literals(each, assigned)


def plugged_in() -> Iterator[str]:
    """What indicators and commands say of themselves."""
    # by name: this tool looks at all rooms, while what is said at run time reaches no network
    registry = import_module("bot.registry")
    for indicator in registry.all_indicators().values():
        yield from (indicator.title, indicator.method, indicator.source, *indicator.sentences)
        yield from (state.headline for state in indicator.states.values())
        yield from map(fact_name, indicator.states)  # as /list names them
        yield from (fact_name(fact) for sentence in indicator.sentences for fact, _ in slots(sentence))
    yield from MESSAGES.values()
    for command in registry.all_commands().values():
        yield from (command.about, command.usage)
    yield from OTHERS


def main() -> None:
    """Write the template, and bring every language up to date with it."""
    text = template()
    (FOLDER / f"{DOMAIN}.pot").write_text(text, encoding="utf-8")
    wanted = read_po(io.BytesIO(text.encode()))
    for path in sorted(FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=path.parts[-3].replace("-", "_"), domain=DOMAIN)
        catalogue.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
        with path.open("wb") as file:
            write_po(file, catalogue, width=100, ignore_obsolete=True)
        with path.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)


if __name__ == "__main__":
    main()

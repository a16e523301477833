"""Everything that is plugged in. A unit is one module holding one constant named like its file."""

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

import feeds
import indicators
from feeds import Feed
from indicators import Indicator

if TYPE_CHECKING:
    from bot.commands import Command

T = TypeVar("T")


def units(package: ModuleType, constant: str, kind: type[T]) -> dict[str, T]:
    """Import every public module of `package`; return its `constant`s by file name.

    Raises TypeError where a module holds no such constant or one that is named otherwise.
    """
    found: dict[str, T] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("_"):
            continue
        unit = getattr(import_module(f"{package.__name__}.{module.name}"), constant, None)
        if not isinstance(unit, kind) or getattr(unit, "name", None) != module.name:
            raise TypeError(
                f"{package.__name__}/{module.name}.py must hold a {constant} named {module.name!r}"
            )
        found[module.name] = unit
    return found


@cache
def all_feeds() -> dict[str, Feed]:
    """Every feed by name."""
    return units(feeds, "FEED", Feed)


@cache
def all_indicators() -> dict[str, Indicator]:
    """Every indicator by name."""
    return units(indicators, "INDICATOR", Indicator)


@cache
def all_commands() -> "dict[str, Command]":
    """Every chat command by name."""
    from bot import commands

    return units(commands, "COMMAND", commands.Command)

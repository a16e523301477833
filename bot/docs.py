"""Write the pages of `docs/` that come from the registry; a test holds them to the code."""

from pathlib import Path

from bot.registry import all_commands, all_feeds, all_indicators
from bot.settings import Settings
from storage.tape import Tape

DOCS = Path(__file__).parents[1] / "docs"


def indicators_page() -> str:
    """Every indicator: what it reads, its states, its method and where that comes from."""
    parts = ["# Indicators", "", "Generated from the code: `make docs`.", ""]
    for indicator in all_indicators().values():
        inputs = ", ".join(
            each.name if isinstance(each, Tape) else each.__name__ for each in indicator.inputs
        )
        parts += [
            f"## {indicator.name}: {indicator.title}", "", indicator.method, "",
            f"- reads: {inputs}", f"- looks back: {indicator.lookback.days} days",
            f"- source of the method: {indicator.source}", "",
            "| state | what people read | pushed |", "|---|---|---|",
        ]  # fmt: skip
        for name, state in indicator.states.items():
            parts.append(f"| `{name}` | {state.headline} | {'yes' if state.loud else 'no'} |")
        parts += ["", "What is said about its facts:", ""]
        parts += [f"- {sentence}" for sentence in indicator.sentences] + [""]
    return "\n".join(parts)


def commands_page() -> str:
    """Every command of the chat."""
    parts = ["# Commands", "", "Generated from the code: `make docs`.", "", "| command | does | example |"]
    parts.append("|---|---|---|")
    for command in all_commands().values():
        typed = f"/{command.name} {command.usage}".rstrip()
        parts.append(f"| `{typed}` | {command.about} | `{command.example}` |")
    return "\n".join([*parts, ""])


def environment() -> str:
    """`.env.example`: every setting with its comment, the program's first, then each feed's."""
    lines = ["# Copy to .env and set what you need; everything has a default.", ""]
    for name, field in Settings.model_fields.items():
        default = field.get_default()
        value = " ".join(default) if isinstance(default, tuple) else "" if default is None else str(default)
        lines += [f"# {field.description}", f"{name.upper()}={value}"]
    said: set[str] = set()  # some feeds share settings
    for feed in all_feeds().values():
        if feed.settings:
            lines += ["", f"# {feed.name}: {feed.about}"]
        for setting in feed.settings:
            if setting.name not in said:
                lines += [f"# {setting.about}", f"{setting.name}={setting.default}"]
            said.add(setting.name)
    return "\n".join([*lines, ""])


PAGES = {
    DOCS / "indicators.md": indicators_page,
    DOCS / "commands.md": commands_page,
    DOCS.parent / ".env.example": environment,
}

if __name__ == "__main__":
    for path, page in PAGES.items():
        path.write_text(page(), encoding="utf-8")

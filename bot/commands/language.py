"""/language [NAME] — the language this chat reads: which it is, or another one."""

from bot.commands import Command, Context, UserError, shown
from bot.commentary import Button, Message
from bot.commentary.languages import translator
from storage import people
from storage.database import writing

#: what each language calls itself
NAMES = {"zh-Hant": "繁體中文", "zh-Hans": "简体中文", "en": "English"}
#: words for a language, in small letters, without zh- before and 中文 after them
_WORDS = {
    "zh-Hant": "繁體 繁体 繁 正體 正体 tw hk mo hant traditional",
    "zh-Hans": "简体 簡體 简 簡 cn sg hans simplified",
    "en": "en english 英文 英語 英语",
}
_MEANS = {word: language for language, words in _WORDS.items() for word in words.split()}


def parse(words: str) -> str | None:
    """The language asked for, or None where none is."""
    word = words.strip().casefold().replace("_", "-").removeprefix("zh-").removesuffix("中文")
    if not word:
        return None
    if word not in _MEANS:
        raise UserError(
            "“{word}” is no language spoken here: zh-Hant, zh-Hans or en. For example: {example}",
            word=shown(words), example="/language zh-Hant",
        )  # fmt: skip
    return _MEANS[word]


def answer(context: Context, wanted: str | None) -> list[Message]:
    """Keep the language if one is asked for, and say in it which it is and which there are."""
    language = wanted or context.language
    _t = translator(language)
    if wanted:
        with writing(context.rooms.engine) as session:
            people.welcome(session, context.chat_id, kind=context.kind, language=wanted, now=context.now)
            people.speak(session, context.chat_id, wanted)
    said = _t("This chat reads {language}.").format(language=f"<b>{NAMES[language]}</b>")
    row = tuple(Button(name, f"/language {code}") for code, name in NAMES.items())
    return [Message(said, buttons=(row,))]


COMMAND = Command("language", "[NAME]", "The language this chat reads", "/language zh-Hant", parse, answer)

"""Telegram's names of languages, and the list of everything that is said, translated."""

import io
import re
import shutil
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from bot.commentary import catalogue, languages
from bot.commentary.lettering import BOX, drawable
from bot.registry import all_commands

#: characters of one script of Chinese only: the same words, traditional and simplified
TRADITIONAL = (
    "億萬個們這為與從對開關來時會發後過進還沒說請讀寫書買賣價錢資訊據數據庫號碼類別題標準確認識選擇權"
    "單雙輸贏繳納補償貸虧損盈餘預測實際與擬計劃畫圖線條長寬廣東西歐國內項檔張間隔離開啟動態狀況產業績"
    "報酬經濟營運銷售總體積極強弱漲勢頭寸倉構機會員當盤場級風險異顯繪製擴傳統導連續結論無義務處應該讓"
)
SIMPLIFIED = (
    "亿万个们这为与从对开关来时会发后过进还没说请读写书买卖价钱资讯据数据库号码类别题标准确认识选择权"
    "单双输赢缴纳补偿贷亏损盈余预测实际与拟计划画图线条长宽广东西欧国内项档张间隔离开启动态状况产业绩"
    "报酬经济营运销售总体积极强弱涨势头寸仓构机会员当盘场级风险异显绘制扩传统导连续结论无义务处应该让"
)
ONLY = {
    "zh-Hant": {one for one, other in zip(TRADITIONAL, SIMPLIFIED, strict=True) if one != other},
    "zh-Hans": {other for one, other in zip(TRADITIONAL, SIMPLIFIED, strict=True) if one != other},
}


@pytest.fixture(scope="module")
def keys() -> list[str]:
    """Everything that is said, in English."""
    wanted = read_po(io.BytesIO(catalogue.template().encode()))
    return [message.id for message in wanted if message.id]


def marks(text: str) -> tuple[list[str], ...]:
    """What a translation may not change: slots, tags (in order), commands, what is quoted as code."""
    slots = sorted(f"{name}:{kind}" for _, name, kind, _ in Formatter().parse(text) if name is not None)
    commands = sorted(re.findall(r"(?<![\w/<.])/[a-z]\w*", text))
    return slots, re.findall(r"</?\w[^>]*>", text), commands, re.findall(r"`[^`]*`", text)


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        ("zh-hant", "zh-Hant"),
        ("zh-TW", "zh-Hant"),
        ("zh_HK", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-Hans-HK", "zh-Hans"),
        ("zh-hans", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_what_telegram_calls_a_language_is_one_of_ours(code, ours):
    assert languages.normalise(code) == ours


def test_a_language_not_spoken_here_is_the_owners_default():
    assert languages.normalise("fr", "zh-Hant") == "zh-Hant"
    assert languages.normalise(None, "zh-Hans") == "zh-Hans"


def test_a_key_without_a_translation_is_said_in_english():
    for language in languages.LOCALES:
        assert languages.translator(language)("not translated anywhere") == "not translated anywhere"
        assert languages.translator(language)("") == ""


def test_a_translation_added_to_a_language_is_said_once_it_is_compiled(tmp_path, monkeypatch):
    shutil.copytree(languages.FOLDER, tmp_path, dirs_exist_ok=True)
    for module in (languages, catalogue):
        monkeypatch.setattr(module, "FOLDER", tmp_path)
    monkeypatch.setattr(catalogue, "template", lambda: 'msgid "not known"\nmsgstr ""\n')
    po = tmp_path / "zh-Hant" / "LC_MESSAGES" / "bellwether.po"
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "not known"\nmsgstr "未知"\n\nmsgid "no longer said"\nmsgstr "舊"\n',
        encoding="utf-8",
    )
    catalogue.main()
    languages.translator.cache_clear()
    try:
        say = languages.translator("zh-Hant")
        assert say("not known") == "未知"
        assert say("no longer said") == "no longer said"
    finally:
        monkeypatch.undo()
        languages.translator.cache_clear()


def test_every_sentence_in_a_source_is_found():
    source = """
GREETING = "hello " "there"
title = "first"
title = "second"
Chart(title, days=["2025-03-14"])
def say(): return _(GREETING), _t("yes" if now else "no"), N_("later"), _(unknown), _(f"not {this}")
Chart(title="what to see", panels=[Panel("Price", unit="USD", series=[Series("Close", "line", [])])])
"""
    assert sorted(catalogue.sentences(source)) == [
        "Close", "Price", "USD", "first", "hello there", "later", "no", "second", "what to see", "yes",
    ]  # fmt: skip


def test_the_sentences_of_rings_and_boards_are_found_but_not_names_and_notes():
    source = """
BULLISH = "Bullish"
sided = [(BULLISH, facts["bull_usd"]), ("Bearish" if known else "Sold", total - rest)]
sided = [*sided, ("Side unknown", unknown)]
Ring("Bullish − bearish", [*sided, *([("Rest", rest)] if rest else [])])
Ring(title="Calls − puts", parts=[("Calls", calls), ("Puts", puts)])
Panel("Leaders", "USD", rows=[Row("MRK", 1.0, note="1 order")], sides=("To the right", "To the left"))
Panel("Board", "", [], [], rows, ("R", "L"))
"""
    assert sorted(set(catalogue.sentences(source)) - {""}) == [
        "Bearish", "Board", "Bullish", "Bullish − bearish", "Calls", "Calls − puts", "L", "Leaders", "Puts",
        "R", "Rest", "Side unknown", "Sold", "To the left", "To the right", "USD",
    ]  # fmt: skip


def test_two_sentences_assigned_at_once_are_both_found():
    source = 'title, label = "{subject}: what", "share"\nChart(title, days, [Series(label, "line", [])])'
    assert sorted(catalogue.sentences(source)) == ["share", "{subject}: what"]


def test_the_list_for_translators_is_current():
    """Run `python -m bot.commentary.catalogue` after changing what is said."""
    assert catalogue.template() == (languages.FOLDER / "bellwether.pot").read_text(encoding="utf-8")


def test_every_catalogue_is_compiled_and_holds_every_key():
    keys = {line for line in catalogue.template().splitlines() if line.startswith("msgid ")}
    for po in languages.FOLDER.glob("*/LC_MESSAGES/bellwether.po"):
        assert po.with_suffix(".mo").is_file()
        assert keys <= set(po.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("language", ONLY)
def test_every_key_is_translated_and_its_slots_tags_and_commands_are_kept(language, keys):
    say = languages.translator(language)
    catalogued = _catalogue(language)
    assert [key for key in keys if not catalogued.get(key)] == []
    assert [key for key in keys if marks(say(key)) != marks(key)] == []
    assert [key for key in keys if say(key)[:1].isspace() != key[:1].isspace()] == []


@pytest.mark.parametrize("language", languages.LOCALES)
def test_what_is_compiled_is_what_is_written(language, keys):
    say, written = languages.translator(language), _catalogue(language)
    assert {key: say(key) for key in keys} == {key: written.get(key) or key for key in keys}


@pytest.mark.parametrize("language", ONLY)
def test_each_script_of_chinese_is_kept_pure_and_can_be_drawn(language, keys):
    (other,) = ONLY.keys() - {language}
    said = {key: languages.translator(language)(key) for key in keys}
    assert {key: found for key, text in said.items() if (found := ONLY[other] & set(text))} == {}
    letters = "".join(sorted({*"".join(said.values())} - {*"".join(keys)}))
    for start in range(0, len(letters), 100):
        assert BOX not in drawable(letters[start : start + 100], 200)


def test_the_two_scripts_are_two_translations(keys):
    hant, hans = (languages.translator(language) for language in ONLY)
    assert "選擇權" in hant("Option premium")
    assert "期权" in hans("Option premium")
    prose = [key for key in keys if len(key) > 30]
    assert sum(hant(key) != hans(key) for key in prose) > 0.95 * len(prose)


@pytest.mark.parametrize("language", ONLY)
def test_a_menu_line_fits_and_is_no_english(language):
    for command in all_commands().values():
        about = languages.translator(language)(command.about)
        assert about != command.about
        assert 2 <= len(about) <= 256


def _catalogue(language: str) -> dict[str, str]:
    path = languages.FOLDER / language / "LC_MESSAGES" / "bellwether.po"
    with path.open("rb") as file:
        return {message.id: message.string for message in read_po(file)}

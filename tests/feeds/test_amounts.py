"""Amounts are read exactly as written, or refused with a reason."""

import time
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds._amounts import Amount, AmountError, accepted_forms, read_amount

SCRIPTS = ("en", "zh-Hant", "zh-Hans")

#: text → value worked by hand, currency; read alike by every script
SINGLE = [
    ("800B", "800000000000", None),
    ("800b", "800000000000", None),
    ("$1.5T", "1500000000000", "USD"),
    ("$ 1.5 T", "1500000000000", "USD"),
    ("US$ 830 billion", "830000000000", "USD"),
    ("US $830 billion", "830000000000", "USD"),
    ("1.5 trillion dollars", "1500000000000", "USD"),
    ("1.5 Trillion US Dollars", "1500000000000", "USD"),
    ("$830 billion USD", "830000000000", "USD"),
    ("USD 12.7bn", "12700000000", "USD"),
    ("12.7bn usd", "12700000000", "USD"),
    ("500M", "500000000", None),
    ("500 mn", "500000000", None),
    ("500 million", "500000000", None),
    ("2tn", "2000000000000", None),
    ("20k", "20000", None),
    ("20 thousand", "20000", None),
    ("1,234,567.89", "1234567.89", None),
    ("1,234B", "1234000000000", None),
    ("0.5T", "500000000000", None),
    ("7", "7", None),
    ("1萬", "10000", None),
    ("1万", "10000", None),
    ("6110萬", "61100000", None),
    ("3000万美元", "30000000", "USD"),
    ("2十萬", "200000", None),
    ("3百萬", "3000000", None),
    ("3百万", "3000000", None),
    ("5千萬", "50000000", None),
    ("5千万", "50000000", None),
    ("17.23億", "1723000000", None),
    ("17.23亿", "1723000000", None),
    ("8300億", "830000000000", None),
    ("8300亿美元", "830000000000", "USD"),
    ("830億美金", "83000000000", "USD"),
    ("4十億", "4000000000", None),
    ("4十亿", "4000000000", None),
    ("6百億", "60000000000", None),
    ("6百亿", "60000000000", None),
    ("8.3千億", "830000000000", None),
    ("8.3千亿", "830000000000", None),
    ("1.5萬億", "1500000000000", None),
    ("1.5万亿", "1500000000000", None),
    ("人民幣3800億", "380000000000", "CNY"),
    ("人民币3800亿元", "380000000000", "CNY"),
    ("3800亿元人民币", "380000000000", "CNY"),
    ("RMB 3800億", "380000000000", "CNY"),
    ("CNY 380bn", "380000000000", "CNY"),
    ("¥3800亿人民币", "380000000000", "CNY"),
    ("港幣100億", "10000000000", "HKD"),
    ("100亿港币", "10000000000", "HKD"),
    ("100億港元", "10000000000", "HKD"),
    ("HK$10B", "10000000000", "HKD"),
    ("HK$100億元", "10000000000", "HKD"),
    ("HKD 10bn", "10000000000", "HKD"),
    ("10 billion Hong Kong dollars", "10000000000", "HKD"),
    ("NT$100億", "10000000000", "TWD"),
    ("新台幣100億元", "10000000000", "TWD"),
    ("新臺幣 100 億", "10000000000", "TWD"),
    ("100亿新台币", "10000000000", "TWD"),
    ("TWD 10bn", "10000000000", "TWD"),
    ("€5bn", "5000000000", "EUR"),
    ("5 billion euros", "5000000000", "EUR"),
    ("EUR 5bn", "5000000000", "EUR"),
    ("50億歐元", "5000000000", "EUR"),
    ("£5m", "5000000", "GBP"),
    ("GBP 5m", "5000000", "GBP"),
    ("500万英镑", "5000000", "GBP"),
    ("JPY 2.3T", "2300000000000", "JPY"),
    ("¥2.3T JPY", "2300000000000", "JPY"),
    ("10,000T", "10000000000000000", None),
    # the spaces and widths of pasted text
    ("  800\u00a0B ", "800000000000", None),
    ("\u00a08300\u00a0億\u00a0", "830000000000", None),
    ("US$\u2009830\u202fbillion", "830000000000", "USD"),
    ("\u30008300\u3000億", "830000000000", None),
    ("８００Ｂ", "800000000000", None),
    ("＄１．５Ｔ", "1500000000000", "USD"),
    ("１，２３４，５６７．８９", "1234567.89", None),
]
RANGES = [
    ("22-24B", "22000000000", "24000000000", None),
    ("22B–24B", "22000000000", "24000000000", None),
    ("22 — 24B", "22000000000", "24000000000", None),
    ("22−24B", "22000000000", "24000000000", None),
    ("220-240 億", "22000000000", "24000000000", None),
    ("220\u00a0-\u00a0240\u00a0億", "22000000000", "24000000000", None),
    ("220亿到240亿", "22000000000", "24000000000", None),
    ("22 to 24 billion", "22000000000", "24000000000", None),
    ("22 billion to 24 billion dollars", "22000000000", "24000000000", "USD"),
    ("800B至1.5T", "800000000000", "1500000000000", None),
    ("800B-1.5T", "800000000000", "1500000000000", None),
    ("9000萬-1.2億", "90000000", "120000000", None),
    ("22B~24B", "22000000000", "24000000000", None),
    ("22～24億", "2200000000", "2400000000", None),
    ("22〜24億", "2200000000", "2400000000", None),
    ("$22-24B", "22000000000", "24000000000", "USD"),
    ("$22B–$24B", "22000000000", "24000000000", "USD"),
    ("22B-24B USD", "22000000000", "24000000000", "USD"),
    ("人民幣220-240億元", "22000000000", "24000000000", "CNY"),
    ("20k-1,000,000", "20000", "1000000", None),
    ("1,000-2,000", "1000", "2000", None),
]
BOUNDED = [
    *[(f"{word} 25B", ">=", "25000000000") for word in ("over", "Above", "more than", "at least")],
    *[(f"{word}25B", ">=", "25000000000") for word in ("≥", "≧", ">=", ">", "＞", "> ")],
    *[(f"{word}250億", ">=", "25000000000") for word in ("超過", "超过", "至少", "逾", "多於", "多于")],
    *[(text, ">=", "25000000000") for text in ("25B+", "25B +", "250億以上", "250亿以上", "超過250億以上")],
    *[(f"{word} 25B", "<=", "25000000000") for word in ("nearly", "almost", "under", "below", "less than")],
    *[(f"{word} 25B", "<=", "25000000000") for word in ("up to", "at most", "≤", "≦", "<=", "<", "＜")],
    *[(f"{word}1萬", "<=", "10000") for word in ("近", "不到", "將近", "将近", "接近", "少於", "少于")],
    ("250億以下", "<=", "25000000000"),
    *[(f"{word} 25B", "~", "25000000000") for word in ("about", "around", "approximately", "~", "≈", "～")],
    *[(f"{word}250億", "~", "25000000000") for word in ("約", "约", "大約", "大约")],
    *[(text, "~", "25000000000") for text in ("250億左右", "250亿左右", "25B左右", "大約250億左右")],
]
HOSTILE = [
    ("", "empty"), ("   ", "empty"), ("\u00a0\u3000", "empty"), ("\n\t", "empty"),
    ("B", "not_a_number"), ("$", "not_a_number"), ("hello", "not_a_number"), ("億", "not_a_number"),
    ("三千萬", "not_a_number"), ("a billion", "not_a_number"), ("-", "not_a_number"), ("٣٠B", "not_a_number"),
    ("1,23", "not_a_number"), ("1,2345萬", "not_a_number"), ("12,34,567", "not_a_number"),
    ("1234,567", "not_a_number"), ("1,234,56", "not_a_number"), ("0,123", "not_a_number"),
    ("12,7bn", "not_a_number"), ("1.234,56", "not_a_number"), ("1.234.567", "not_a_number"),
    ("007B", "not_a_number"), (".5B", "not_a_number"), ("5.B", "not_a_number"), ("25B.", "not_a_number"),
    ("22...24B", "not_a_number"), ("1.2345678901234T", "not_a_number"), ("22,24B", "not_a_number"),
    ("NaN", "nan"), ("nan B", "nan"), ("inf", "infinite"), ("Infinity", "infinite"), ("-∞", "infinite"),
    ("1e9", "exponent"), ("1.5E+12", "exponent"), ("1e-3B", "exponent"), ("10^9", "exponent"),
    ("5%", "percent"), ("5％", "percent"), ("1.5 percent", "percent"), ("百分之5", "percent"),
    ("15x", "ratio"), ("8.3×", "ratio"), ("65倍", "ratio"), ("15 times", "ratio"), ("3:1", "ratio"),
    ("1/2B", "ratio"), ("15x-20x", "ratio"),
    ("-5B", "negative"), ("−5B", "negative"), ("－５B", "negative"), ("$-5B", "negative"),
    ("-$5B", "negative"), ("minus 5B", "negative"), ("負5億", "negative"), ("about -5B", "negative"),
    ("-0", "negative"), ("5B--3B", "negative"), ("5B to -3B", "negative"), ("$5B–-$3B", "negative"),
    ("22 24B", "two_numbers"), ("22B 24B", "two_numbers"), ("22B and 24B", "two_numbers"),
    ("1億5000萬", "two_numbers"), ("1 234 567", "two_numbers"), ("1'000", "two_numbers"),
    ("1_000", "two_numbers"), ("1-2-3B", "two_numbers"), ("2025-12-12", "two_numbers"),
    ("between 22B and 24B", "two_numbers"), ("22B, 24B", "two_numbers"),
    ("5 bananas", "unknown_unit"), ("800B in cash", "unknown_unit"), ("800Bx", "unknown_unit"),
    ("800BB", "unknown_unit"), ("800 million million", "unknown_unit"), ("800 Q", "unknown_unit"),
    ("800B!", "unknown_unit"), ("A$5B", "unknown_unit"), ("800B\x00", "unknown_unit"),
    ("8\u200b00B", "two_numbers"), ("800\u200bB", "unknown_unit"), ("10²B", "unknown_unit"),
    ("½B", "not_a_number"), ("①B", "not_a_number"), ("1.5万億", "unknown_unit"), ("250多億", "unknown_unit"),
    ("100億人", "unknown_unit"), ("不超過250億", "unknown_unit"), ("不超过250亿", "unknown_unit"),
    ("no more than 25B", "unknown_unit"), ("post-money 5B", "unknown_unit"), ("(5B)", "unknown_unit"),
    ("+5B", "unknown_unit"), ("22B-", "unknown_unit"), ("over 22B to over 24B", "unknown_unit"),
    ("25Bto30B", "unknown_unit"), ("=25B", "unknown_unit"), ("$1.5T; DROP TABLE", "unknown_unit"),
    ("about 25B+", "two_bounds"), ("近250億以上", "two_bounds"), ("約超過250億", "two_bounds"),
    ("over 22-24B", "bound_on_range"), ("約220-240億", "bound_on_range"), ("22-24B+", "bound_on_range"),
    ("220-240億左右", "bound_on_range"), ("~22~24B", "bound_on_range"),
    ("$22B-€24B", "two_currencies"), ("€5bn USD", "two_currencies"), ("NT$5 US dollars", "two_currencies"),
    ("人民幣5億美元", "two_currencies"),
    ("¥230B", "ambiguous_currency"), ("￥230B", "ambiguous_currency"), ("3800億元", "ambiguous_currency"),
    ("3800亿元", "ambiguous_currency"), ("5圓", "ambiguous_currency"), ("$100億元", "ambiguous_currency"),
    ("€100億元", "ambiguous_currency"), ("¥5億美元", "ambiguous_currency"), ("¥2.3兆", "ambiguous_currency"),
    ("0", "zero"), ("$0", "zero"), ("0.00B", "zero"), ("0-5B", "zero"),
    ("10,000.000000000001T", "too_large"), ("99999T", "too_large"), ("9" * 64, "too_large"),
    ("1T-20,000T", "too_large"),
    ("24-22B", "reversed"), ("22-22B", "reversed"), ("1.5T-800B", "reversed"), ("22B-24", "reversed"),
    ("800-1.5T", "reversed"),
    ("1" * 65, "too_long"), (" " * 65, "too_long"), ("800B" + " " * 61, "too_long"),
]  # fmt: skip


def refusal(text: str, script: str = "en") -> str:
    with pytest.raises(AmountError) as caught:
        read_amount(text, script=script)
    assert 0 < len(str(caught.value)) <= 120
    assert str(caught.value).endswith(".")
    return caught.value.code


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("text", "value", "currency"), SINGLE)
def test_a_single_amount(text: str, value: str, currency: str | None, script: str) -> None:
    found = read_amount(text, script=script)
    assert found == Amount(Decimal(value), None, "=", currency)
    assert Decimal(str(found.low)).as_tuple().exponent <= 0, "it would print with an exponent"


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("text", "low", "high", "currency"), RANGES)
def test_a_range(text: str, low: str, high: str, currency: str | None, script: str) -> None:
    assert read_amount(text, script=script) == Amount(Decimal(low), Decimal(high), "=", currency)


@pytest.mark.parametrize(("text", "bound", "value"), BOUNDED)
def test_a_bound(text: str, bound: str, value: str) -> None:
    assert read_amount(text) == Amount(Decimal(value), None, bound, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "bound", "currency"),
    [
        ("over $25B", ">=", "USD"), ("more than US$ 25 billion", ">=", "USD"), ("25B+ USD", ">=", "USD"),
        ("$25B+", ">=", "USD"), ("人民幣逾250億元", ">=", "CNY"), ("近250億美元", "<=", "USD"),
        ("250億美元以上", ">=", "USD"), ("250億美元左右", "~", "USD"), ("港幣約250億", "~", "HKD"),
    ],
)  # fmt: skip
def test_a_bound_with_a_currency(text: str, bound: str, currency: str) -> None:
    assert read_amount(text) == Amount(Decimal(25 * 10**9), None, bound, currency)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "code"), HOSTILE)
def test_what_is_not_understood_is_refused(text: str, code: str) -> None:
    assert refusal(text) == code


@pytest.mark.parametrize(
    ("text", "in_english"),
    [
        ("1.5兆", False), ("1.5兆美元", False), ("近1.5兆", False), ("约1.5兆", False),
        ("8000亿-1.5兆", False),
        ("約1.5兆", True), ("超過1.5兆", True), ("8000億-1.5兆", True), ("新台幣1.5兆", True),
        ("1.5兆歐元", True), ("约1.5兆歐元", False),
    ],
)  # fmt: skip
def test_one_character_is_a_trillion_only_to_who_writes_traditional(text: str, in_english: bool) -> None:
    found = read_amount(text, script="zh-Hant")
    assert Decimal(1_500_000_000_000) in (found.low, found.high)
    assert refusal(text, "zh-Hans") == "mega"
    if in_english:
        assert read_amount(text) == found
    else:
        assert refusal(text) == "mega"


def test_decimals_are_exact_whatever_the_context() -> None:
    with localcontext() as context:
        context.prec = 3
        assert str(read_amount("9,999,999,999,999,999.123456789012").low) == "9999999999999999.123456789012"
        assert str(read_amount("1234.567890123億").low) == "123456789012.3"


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_forms_shown_are_accepted_by_who_is_shown_them(script: str) -> None:
    forms = accepted_forms(script).replace("、", ", ").split(", ")
    assert len(forms) == 5
    assert [read_amount(form, script=script).bound for form in forms].count(">=") == 1


SCALES = {
    "en": {"": 1, "k": 10**3, "M": 10**6, " million": 10**6, "bn": 10**9, "T": 10**12},
    "zh-Hant": {"": 1, "萬": 10**4, "百萬": 10**6, "億": 10**8, "千億": 10**11, "兆": 10**12, "萬億": 10**12},
    "zh-Hans": {"": 1, "万": 10**4, "千万": 10**7, "亿": 10**8, "百亿": 10**10, "万亿": 10**12},
}
WIDE = {ord(" "): "\u3000"} | {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)}


@given(st.data(), st.sampled_from(SCRIPTS), st.integers(1, 10**6), st.integers(0, 4), st.booleans())
def test_what_is_written_is_read_back(
    data: st.DataObject, script: str, digits: int, places: int, wide: bool
) -> None:
    scale = data.draw(st.sampled_from(sorted(SCALES[script])))
    number = Decimal(digits).scaleb(-places)
    before, bound = data.draw(st.sampled_from([("", "="), ("≥", ">="), ("近", "<="), ("about ", "~")]))
    sign, currency = data.draw(st.sampled_from([("", None), ("US$", "USD"), ("€", "EUR"), ("人民币", "CNY")]))
    text = f"{before}{sign}{number:{data.draw(st.sampled_from([',f', 'f']))}}{scale}"
    value = number * SCALES[script][scale]
    if value > 10**16:
        assert refusal(text, script) == "too_large"
    else:
        found = read_amount(text.translate(WIDE) if wide else text, script=script)
        assert found == Amount(value, None, bound, currency)


@given(st.data(), st.sampled_from(SCRIPTS), st.integers(1, 5000), st.integers(1, 5000))
def test_a_range_is_read_back(data: st.DataObject, script: str, low: int, more: int) -> None:
    scale, sign = data.draw(st.sampled_from(sorted(SCALES[script]))), data.draw(st.sampled_from("-–—~至到"))
    ends = [Decimal(end * SCALES[script][scale]) for end in (low, low + more)]
    assert read_amount(f"{low}{sign}{low + more}{scale}", script=script) == Amount(*ends, "=", None)
    assert refusal(f"{low + more}{sign}{low}{scale}", script) == "reversed"


PIECES = [*" .,-–~+≥<$¥€%^:²", *(
    "0", "1", "22", "24", "1.5", "1,234", "1,23", "to", "至", "over", "近", "約", "以上", "左右", "US$", "元",
    "人民幣", "美元", "B", "T", "k", "萬", "亿", "兆", "千", "x", "e", "nan", "inf", "\u200b", "Ｂ", "５",
    "foo",
)]  # fmt: skip
SOUP = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)


@given(SOUP | st.text() | st.text("0123456789.,-~$B億兆 ", max_size=12), st.sampled_from(SCRIPTS))
def test_any_text_is_an_amount_or_is_refused(text: str, script: str) -> None:
    try:
        found = read_amount(text, script=script)
    except AmountError as error:
        assert error.code.replace("_", "").isalpha()
        assert 0 < len(str(error)) <= 120
        return
    assert 0 < found.low <= 10**16
    assert found.high is None or (found.low < found.high <= 10**16 and found.bound == "=")
    assert any(digit in text for digit in "123456789１２３４５６７８９")


@settings(deadline=None)
@given(SOUP.filter(bool))
def test_a_long_text_is_refused_at_once(piece: str) -> None:
    began = time.perf_counter()
    assert refusal((piece * 10_000)[:10_000]) == "too_long"
    for text in ((piece * 64)[:64], "1" * 32 + piece[:31], "1 - " * 16):
        try:
            read_amount(text)
        except AmountError:
            continue
    assert time.perf_counter() - began < 0.5

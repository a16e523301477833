"""The command line: every refusal is one sentence, every listing is readable by a program."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import main


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Call the program in a fresh house: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BELLWETHER_DATA_DIR", str(tmp_path / "data"))
    for name in ("TELEGRAM_BOT_TOKEN", "FEEDS", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def said(*words: str) -> tuple[int, str, str]:
        try:
            code = main(words)
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return code, out, err

    return said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("load", "no_such_feed", "x"), "there is no feed no_such_feed; there are "),
        (("load", "bars", "absent.csv"), "absent.csv is not there"),
        (("read", "no_such_indicator"), "there is no indicator no_such_indicator; there are "),
        (
            ("read", "--subject", "nvda", "--as-of", "2024-03-04"),
            "nothing is known of NVDA as of 2024-03-04 20",
        ),
        (
            ("replay", "--from", "2024-03-05", "--to", "2024-03-04"),
            "--from 2024-03-05 is after --to 2024-03-04",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: tuple[str, ...], says: str, call) -> None:
    code, out, err = call(*words)
    assert code == 1
    assert out == ""
    (sentence,) = [line for line in err.splitlines() if not line[:2].isdigit()]
    assert sentence.startswith(f"bellwether: {says}")


def test_wrong_usage_is_exit_code_two(call) -> None:
    assert call()[0] == 2
    code, _, err = call("read", "--as-of", "2024-03-04T16:00:00")
    assert code == 2
    assert "has no time zone" in err
    assert call("read", "--as-of", "soon")[0] == 2


def test_the_program_itself_ends_with_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "load", "bars", "absent.csv"], cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "bellwether: absent.csv is not there\n"


def test_loading_prints_an_account_per_file_and_twice_changes_nothing(call, tmp_path: Path) -> None:
    file = tmp_path / "bars.csv"
    file.write_text(
        "date,symbol,open,high,low,close,volume\n"
        "2024-03-04,NA,1.00,2.00,0.50,1.50,10\n"
        "2024-03-05,NA,1.00,x,0.50,1.50,10\n"
    )
    first, second = (json.loads(call("load", "bars", str(file), "--json")[1]) for _ in range(2))
    assert first["file"] == "bars.csv"
    assert (first["received"], first["accepted"], first["quarantined"]) == (2, 1, 1)
    assert sum(first["reasons"].values()) == 1
    assert (first["new"], second["new"]) == (1, 0)
    assert "received 2 = accepted 1 + quarantined 1; 0 new" in call("load", "bars", str(file))[1]


def test_a_date_stands_for_all_that_is_known_by_eight_in_the_evening(call, tmp_path: Path) -> None:
    file = tmp_path / "prints.csv"
    file.write_text(
        "executed_at,underlying,expiry,strike,right,price,size,bid,ask\n"
        "2015-12-24T12:59:00-05:00,ACME,2016-01-15,10,C,2.00,10,1.80,2.10\n"
        "2015-12-24T17:59:00-05:00,ACME,2016-01-15,10,C,1.00,10,0.80,1.10\n"
        "2015-12-24T20:01:00-05:00,ACME,2016-01-15,10,C,9.00,10,8.80,9.10\n"
    )
    call("load", "option_trades", str(file))
    code, out, _ = call("read", "options_flow", "--subject", "ACME", "--as-of", "2015-12-24", "--json")
    signal = json.loads(out)
    assert code == 0
    # 20:00 in New York, also on a half day; the print of 20:01 is not known yet
    assert signal["as_of"] == "2015-12-25T01:00:00+00:00"
    assert (signal["facts"]["call_usd"], signal["facts"]["buy_call_usd"]) == (3000.0, 3000.0)
    assert "call_usd = 3000.0" in call("read", "--subject", "ACME", "--as-of", "2015-12-24")[1]
    # a moment is taken as it is
    early = call("read", "options_flow", "--as-of", "2015-12-24T13:45:00-05:00", "--json")[1]
    assert {json.loads(line)["facts"]["call_usd"] for line in early.splitlines()} == {2000.0}


def test_the_doctor_finds_a_fresh_house_healthy_and_names_what_is_wrong(
    call, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = call("doctor", "--json")
    assert code == 0, out
    assert all(json.loads(line)["ok"] for line in out.splitlines())
    monkeypatch.setenv("FEEDS", "nosuch")
    code, out, _ = call("doctor")
    assert code == 1
    assert "FEEDS names nosuch" in out
    monkeypatch.setenv("CHAT_PORT", "none")
    code, _, err = call("doctor")
    assert code == 1
    assert "CHAT_PORT" in err

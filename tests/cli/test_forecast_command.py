"""`rnnterm forecast`: what it writes, keeps and refuses."""

import csv
import json
import os
import signal
import subprocess
import time

import psutil
import pytest
from installed import COMMAND

QUICK = ("--epochs", 2, "--seeds", 1, "--units", 3)
SHOP = "when,shop\n" + "".join(
    f"{2000 + at // 12}-{at % 12 + 1:02},{at % 7 + at % 3}\n" for at in range(90)
)


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(SHOP)
    return path


def test_a_table_is_forecast_written_and_forecast_again(rnnterm, shop, tmp_path):
    table, kept = tmp_path / "out.csv", tmp_path / "kept.safetensors"
    answer = rnnterm("forecast", "-", *QUICK, "--out", table, "--save", kept, stdin=SHOP.encode())
    assert answer.code == 0, answer.err
    for part in ("┤", "LSTM 3", "last value", "mean", "AR(12)", "90% interval", "next 2007-07"):
        assert part in answer.out
    assert "\x1b" not in answer.out
    assert "standard input · 90 months, 2000-01 to 2007-06" in answer.err
    assert "100% forecasting" in answer.err
    rows = list(csv.DictReader(table.open()))
    assert [row["part"] for row in rows] == ["train"] * 72 + ["test"] * 18 + ["beyond"] * 18
    assert (rows[0]["date"], rows[-1]["date"]) == ("2000-01", "2008-12")
    assert all(row["forecast"] for row in rows[72:])
    newer = tmp_path / "newer.csv"
    newer.write_text(SHOP + "2007-07,5\n")
    again = rnnterm("forecast", newer, "--model", kept, "--json", "--horizon", 3)
    assert again.code == 0, again.err
    told = json.loads(again.out)
    assert told["beyond"]["step"] == ["2007-08", "2007-09", "2007-10"]
    assert told["split"] == 72
    assert told["one_step"]["forecast"][80] == pytest.approx(float(rows[80]["forecast"]))
    bare = rnnterm("forecast", shop, "--model", kept, "--no-plot")
    assert "shop.csv · 90 months" in bare.err
    assert "┤" not in bare.out
    assert "test RMSE" in bare.out
    twice = rnnterm("forecast", shop, "--model", kept, "--out", table)
    assert (twice.code, twice.out) == (2, "")
    assert "add --force" in twice.err


def test_json_tells_everything(rnnterm):
    answer = rnnterm("forecast", "--recipe", "sine-tutorial", "--epochs", 1, "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert (told["series"], told["values"], told["split"]) == ("sine", 2000, 900)
    assert told["noise_floor"] == pytest.approx(0.2887, abs=1e-4)
    assert len(told["one_step"]["forecast"]) == 2000
    network, *others = told["measures"]
    assert network["test"]["rmse"] > 0.25
    assert [row["name"] for row in others[:1]] == ["last value"]
    assert set(told["beats"]) == {row["name"] for row in others}
    assert len(told["faults"]) >= 2
    assert told["verdict"] in told["sentences"]


BAD = {
    "missing file": (["gone.csv"], 2, "no series 'gone.csv'"),
    "missing column": (["--column", "shops"], 2, "did you mean 'shop'"),
    "text": (["text"], 1, "row 31, column 'shop': 'many' is no number"),
    "NaN": (["nan"], 1, "row 31, column 'shop': 'nan' is no number"),
    "constant": (["constant"], 1, "constant, always 4"),
    "duplicate date": (["duplicate"], 1, "row 31 (2002-06) and row 32 (2002-06) have one date"),
    "unordered dates": (["unordered"], 1, "sort the rows by date"),
    "too short": (["short"], 2, "the series has 3 values: too few to learn from"),
    "window": (["--window", "85", "--horizon", "6"], 2, "window and horizon take 91"),
    "negative horizon": (["--horizon", "-3"], 2, "horizon must be"),
    "split": (["--split", "nan"], 2, "finite"),
    "cell": (["--cell", "cnn"], 2, "cell must be one of"),
    "season": (["--period", "72"], 2, "a season of 72 values does not fit into the 72"),
    "recipe": (["--recipe", "best"], 2, "no recipe 'best'"),
    "noise": (["--noise", "3"], 2, "--noise is for the sine alone"),
    "folder": (["--out", "/nowhere/out.csv"], 1, "there is no folder"),
    "ending": (["--save", "kept.pt"], 2, "must end in .safetensors"),
    "kept": (["--model", "gone.safetensors"], 1, "no forecaster's file"),
    "both": (["--model", "gone.safetensors", "--units", "3"], 2, "--units is for learning"),
}
MADE = {
    "text": SHOP.replace("2002-06,3", "2002-06,many"),
    "nan": SHOP.replace("2002-06,3", "2002-06,nan"),
    "constant": "a\n" + "4\n" * 50,
    "duplicate": SHOP.replace("2002-07", "2002-06"),
    "unordered": SHOP.replace("2002-07", "2001-07"),
    "short": "a\n1\n2\n3\n",
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_line(rnnterm, shop, tmp_path, kind):
    (first, *rest), code, reason = BAD[kind]
    source = shop
    if first in MADE:
        source = tmp_path / f"{first}.csv"
        assert first == "short" or MADE[first] != SHOP
        source.write_text(MADE[first])
    elif not first.startswith("--"):
        source = first
    else:
        rest = [first, *rest]
    answer = rnnterm("forecast", source, *rest)
    said = [line for line in answer.err.splitlines() if " · " not in line]
    assert (answer.code, len(said), answer.out) == (code, 1, "")
    assert reason in said[0]


def test_interrupting_it_ends_the_training_too(tmp_path):
    command = [COMMAND, "forecast", "--epochs", "100000", "--seeds", "1", "--rng-seed", "7"]
    running = subprocess.Popen(
        [*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in running.stderr:
        if "epoch" in line:
            break
    children = psutil.Process(running.pid).children(recursive=True)
    assert children
    os.kill(running.pid, signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (130, "")
    assert err.splitlines()[-1] == "rnnterm: interrupted"
    deadline = time.monotonic() + 20
    while any(child.is_running() and child.status() != "zombie" for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.02)

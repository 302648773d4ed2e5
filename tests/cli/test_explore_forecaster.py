"""`rnnterm explore FORECASTER`: a series in the place of a text."""

import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest
from made_forecasters import forecaster

from rnnterm.explore.series import read_series, stretch_before
from rnnterm.forecast.modelfile import save_forecaster
from rnnterm.forecast.series import sunspots

SPOTS = sunspots()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    path = tmp_path_factory.mktemp("kept") / "spots.safetensors"
    save_forecaster(path, forecaster(series="sunspots", values=SPOTS.values, units=5))
    return path


@pytest.fixture
def ask(run_here, kept):
    return lambda *arguments: run_here("explore", kept, *arguments)


def reading_of(kept, place, count=None):
    from rnnterm.forecast.modelfile import load_forecaster

    one = load_forecaster(kept)
    return read_series(one, SPOTS, stretch_before(one, SPOTS, place, count))


def test_json_is_the_reading(ask, kept):
    answer = ask("--at", "1980-03", "--network", 2, "--unit", 3, "--show", "c", "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    place = SPOTS.steps.index("1980-03")
    reading = reading_of(kept, place)
    step = reading.step_before(place)
    assert (found["shown_network"], found["unit"], found["step"]) == (2, 3, step + 1)
    assert found["series"] == "sunspots"
    assert found["read"]["step"][step] == "1980-02"
    assert found["read"]["value"][step] == SPOTS.values[place - 1]
    assert found["next"]["step"] == "1980-03"
    assert found["next"]["came"] == SPOTS.values[place]
    assert found["next"]["forecast"] == pytest.approx(reading.forecasts[step])
    np.testing.assert_allclose(found["forecasts_of_each"], reading.forecasts_of_each.T)
    for name in reading.names:
        np.testing.assert_allclose(found["values"][name], reading.values(1, name)[:, 3])
    for equation in found["equations"] + found["output_equations"]:
        total = sum(math.prod(term["factors"]) for term in equation["terms"])
        assert equation["sum"] == pytest.approx(total)
    assert len(found["units"]) == 5


def test_for_people_it_is_dates_values_and_equations(ask, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    told = ask()
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "LSTM 5 x 3" in lines[0]
    assert "1983-05 to 1983-12" in " ".join(lines[:2])
    whole = " ".join(told.out.split())
    for part in ("units x time", "step 8 after 1983-12: 33.4, scaled", "f = σ(W x + U h + b)",
                 "ŷ = x + K Δx + y", "forecast of 1984-01", "networks 1 to 3 alone",
                 "units that say most"):  # fmt: skip
        assert part in whole
    assert "came" in ask("--at", "1983-12").out


def test_a_stretch_of_its_own_and_another_series(ask, tmp_path):
    answer = ask("--values", 200, "--json")
    assert len(json.loads(answer.out)["read"]["value"]) == 200
    assert "starts anew after 15 values" in answer.err
    table = tmp_path / "shop.csv"
    rows = "".join(f"{2000 + at // 12}-{at % 12 + 1:02},{at % 7}\n" for at in range(60))
    table.write_text("when,[/red]\n" + rows)
    answer = ask("--series", table, "--at", "2004-12", "--json")
    found = json.loads(answer.out)
    assert "not what this forecaster learnt" in answer.err
    assert (found["series"], found["next"]["step"]) == ("shop.csv", "2004-12")
    assert ask("--series", table).code == 0


def test_it_is_exported(ask, tmp_path):
    for name in ("a.svg", "a.html"):
        assert ask("--export", tmp_path / name).code == 0
        assert "1983-12" in (tmp_path / name).read_text().replace("&#160;", " ")
    ElementTree.parse(tmp_path / "a.svg")


def test_gates_are_plotted(ask, run_here, tmp_path):
    answer = ask("--saturation", "--json")
    assert set(json.loads(answer.out)["gates"]) == {"i", "f", "o"}
    path = tmp_path / "plain.safetensors"
    save_forecaster(path, forecaster(cell="rnn", series="sunspots", values=SPOTS.values))
    answer = run_here("explore", path, "--saturation")
    assert answer.code == 1
    assert "no gates" in answer.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--text", "abc"], "reads a series, value by value, and has no --text"),
        (["--find", "letter"], "has no --find"),
        (["--match", "1:2"], "has no --match"),
        (["--clamp", "1=off"], "has no --clamp"),
        (["--compare", "shakespeare"], "has no --compare"),
        (["--gradients"], "has no --gradients"),
        (["--layer", "1"], "has no --layer"),
        (["--network", "4"], "no network 4: they go from 1 to 3"),
        (["--unit", "5"], "no unit 5"),
        (["--step", "9"], "no step 9"),
        (["--show", "r"], "a network has no 'r' to show: choose h, c"),
        (["--at", "yesterday"], "no step 'yesterday'"),
        (["--at", "1749-01"], "reads 8 values before it"),
        (["--values", "0"], "not 0"),
        (["--values", "2821"], "not 2,821"),
        (["--series", "nothing"], "no series 'nothing'"),
        (["--column", "2"], "needs --series FILE.csv"),
    ],
)
def test_what_makes_no_sense_is_one_line(ask, arguments, why):
    answer = ask(*arguments)
    assert answer.code == 2
    assert why in answer.err
    assert answer.err.count("\n") == 1
    assert not answer.out


def test_models_of_characters_and_forecasters_are_told_apart(run_here, kept, tmp_path):
    answer = run_here("explore", "shakespeare", "--text", "a", "--at", "1980")
    assert (answer.code, answer.out) == (2, "")
    assert "--at is for forecasters" in answer.err
    answer = run_here("generate", "--model", kept)
    assert answer.code == 1
    assert "it forecasts a series" in answer.err
    damaged = tmp_path / "damaged.safetensors"
    content = bytearray(kept.read_bytes())
    content[-3] ^= 1
    damaged.write_bytes(bytes(content))
    answer = run_here("explore", damaged)
    assert answer.code == 1
    assert "digest" in answer.err
    other = tmp_path / "other.safetensors"
    save_forecaster(other, forecaster())
    answer = run_here("explore", other)
    assert answer.code == 2
    assert "say which series it is to read with --series" in answer.err

"""A network whose values run away, through every command that has one speak: one line, exit 1."""

from dataclasses import replace

import numpy as np
import pytest
from made_forecasters import VALUES, forecaster

from rnnterm.forecast.modelfile import save_forecaster
from rnnterm.nn.modelfile import load_model, save_model
from rnnterm.runs.models import find_model

COMMANDS = {
    "generate": ["generate", "--length", 50, "--model"],
    "scored": ["generate", "--length", 50, "--json", "--model"],
    "beam": ["generate", "--length", 5, "--beam", 2, "--model"],
    "steer": ["steer", "--model"],
    "score": ["score"],
    "eval": ["eval", "--corpus", "othello", "--max-characters", 2000, "--blocks", 2],
    "explore": ["explore", "--text", "cat"],
    "gradients": ["explore", "--text", "the cat", "--gradients"],
    "clamp": ["explore", "--text", "the cat", "--clamp", "1=1"],
}


@pytest.fixture(scope="module")
def broken(trained, tmp_path_factory):
    model = load_model(find_model("cat", trained))
    tensors = {name: np.full_like(tensor, 3e38) for name, tensor in model.tensors.items()}
    path = tmp_path_factory.mktemp("broken") / "broken.safetensors"
    save_model(path, replace(model, tensors=tensors))
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_said(rnnterm, broken, command):
    answer = rnnterm(*COMMANDS[command], broken, stdin=b"the cat\n" * 9)
    lines = [line for line in answer.err.splitlines() if line.startswith("rnnterm:")]
    assert (answer.code, len(lines)) == (1, 1), answer.err
    assert "run away" in lines[0]
    assert "Warning" not in answer.err


def test_of_a_forecaster_too(rnnterm, tmp_path):
    whole = forecaster()
    networks = tuple(
        {name: np.full_like(tensor, 3e38) for name, tensor in network.items()}
        for network in whole.networks
    )
    path, table = tmp_path / "broken.safetensors", tmp_path / "waves.csv"
    save_forecaster(path, replace(whole, networks=networks))
    table.write_text("value\n" + "".join(f"{value}\n" for value in VALUES))
    answer = rnnterm("forecast", table, "--model", path)
    assert answer.code == 1
    assert "run away" in answer.err.splitlines()[-1]
    assert "Warning" not in answer.err
    save_forecaster(path, whole)
    table.write_text("value\n" + "".join(f"{value}e100\n" for value in VALUES))
    answer = rnnterm("forecast", table, "--model", path)
    assert answer.code == 1
    assert "train one on this series" in answer.err.splitlines()[-1]
    assert "Warning" not in answer.err

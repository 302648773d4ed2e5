"""What a training is said to take, before it begins."""

import math
import time

import pytest

from rnnterm.errors import RnntermError
from rnnterm.memory import MemoryLimit
from rnnterm.text.corpus import Corpus, open_corpus
from rnnterm.training import estimate
from rnnterm.training.estimate import estimate_training, matrix_speed, operations_per_step
from rnnterm.training.recipe import load_recipe

CPU = {"device": "cpu", "threads": 1}


@pytest.fixture
def othello() -> Corpus:
    return open_corpus("othello")


def test_operations_are_those_of_the_products():
    recipe = load_recipe().with_values({"hidden_size": 10, "batch_size": 2, "bptt": 3})
    spec = recipe.spec(7)
    per_character = 40 * 64 + 40 * 10 + 7 * 10
    assert operations_per_step(recipe, spec) == 6 * per_character * 2 * 3
    windows = recipe.with_values({"batching": "windows", "window": 3})
    last_only = 2 * 3 * (40 * 64 + 40 * 10) + 2 * 7 * 10
    assert operations_per_step(windows, windows.spec(7)) == 6 * last_only


def test_a_budget_of_time_gives_steps_and_one_of_steps_gives_time(othello):
    recipe = load_recipe().with_values(CPU)
    timed = estimate_training(recipe, othello, 1e10)
    assert timed.parameters == recipe.spec(58).parameter_count
    assert (timed.seconds, timed.budget_in_steps) == (120, False)
    assert timed.steps == pytest.approx(120 / timed.seconds_per_step)
    assert timed.epochs == pytest.approx(timed.steps / timed.steps_per_epoch)
    stepped = estimate_training(recipe.with_values({"epochs": 3}), othello, 1e10)
    assert stepped.steps == 3 * timed.steps_per_epoch
    assert stepped.seconds == pytest.approx(stepped.steps * timed.seconds_per_step)
    assert estimate_training(recipe, othello, 2e10).seconds_per_step < timed.seconds_per_step


def test_threads_are_those_that_torch_will_take(othello, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda process: set(range(8)), raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    recipe = load_recipe().with_values({"device": "cpu"})

    def seconds(threads: str) -> float:
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        return estimate_training(recipe, othello, 1e9).seconds_per_step

    assert seconds("1") > 2 * seconds("4")
    assert seconds("many") == seconds("8") == seconds("99")


def test_more_of_anything_takes_more(othello):
    recipe = load_recipe().with_values(CPU | {"hidden_size": 64})
    small = estimate_training(recipe, othello, 1e10)
    for larger in ({"hidden_size": 128}, {"num_layers": 2}, {"batch_size": 32}, {"bptt": 128}):
        large = estimate_training(recipe.with_values(larger), othello, 1e10)
        assert large.seconds_per_step > small.seconds_per_step
        assert large.memory_bytes > small.memory_bytes


def test_a_gpu_s_speed_is_not_guessed(othello):
    recipe = load_recipe().with_values({"device": "cuda"})
    timed = estimate_training(recipe, othello, 1e10)
    assert math.isnan(timed.seconds_per_step)
    assert math.isnan(timed.steps)
    stepped = estimate_training(recipe.with_values({"steps": 9}), othello, 1e10)
    assert (stepped.steps, math.isnan(stepped.seconds)) == (9, True)


def test_a_text_too_short_for_the_batches_is_told(othello):
    recipe = load_recipe().with_values({"batch_size": 5000})
    with pytest.raises(RnntermError, match="too few for 5000 streams"):
        estimate_training(recipe, othello, 1e10)


def test_the_speed_of_a_product_is_measured_once():
    speed = matrix_speed()
    assert 1e8 < speed < 1e14
    begun = time.perf_counter()
    assert matrix_speed() == speed
    assert time.perf_counter() - begun < 0.005


def test_a_training_that_would_not_fit_says_so_before_it_starts(othello, monkeypatch):
    recipe = load_recipe().with_values(CPU)
    small = MemoryLimit(total=1 << 30, available=100 << 20)
    monkeypatch.setattr(estimate, "memory_limit", lambda: small)
    (note,) = estimate.memory_notes(recipe, othello)
    assert "105 MB are free" in note
    monkeypatch.setattr(estimate, "memory_limit", lambda: MemoryLimit(1 << 40, 1 << 40))
    assert estimate.memory_notes(recipe, othello) == ()

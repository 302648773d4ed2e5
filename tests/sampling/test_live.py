"""A live text: whatever changes under way, the model goes on from just what is there."""

import numpy as np
import pytest

from rnnterm.errors import UsageError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import softmax
from rnnterm.nn.spec import NetworkSpec
from rnnterm.sampling import live
from rnnterm.sampling.live import (
    LETTERS_KEPT,
    LiveText,
    warmer,
    wider_top_k,
    wider_top_p,
)
from rnnterm.sampling.steering import Steering
from rnnterm.sampling.strategies import Strategy
from rnnterm.sampling.surprise import surprise_of
from rnnterm.text.vocab import Vocabulary


def make_model(symbols: str = "\n abcdefg", rng_seed: int = 5, **settings) -> Model:
    vocab = Vocabulary(symbols, lowercase=True)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=8, embedding_size=4, **settings)
    rng = np.random.default_rng(rng_seed)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors)


MODELS = {
    "lstm": make_model(num_layers=2),
    "windowed": make_model(window=5),
    "window of one": make_model(window=1),
}
models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
PLAIN = Strategy(1.0)


class Clock:
    """Time that passes only by being asked for it."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def expected_logits(model: Model, text: str) -> np.ndarray:
    """What the network says after a text, read from cold or through its window."""
    ids = model.vocab.encode(text).astype(np.intp)
    return model.network.read(ids[-model.spec.window :])[0]


def assert_goes_on_from(text: LiveText, read: str) -> None:
    text.grow(0)
    wanted = softmax(expected_logits(text.model, read))
    for one in text.candidates(9):
        index = text.model.vocab.char_to_index[one.char]
        assert one.probability == pytest.approx(wanted[index], abs=1e-6)


@models
def test_it_writes_what_steering_would_and_tells_the_probabilities(model):
    text = LiveText(model, "gab", PLAIN, 7)
    grown = text.grow(50)
    steering = Steering(model, "gab", PLAIN, 7)
    steering.run(50)
    assert text.text() == steering.text()
    assert [letter.char for letter in text.letters] == list(text.text())
    assert [letter.probability for letter in text.letters[:3]] == [None] * 3
    trail = steering.trail(50)
    assert [letter.probability for letter in grown] == [step.probability for step in trail]


def test_an_empty_seed_starts_where_a_line_starts_and_unknown_characters_are_left_out():
    text = LiveText(MODELS["lstm"], "", PLAIN, 7)
    assert text.text() == ""
    assert_goes_on_from(text, "\n")
    text.restart("gαßa\x1b")
    assert text.text() == "ga"
    assert_goes_on_from(text, "ga")


@models
def test_another_model_goes_on_in_mid_text_with_what_it_knows(model):
    first = make_model("\n abcxyz", 3)
    text = LiveText(first, "abc xyz", PLAIN, 7)
    text.grow(400)
    whole = text.text()
    text.speak(model)
    assert text.text() == whole
    assert_goes_on_from(text, "".join(c for c in whole[-200:] if c not in "xyz"))
    grown = text.grow(20)
    assert text.text() == whole + "".join(letter.char for letter in grown)


@models
def test_stepping_goes_back_over_a_change_of_model_to_the_seed_and_forward_again(model):
    text = LiveText(make_model("\n abcdefgxyz", 3), "gab", PLAIN, 7)
    text.grow(300)
    text.speak(model)
    text.grow(5)
    whole = text.text()
    text.back()
    text.back()
    assert text.text() == whole[:-2]
    assert [text.forward().char, text.forward().char] == list(whole[-2:])
    while text.back() is not None:
        assert whole.startswith(text.text())
    assert text.text() == "gab"
    assert_goes_on_from(text, "gab")


def test_a_picked_character_is_written_and_an_unknown_one_refused():
    text = LiveText(MODELS["lstm"], "gab", PLAIN, 7)
    text.grow(0)
    likeliest = text.candidates(3)
    letter = text.pick(likeliest[1].char)
    assert (letter.char, letter.probability) == (likeliest[1].char, likeliest[1].probability)
    with pytest.raises(UsageError, match="does not know"):
        text.pick("z")
    assert text.text() == "gab" + letter.char


def test_the_strategy_changes_at_any_time():
    text = LiveText(MODELS["lstm"], "", PLAIN, 7)
    text.grow(10)
    text.strategy = Strategy(1.0, top_k=1)
    likeliest = text.candidates(1)[0].char
    assert text.grow(1)[0].char == likeliest
    text.speak(MODELS["windowed"])
    text.restart("abc")
    text.grow(0)
    likeliest = text.candidates(1)[0].char
    assert text.grow(1)[0].char == likeliest


def test_a_call_ends_when_its_time_is_over_while_reading_and_while_writing():
    text = LiveText(MODELS["lstm"], "gab" * 30, PLAIN, 7, Clock(1.0))
    calls = 0
    while text.is_behind:
        assert text.grow(100, 10.0) == [] or not text.is_behind
        assert text.is_behind == (not text.candidates(1))
        calls += 1
    assert calls == 9
    assert 1 <= len(text.grow(1000, 10.0)) <= 11


def test_a_thousand_steps_back_are_free_and_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(live, "LETTERS_KEPT", 500)
    monkeypatch.setattr(live, "_SLACK", 100)
    model = MODELS["lstm"]
    text = LiveText(model, "gab", PLAIN, 7)
    everything = "gab" + "".join(letter.char for letter in text.grow(5000))
    assert 500 <= len(text.letters) <= 600
    assert everything.endswith(text.text())
    step, states = text._steering.here, 0
    while step is not None:
        step, states = step.parent, states + 1
    assert 1000 <= states <= 1000 + 250 + 1
    assert LETTERS_KEPT == 20_000


def test_the_speed_is_that_of_the_last_seconds():
    clock = Clock()
    text = LiveText(MODELS["lstm"], "gab", PLAIN, 7, clock)
    assert text.chars_per_second == 0
    for count in (50, *[10] * 40):
        text.grow(count)
        clock.now += 0.1
    assert text.chars_per_second == pytest.approx(100)
    clock.now += 60
    text.grow(5)
    assert text.chars_per_second == 0  # it stood still: there is nothing to tell yet


def test_it_is_saved_as_it_is_and_never_over_another_file(tmp_path):
    text = LiveText(MODELS["lstm"], "gab", PLAIN, 7)
    text.grow(30)
    text.save(tmp_path / "sample.txt")
    assert (tmp_path / "sample.txt").read_text("utf-8") == text.text()
    with pytest.raises(UsageError, match="is there already"):
        text.save(tmp_path / "sample.txt")


def test_levels_of_surprise():
    probabilities = (1.0, 0.5, 0.49, 0.2, 0.19, 0.05, 0.049, 0.01, 0.009, 0.0)
    assert [surprise_of(one) for one in probabilities] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_knobs_stay_within_what_a_strategy_allows():
    assert warmer(Strategy(0.8), 1).temperature == 0.9
    assert warmer(Strategy(0.1), -1).temperature == 0.1
    assert warmer(Strategy(0.0), 1).temperature == 0.1
    assert wider_top_p(Strategy(top_p=0.95), 1).top_p == 1.0
    assert wider_top_p(Strategy(top_p=1.0), 1).top_p == 1.0
    assert wider_top_p(Strategy(top_p=0.05), -1).top_p == 0.05
    strategy, seen = Strategy(), []
    for _ in range(8):
        strategy = wider_top_k(strategy, -1)
        seen.append(strategy.top_k)
    assert seen == [40, 20, 10, 5, 3, 2, 1, 1]
    assert wider_top_k(Strategy(top_k=40), 1).top_k == 0
    assert wider_top_k(Strategy(), 1).top_k == 0
    assert wider_top_k(Strategy(top_k=100), -1).top_k == 40


@models
def test_forgetting_leaves_the_end_and_the_way_on_as_they_were(model):
    one, other = (Steering(model, "gab", PLAIN, 7) for _ in range(2))
    one.run(100)
    other.run(100)
    whole = other.text()
    one.forget(40)
    assert one.text() == whole[-40:]
    assert one.run(30) == other.run(30)
    assert one.back(1000) == (whole + other.text()[103:])[-70:]
    one.forget(40)  # there is nothing so far back
    assert one.text() == ""
    one.forward(1000)
    one.forget(0)
    assert one.text() == ""
    assert one.run(10) == other.run(10)

"""Steering: whatever a person does, the text is the path and the network has read just that."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.modelfile import Model
from rnnterm.nn.softmax import softmax
from rnnterm.nn.spec import NetworkSpec
from rnnterm.sampling.generator import sample
from rnnterm.sampling.steering import Steering
from rnnterm.sampling.strategies import Strategy
from rnnterm.text.vocab import Vocabulary

SYMBOLS = "\n abcdefg"


def make_model(**settings) -> Model:
    vocab = Vocabulary(SYMBOLS, lowercase=True)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=8, embedding_size=4, **settings)
    rng = np.random.default_rng(5)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors)


MODELS = {
    "lstm": make_model(num_layers=2),
    "gru": make_model(cell="gru"),
    "rnn": make_model(cell="rnn"),
    "windowed": make_model(window=5),
    "window of one": make_model(window=1),
}
models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def steer(model: Model, seed: str = "gab", **settings) -> Steering:
    return Steering(model, seed, Strategy(settings.pop("temperature", 1.0)), 7)


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("pick"), st.sampled_from(SYMBOLS)),
        st.tuples(st.just("run"), st.integers(0, 6)),
        st.tuples(st.just("back"), st.integers(0, 8)),
        st.tuples(st.just("forward"), st.integers(0, 8)),
        st.tuples(st.just("turn"), st.integers(-3, 3)),
        st.tuples(st.sampled_from(["sample", "undo", "redo"])),
    ),
    max_size=25,
)


@models
@given(moves=MOVES)
def test_the_text_is_the_path_and_the_state_is_that_of_reading_it_anew(model, moves):
    steering, text = steer(model), "gab"
    for name, *arguments in moves:
        passed = getattr(steering, name)(*arguments)
        if name in ("back", "undo"):
            assert text.endswith(passed)
            text = text[: len(text) - len(passed)]
        elif name != "turn":
            text += passed
    assert steering.text() == text
    assert steering.here.depth == len(text) - len("gab")
    ids = model.vocab.encode(text)[-model.spec.window :]
    logits, state = model.network.read(ids)
    np.testing.assert_allclose(steering.here.logits, logits, atol=1e-6)
    for layer, expected in zip(steering.here.state, state, strict=True):
        np.testing.assert_allclose(layer, expected, atol=1e-6)


@given(moves=MOVES, count=st.integers(0, 30))
def test_back_then_forward_is_where_one_was(moves, count):
    steering = steer(MODELS["gru"])
    for name, *arguments in moves:
        getattr(steering, name)(*arguments)
    before = steering.here
    passed = steering.back(count)
    assert len(passed) == min(count, before.depth)
    assert steering.forward(len(passed)) == passed
    assert steering.here is before


@models
def test_the_likeliest_of_everything_is_what_generate_writes(model):
    steering = steer(model, temperature=0)
    written = steering.run(30) + steering.sample() + steering.run(29)
    assert written == sample(model, "gab", 60, Strategy(0), 0)


def test_the_same_moves_make_the_same_text_and_another_seed_another():
    first, again = steer(MODELS["lstm"]), steer(MODELS["lstm"])
    other = Steering(MODELS["lstm"], "gab", Strategy(1.0), 8)
    assert first.run(40) == again.run(40) != other.run(40)


def test_candidates_are_the_likeliest_with_their_shares():
    steering = steer(MODELS["lstm"], temperature=0.5)
    candidates = steering.candidates(4)
    logits = steering.here.logits.astype(float)
    expected = np.exp(logits) / np.exp(logits).sum()
    sharpened = expected**2 / (expected**2).sum()  # temperature ½ squares the odds
    best = np.argsort(-logits)[:4]
    assert [one.char for one in candidates] == [steering.model.vocab.symbols[i] for i in best]
    assert [one.probability for one in candidates] == pytest.approx(expected[best])
    assert [one.chance for one in candidates] == pytest.approx(sharpened[best])
    assert len(steering.candidates(99)) == len(SYMBOLS)
    steering.temperature = 0
    assert [one.chance for one in steering.candidates(2)] == [1, 0]


@given(temperature=st.floats(0, 1e300), scale=st.floats(0, 1e30))
def test_shares_add_up_at_any_temperature(temperature, scale):
    logits = np.array([0.5, -1.0, 1.0], np.float32) * np.float32(scale)
    assert math.isclose(softmax(logits, temperature).sum(), 1)


def test_a_step_remembers_how_likely_its_character_was():
    steering = steer(MODELS["lstm"], temperature=0.1)
    third = steering.candidates(3)[2]
    steering.pick(third.char)
    assert steering.here.probability == third.probability


def test_a_path_taken_twice_is_one_branch_and_another_is_another():
    steering = steer(MODELS["lstm"])
    steering.pick("abc")
    first = steering.here
    steering.back(3)
    steering.pick("ad")
    steering.back(2)
    steering.pick("abc")
    assert steering.here is first
    steering.back(2)
    assert steering.branches(9) == ["bc", "d"]
    assert steering.branches(1) == ["b", "d"]
    assert steering.ahead(9) == "bc"
    steering.turn(1)
    assert (steering.ahead(9), steering.forward()) == ("d", "d")
    steering.back()
    steering.turn(1)
    assert steering.forward(5) == "bc"
    assert [step.char for step in steering.trail(2)] == ["b", "c"]


def test_undo_and_redo_go_by_moves():
    steering = steer(MODELS["lstm"])
    written = [steering.run(6), steering.pick("fad"), steering.sample()]
    assert [steering.undo(), steering.undo(), steering.undo()] == written[::-1]
    assert steering.undo() == ""
    assert [steering.redo(), steering.redo(), steering.redo()] == written
    assert steering.redo() == ""
    steering.back(3)
    assert steering.undo() == written[1][:1]  # to where the move began in whose middle it was


def test_choices_differ_when_the_model_is_asked_again():
    steering = steer(MODELS["lstm"])
    ways = set()
    for _ in range(6):
        ways.add(steering.run(10))
        steering.back(10)
    assert len(ways) > 1
    assert {branch[0] for branch in steering.branches(1)} == {way[0] for way in ways}


def test_unknown_characters_change_nothing():
    steering = steer(MODELS["lstm"])
    with pytest.raises(UsageError, match="'z'"):
        steering.pick("abz")
    assert (steering.text(), steering.branches(1)) == ("gab", [])
    assert steering.pick("AB") == "ab"  # a model of lower-case text reads what people type
    with pytest.raises(RnntermError, match="'z'"):
        steer(MODELS["lstm"], seed="z")


def test_a_bad_temperature_is_refused_and_the_old_one_stays():
    steering = steer(MODELS["lstm"], temperature=0.7)
    with pytest.raises(UsageError, match="temperature"):
        steering.temperature = -1
    assert steering.temperature == 0.7


def test_an_empty_seed_begins_a_line_and_is_no_part_of_the_text():
    steering, line = steer(MODELS["gru"], seed=""), steer(MODELS["gru"], seed="\n")
    np.testing.assert_array_equal(steering.here.logits, line.here.logits)
    assert (steering.text(), line.text()) == ("", "\n")


def test_saving_makes_a_new_file_and_never_replaces_one(tmp_path):
    steering = steer(MODELS["lstm"])
    steering.pick("\nbad")
    path = tmp_path / "text.txt"
    steering.save(path)
    assert path.read_bytes() == b"gab\nbad"
    steering.back(3)
    with pytest.raises(UsageError, match="already"):
        steering.save(path)
    assert path.read_bytes() == b"gab\nbad"
    with pytest.raises(RnntermError, match="cannot write"):
        steering.save(tmp_path / "no folder" / "text.txt")
    with pytest.raises(RnntermError, match="cannot write"):
        steering.save(tmp_path / "nul\0")


def test_a_long_text_is_walked_without_recursion():
    steering = steer(make_model(cell="rnn"))
    steering.run(20_000)
    assert len(steering.back(20_000)) == 20_000
    assert len(steering.redo()) == 20_000

"""The model file: exact round trip, and every kind of damage refused in one line."""

import json

import numpy as np
import pytest
from damaged_files import KINDS, replaced_by
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model, load_model, model_bytes, model_digest, save_model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.vocab import Vocabulary


def small_model(symbols: str = "\n abcé😀", **settings) -> Model:
    vocab = Vocabulary(symbols)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=4, embedding_size=3, **settings)
    rng = np.random.default_rng(0)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors, {"corpus": {"name": "x"}, "step": 7, "val_loss": None})


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, small_model())
    return path


def test_round_trip(saved):
    model, back = small_model(), load_model(saved)
    assert (back.spec, back.vocab, back.training) == (model.spec, model.vocab, model.training)
    for name, tensor in model.tensors.items():
        np.testing.assert_array_equal(back.tensors[name], tensor)


@given(
    symbols=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    cell=st.sampled_from(["lstm", "gru", "rnn"]),
    layers=st.integers(1, 3),
    form=st.sampled_from(["onehot", "embedding", "scalar"]),
)
@settings(max_examples=40, deadline=None)
def test_any_alphabet_and_network_survives(tmp_path_factory, symbols, cell, layers, form):
    model = small_model(symbols, cell=cell, num_layers=layers, input=form)
    path = tmp_path_factory.mktemp("m") / "m.safetensors"
    save_model(path, model)
    back = load_model(path)
    assert back.spec == model.spec
    assert back.vocab == model.vocab
    assert model_bytes(back) == model_bytes(model)


def refused(path, reason: str) -> None:
    with pytest.raises(RnntermError, match=reason) as caught:
        load_model(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)


def test_every_flipped_bit_is_noticed(saved):
    data = saved.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    rng = np.random.default_rng(1)
    places = {*range(0, header, 7), *rng.integers(header, len(data), 60).tolist(), len(data) - 1}
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1 << int(rng.integers(8))
        saved.write_bytes(damaged)
        with pytest.raises(RnntermError):
            load_model(saved)


def test_every_truncation_is_noticed(saved):
    data = saved.read_bytes()
    for length in range(0, len(data), 37):
        saved.write_bytes(data[:length])
        refused(saved, "cannot")


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04" + bytes(100), b"\x80\x04\x95" + bytes(100), b"\xff" * 8 + b"{}", b"hello"],
    ids=["empty", "zip", "pickle", "huge header", "text"],
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    refused(path, "cannot read the model")


def test_missing_file_and_folder(tmp_path):
    refused(tmp_path / "none.safetensors", "there is no model")
    refused(tmp_path, "cannot read")


def test_a_safetensors_file_of_someone_else(tmp_path):
    path = tmp_path / "other.safetensors"
    path.write_bytes(save({"weight": np.zeros(3, np.float32)}))
    refused(path, "not an rnnterm model")


def rewritten(path, *, tensors=None, described=None):
    """A well-formed file with other content: its digest is right, its content is not."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    entry = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["rnnterm"])
    entry |= described or {}
    content = load(data) | (tensors or {})
    content = {name: value for name, value in content.items() if value is not None}
    entry["sha256"] = model_digest(entry, content)
    path.write_bytes(save(content, {"rnnterm": json.dumps(entry)}))
    return path


def test_content_that_does_not_fit_is_refused(saved):
    good = saved.read_bytes()
    nan = load(good)["head.bias"] * np.float32("nan")
    spec = small_model().spec.to_dict()
    cases = [
        ({"tensors": {"head.bias": nan}}, "NaN"),
        ({"tensors": {"head.bias": None}}, "missing: head.bias"),
        ({"tensors": {"extra": np.zeros(1, np.float32)}}, "extra"),
        ({"tensors": {"head.bias": np.zeros(3, np.float32)}}, "shape"),
        ({"tensors": {"head.bias": np.zeros(7, np.int32)}}, "floating"),
        ({"described": {"version": 2}}, "upgrade"),
        ({"described": {"spec": spec | {"cell": "qrnn"}}}, "cell"),
        ({"described": {"spec": None}}, "lacks something"),
        ({"described": {"vocabulary": {"symbols": "ab", "lowercase": False}}}, "2 symbols"),
    ]
    for change, reason in cases:
        saved.write_bytes(good)
        refused(rewritten(saved, **change), reason)


def with_entry(path, text: str) -> None:
    """The same file with another description, whatever it is."""
    path.write_bytes(save(load(path.read_bytes()), {"rnnterm": text}))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        "[" * 100_000,
        "[]",
        "7",
        "null",
        '"x"',
        '{"version": 1e999}',
        '{"version": true}',
        '{"version": "1"}',
        '{"version": 1.0}',
        '{"version": -1}',
        '{"version": null}',
        '{"version": [1]}',
        '{"version": 1}',
        "{",
    ],
    ids=lambda text: text[:20],
)
def test_a_description_that_is_none_is_refused(saved, text):
    with_entry(saved, text)
    refused(saved, "cannot use the model")


@pytest.mark.parametrize(
    ("symbols", "reason"),
    [
        ([*"\n abcé", "😀😀"], "symbol 6"),
        (["", *"\n abcé"], "symbol 0"),
        ("\n abccé", "symbol 5 of its vocabulary, 'c', is there twice"),
        ("\n bacé😀", "symbol 3 of its vocabulary, 'a', is out of order"),
        (["\ud800", *"\n abcé"], "symbol 0"),
        ({"a": 1}, "no text of symbols"),
        (7, "no text of symbols"),
        (None, "no text of symbols"),
        ([1, 2, 3], "no text of symbols"),
        (["x" * 1_000_000], "symbol 0"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_vocabulary_that_is_none_is_refused(saved, symbols, reason):
    vocabulary = {"symbols": symbols, "lowercase": False}
    refused(rewritten(saved, described={"vocabulary": vocabulary}), reason)


@pytest.mark.parametrize(
    "change",
    [
        {"num_layers": 10**6},
        {"num_layers": 1 << 10},
        {"hidden_size": -4},
        {"hidden_size": 4.0},
        {"vocab_size": 0},
        {"vocab_size": True},
        {"cell": ["lstm"]},
        {"dropout_input": "much"},
        {"forget_bias": None},
        {"reset_after": "yes"},
        {"window": -1},
        {"x" * 1000: 1},
    ],
    ids=lambda change: next(iter(change))[:20],
)
def test_an_absurd_spec_is_refused_in_few_words(saved, change):
    spec = small_model().spec.to_dict() | change
    with pytest.raises(RnntermError) as caught:
        load_model(rewritten(saved, described={"spec": spec}))
    assert saved.name in str(caught.value)
    assert len(str(caught.value)) < 500


def test_thousands_of_unknown_tensors_are_counted(saved):
    extra = {f"tensor-{number}": np.zeros(1, np.float32) for number in range(60_000)}
    refused(rewritten(saved, tensors=extra), "and 59,997 more")


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F8_E5M2", "C64"])
def test_a_type_that_numpy_lacks_is_named(saved, kind):
    size = {"BF16": 2, "C64": 8}.get(kind, 1)
    data = saved.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    start = len(data) - 8 - length
    header["x"] = {"dtype": kind, "shape": [4], "data_offsets": [start, start + 4 * size]}
    text = json.dumps(header).encode()
    saved.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :] + bytes(4 * size))
    refused(saved, kind)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def places_in(value, place=()) -> list[tuple]:
    """Where something is in a JSON value: the keys that lead there."""
    inner = value.items() if isinstance(value, dict) else []
    inner = enumerate(value) if isinstance(value, list) else inner
    return [place] + [each for key, item in inner for each in places_in(item, (*place, key))]


def with_change(value, place: tuple, change):
    """The value with another one at a place."""
    if not place:
        return change
    copied = value.copy()
    copied[place[0]] = with_change(value[place[0]], place[1:], change)
    return copied


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_header_with_any_value_at_any_place_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("m") / "m.safetensors"
    good = model_bytes(small_model())
    length = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + length])
    entry = json.loads(header["__metadata__"]["rnnterm"])
    change = data.draw(ANY_JSON)
    if data.draw(st.booleans()):
        changed = with_change(header, data.draw(st.sampled_from(places_in(header))), change)
    else:  # a description that its own digest fits
        entry = with_change(entry, data.draw(st.sampled_from(places_in(entry)[1:])), change)
        entry["sha256"] = model_digest(entry, load(good))
        changed = header | {"__metadata__": {"rnnterm": json.dumps(entry)}}
    text = json.dumps(changed).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + good[8 + length :])
    try:
        load_model(path)
    except RnntermError as error:
        assert path.name in str(error)


@pytest.mark.parametrize("kind", [["F32"], {"F32": 1}, None, 7, True])
def test_a_type_that_is_no_name_is_refused(saved, kind):
    data = saved.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["head.bias"]["dtype"] = kind
    text = json.dumps(header).encode()
    saved.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])
    refused(saved, "head.bias holds")


def test_doubles_and_halves_are_read_where_they_fit(saved):
    good = saved.read_bytes()
    for kind in (np.float64, np.float16):
        bias = load(good)["head.bias"].astype(kind)
        saved.write_bytes(good)
        assert (
            load_model(rewritten(saved, tensors={"head.bias": bias})).tensors["head.bias"].dtype
            == np.float32
        )
    saved.write_bytes(good)
    refused(rewritten(saved, tensors={"head.bias": np.full(7, 1e300)}), "too large for 32 bits")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_regular_file_is_not_waited_for(saved, tmp_path, kind):
    content = saved.read_bytes()
    outside = tmp_path / "outside"
    outside.write_bytes(content)
    with replaced_by(kind, saved, outside):
        if kind == "link":  # a person may name a model by one
            assert load_model(saved).spec == small_model().spec
        else:
            refused(saved, "not a regular file")

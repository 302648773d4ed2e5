import json

import numpy as np
import pytest
from damaged_files import KINDS, replaced_by
from made_forecasters import VALUES, forecaster

from rnnterm.errors import RnntermError
from rnnterm.forecast.answer import forecast_again
from rnnterm.forecast.modelfile import (
    forecaster_bytes,
    forecaster_from_bytes,
    is_forecaster,
    load_forecaster,
    save_forecaster,
)
from rnnterm.forecast.network import ForecasterSpec, SideBySide, join_blocks, split_blocks
from rnnterm.forecast.plan import plan_for
from rnnterm.forecast.result import (
    array_to_text,
    result_from_json,
    result_to_json,
    text_to_array,
)
from rnnterm.forecast.scaler import Scaler

CELLS = ("lstm", "gru", "rnn")


@pytest.mark.parametrize("cell", CELLS)
def test_networks_side_by_side_say_what_each_says_alone(cell):
    three = forecaster(cell=cell)
    pieces = np.random.default_rng(5).normal(size=(7, 8, 1))
    together, _ = SideBySide(three.spec, three.networks).read(pieces)
    for number, network in enumerate(three.networks):
        alone, _ = SideBySide(three.spec, [network]).read(pieces)
        np.testing.assert_allclose(together[..., number], alone[..., 0], atol=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_blocks_come_back_as_they_were(cell):
    spec = ForecasterSpec(cell=cell, hidden_size=3, inputs=2)
    rng = np.random.default_rng(6)
    for shape in list(spec.tensor_shapes().values())[:4]:
        tensors = [rng.normal(size=shape).astype(np.float32) for _ in range(4)]
        back = split_blocks(spec, join_blocks(spec, tensors), 4)
        for tensor, same in zip(tensors, back, strict=True):
            np.testing.assert_array_equal(tensor, same)


@pytest.mark.parametrize("recipe", ["good", "sine-tutorial", "sunspots-tutorial"])
def test_a_forecast_knows_nothing_of_its_value_or_later_ones(recipe):
    one = forecaster(recipe)
    scaled = one.scaler.scale(VALUES)
    changed = scaled.copy()
    changed[100:] += 50
    told, after = one.one_step(scaled), one.one_step(changed)
    window = one.plan.window
    assert np.isnan(told[:window]).all()
    assert np.isfinite(told[window:]).all()
    np.testing.assert_array_equal(told[:101], after[:101])
    assert told[101] != after[101]


@pytest.mark.parametrize("recipe", ["good", "sine-tutorial", "sunspots-tutorial"])
def test_the_first_recursive_forecast_is_the_one_step_forecast_of_its_window(recipe):
    one = forecaster(recipe)
    scaled = one.scaler.scale(VALUES)
    origins = np.array([60, 90])
    recursive = one.recursive(scaled, origins, 5)
    for row, origin in zip(recursive, origins, strict=True):
        window = scaled[origin - one.plan.window : origin + 1]  # its last value is not read
        assert one.one_step(window)[-1] == pytest.approx(row[0], abs=1e-6)
        longer = np.append(scaled[:origin], row[0])  # each forecast is read as if it had come
        if not one.plan.carried:
            following = one.recursive(longer, np.array([len(longer)]), 4)[0]
            np.testing.assert_allclose(following, row[1:], atol=1e-6)


@pytest.mark.parametrize("root", [False, True])
def test_a_scale_leads_back(root):
    scaler = Scaler(3.0, 2.0, root)
    values = np.array([-9.0, 0.0, 4.0, 100.0])
    np.testing.assert_allclose(scaler.unscale(scaler.scale(values)), values, atol=1e-12)


def test_a_spread_that_grows_with_the_level_is_evened_out():
    rng = np.random.default_rng(7)
    level = 50 + 45 * np.sin(np.arange(600) / 20)
    growing = np.maximum(0, level + rng.normal(size=600) * level / 4)
    plan = plan_for("good")
    assert Scaler.fit(plan, growing, 400).root
    assert not Scaler.fit(plan, growing - 60, 400).root
    assert not Scaler.fit(plan, level + rng.normal(size=600), 400).root
    later = growing.copy()
    later[400:] *= 9
    assert Scaler.fit(plan, growing, 400) == Scaler.fit(plan, later, 400)


def test_a_file_holds_all_that_forecasting_takes(tmp_path):
    one = forecaster()
    path = tmp_path / "waves.safetensors"
    save_forecaster(path, one)
    again = load_forecaster(path)
    assert forecaster_bytes(again) == path.read_bytes()
    first, second = (forecast_again(each, "waves", VALUES) for each in (one, again))
    assert json.dumps(result_to_json(first)) == json.dumps(result_to_json(second))


def test_newer_values_lengthen_the_test_part():
    one = forecaster()
    newer = np.append(VALUES, VALUES[:40])
    result = forecast_again(one, "waves", newer, horizon=9)
    assert result.split == one.training.split
    assert len(result.one_step) == 200
    assert result.network.test.count == 200 - one.training.split
    assert result.beyond.shape == result.beyond_low.shape == (9,)
    assert (result.beyond_low <= result.beyond_high).all()


def test_values_it_was_not_trained_on_are_all_test():
    result = forecast_again(forecaster(), "others", VALUES[::-1])
    assert result.split == 0
    assert result.network.test.count == len(VALUES) - 8
    assert set(result.beats) == {"last value"}


@pytest.mark.parametrize("values", [VALUES[:8], np.append(VALUES, np.nan)])
def test_values_that_cannot_be_forecast_are_refused(values):
    with pytest.raises(RnntermError) as failure:
        forecast_again(forecaster(), "waves", values)
    assert "\n" not in str(failure.value)


def test_a_damaged_file_is_refused_whatever_the_damage(tmp_path):
    content = forecaster_bytes(forecaster(seeds=1))
    path = tmp_path / "damaged.safetensors"
    rng = np.random.default_rng(8)
    places = [0, 3, 8, len(content) - 1, *rng.integers(0, len(content), 60)]
    damages = [content[:at] for at in places] + [
        content[:at] + bytes([content[at] ^ (1 << int(rng.integers(8)))]) + content[at + 1 :]
        for at in places
    ]
    for damaged in [*damages, b"PK\x03\x04", content + b"\0"]:
        path.write_bytes(damaged)
        with pytest.raises(RnntermError) as failure:
            load_forecaster(path)
        assert "\n" not in str(failure.value)


def test_what_is_no_forecaster_is_named(tmp_path):
    with pytest.raises(RnntermError, match="no forecaster"):
        load_forecaster(tmp_path / "missing")
    with pytest.raises(RnntermError, match="regular"):
        load_forecaster(tmp_path)


def test_a_newer_format_says_so():
    content = forecaster_bytes(forecaster(seeds=1))
    newer = content.replace(b'\\"version\\": 1', b'\\"version\\": 2')
    assert newer != content
    with pytest.raises(RnntermError, match="upgrade"):
        forecaster_from_bytes(newer)


def test_a_result_survives_its_way_between_processes():
    result = forecast_again(forecaster("sunspots-tutorial", units=3, window=12), "waves", VALUES)
    back = result_from_json(json.loads(json.dumps(result_to_json(result))))
    assert json.dumps(result_to_json(back)) == json.dumps(result_to_json(result))
    assert back.rows == result.rows


def test_forecasts_from_an_index_on_are_those_of_the_whole():
    one = forecaster()
    scaled = one.scaler.scale(VALUES)
    whole = one.one_step(scaled)
    for first in (0, 7, 8, 9, 77, 159):
        told = one.one_step(scaled, first)
        np.testing.assert_allclose(told[first:], whole[first:], atol=1e-5)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_arrays_survive_as_text(count):
    values = np.arange(count, dtype=float)
    for array in (values, np.append([np.nan] * 3, values), np.append(values, np.nan)):
        np.testing.assert_array_equal(text_to_array(array_to_text(array)), array)


def retold(text: str, dtype: str | None = None) -> bytes:
    """A forecaster's file with another description, or another type of its first tensor."""
    content = forecaster_bytes(forecaster())
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"]["rnnterm"] = text or header["__metadata__"]["rnnterm"]
    if dtype:
        next(told for name, told in header.items() if name != "__metadata__")["dtype"] = dtype
    spelled = json.dumps(header).encode()
    return len(spelled).to_bytes(8, "little") + spelled + content[8 + length :]


@pytest.mark.parametrize(
    "content",
    [
        retold("[" * 100_000),
        retold('{"a":' * 100_000 + "1" + "}" * 100_000),
        retold('{"kind": "forecaster", "version": 1e999}'),
        retold('{"kind": "forecaster", "version": true}'),
        retold('{"kind": "forecaster", "version": "1"}'),
        retold('{"kind": ["forecaster"], "version": 1}'),
        retold("7"),
        retold("", dtype="BF16"),
        retold("", dtype="F8_E4M3"),
    ],
    ids=["brackets", "braces", "1e999", "true", "text", "list", "number", "BF16", "F8"],
)
def test_an_absurd_description_is_refused_by_the_files_name(tmp_path, content):
    path = tmp_path / "odd.safetensors"
    path.write_bytes(content)
    is_forecaster(path)
    with pytest.raises(RnntermError, match=path.name) as caught:
        load_forecaster(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "link"])
def test_what_is_no_regular_file_is_not_waited_for(tmp_path, kind):
    path = tmp_path / "forecaster.safetensors"
    save_forecaster(path, forecaster())
    with replaced_by(kind, path, path):
        assert not is_forecaster(path)
        with pytest.raises(RnntermError, match="not a regular file"):
            load_forecaster(path)

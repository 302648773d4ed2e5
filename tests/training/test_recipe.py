"""Recipes: readable files, every value settable by name, every bad value named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import UsageError
from rnnterm.training.knobs import Every
from rnnterm.training.recipe import (
    Recipe,
    bundled_recipes,
    knobs,
    load_recipe,
    parse_setting,
)


def test_bundled_recipes_load_and_say_what_they_are():
    assert bundled_recipes() == ["fast", "tutorial"]
    fast, tutorial = load_recipe("fast"), load_recipe("tutorial")
    assert (fast.batching, fast.time_budget, fast.anneal) == ("streams", 120.0, "cosine")
    assert (tutorial.cell, tutorial.hidden_size, tutorial.dropout_output) == ("lstm", 256, 0.2)
    assert (tutorial.input, tutorial.window, tutorial.stride) == ("scalar", 100, 1)
    assert (tutorial.optimizer, tutorial.batch_size, tutorial.epochs) == ("adam", 128, 100)
    assert (tutorial.lowercase, tutorial.sample_temperature, tutorial.sample_length) == (
        True,
        0.0,
        500,
    )


def test_every_value_has_an_explanation_and_survives_as_text_and_as_json():
    recipe = load_recipe("fast")
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    for name, knob in knobs().items():
        assert knob.metadata["help"]
        written = str(recipe.to_dict()[name])
        if name in ("steps", "epochs"):  # the budgets that this recipe does not have
            continue
        assert getattr(recipe.with_values({name: written}), name) == getattr(recipe, name)


def test_a_new_budget_takes_the_place_of_the_old_one():
    recipe = load_recipe("fast").with_values({"steps": "500"})
    assert (recipe.steps, recipe.time_budget, recipe.epochs) == (500, 0, 0)
    with pytest.raises(UsageError, match="time_budget and steps"):
        recipe.with_values({"steps": 1, "time_budget": "5s"})
    with pytest.raises(UsageError, match="none"):
        recipe.with_values({"steps": 0})


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("hidden_size", "0"),
        ("hidden_size", "-4"),
        ("hidden_size", "many"),
        ("hidden_size", "99999999999"),
        ("hidden_size", "2.5"),
        ("hidden_size", True),
        ("learning_rate", "0"),
        ("learning_rate", "nan"),
        ("learning_rate", "inf"),
        ("learning_rate", "-1"),
        ("dropout_output", "1"),
        ("dropout_output", "-0.1"),
        ("val_fraction", "1"),
        ("val_fraction", "nan"),
        ("cell", "transformer"),
        ("anneal", ""),
        ("lowercase", "perhaps"),
        ("time_budget", "-5s"),
        ("time_budget", "soon"),
        ("checkpoint_every", "often"),
        ("checkpoint_every", "-3"),
        ("steps", "1e5"),
        ("epochs", "nan"),
        ("epochs", "1e999"),
    ],
)
def test_a_bad_value_is_named(key, raw):
    with pytest.raises(UsageError, match=key) as caught:
        load_recipe("fast").with_values({key: raw})
    assert "\n" not in str(caught.value)


def test_an_unknown_key_is_named_with_a_near_one():
    with pytest.raises(UsageError, match=r"'hiden_size'; did you mean hidden_size"):
        load_recipe("fast").with_values({"hiden_size": 3})


def test_a_recipe_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('steps = 10\ncell = "gru"\ncheckpoint_every = 5\nvalidate_every = "2s"\n')
    recipe = load_recipe(str(path))
    assert (recipe.name, recipe.cell, recipe.steps) == ("mine", "gru", 10)
    assert recipe.checkpoint_every == Every(steps=5)
    assert recipe.validate_every == Every(seconds=2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("steps = ", "not a recipe"),
        ("steps = 10\nheads = 8", "heads"),
        ("cell = 'lstm'\nepochs = 0", "none"),
        ("steps = [1]", "steps"),
        ("steps = 10\n[network]\nsize = 3", "network"),
    ],
)
def test_a_malformed_recipe_file_is_refused(tmp_path, content, reason):
    path = tmp_path / "bad.toml"
    path.write_text(content)
    with pytest.raises(UsageError, match=reason):
        load_recipe(str(path))


def test_a_missing_recipe_lists_the_bundled_ones():
    with pytest.raises(UsageError, match="fast, tutorial"):
        load_recipe("slow")


@given(steps=st.integers(1, 10**6), seconds=st.integers(1, 10**6))
def test_intervals_read_back_what_they_print(steps, seconds):
    read = knobs()["validate_every"].metadata["read"]
    for interval in (Every(steps=steps), Every(seconds=float(seconds)), Every()):
        assert read(str(interval)) == interval


def test_settings():
    assert parse_setting(" bptt = 32 ") == ("bptt", "32")
    for bad in ("bptt", "=3", ""):
        with pytest.raises(UsageError, match="key=value"):
            parse_setting(bad)


def test_the_defaults_are_those_of_fast():
    budget = {"time_budget": 0, "steps": 1}
    assert Recipe(steps=1) == load_recipe("fast").with_values(budget)


def test_dropout_stands_for_both_places_unless_one_is_named():
    recipe = load_recipe("fast").with_values({"dropout": "0.3", "dropout_output": "0.1"})
    assert (recipe.dropout_between, recipe.dropout_output, recipe.dropout_input) == (0.3, 0.1, 0)


def test_a_resumed_run_may_change_its_rate_but_not_its_past():
    recipe = load_recipe("fast")
    assert recipe.resumed_with({"learning_rate": 1e-3, "steps": 9}).learning_rate == 1e-3
    for key, value in {"batch_size": 8, "bptt": 9, "val_fraction": 0.2, "rng_seed": 5}.items():
        with pytest.raises(UsageError, match=f"keeps its {key}"):
            recipe.resumed_with({key: value})

"""What the default recipe chooses for a budget and a text, and what it leaves as people set it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.runs.folder import RunFolder
from rnnterm.text.corpus import open_corpus
from rnnterm.training import processors
from rnnterm.training.batches import make_batches
from rnnterm.training.fitting import fit
from rnnterm.training.plan import TrainingPlan
from rnnterm.training.recipe import FITTED, Recipe, changed_values, load_recipe
from rnnterm.training.world import World


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("abcdefgh " * 120_000)
    return open_corpus(str(path))


@pytest.fixture
def short_corpus(tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("abcdefgh " * 700)
    return open_corpus(str(path))


def fitted(corpus, recipe="fast", **values):
    return fit(load_recipe(recipe).with_values({"threads": 2, "device": "cpu"} | values), corpus)


@pytest.fixture(autouse=True)
def known_processor(monkeypatch):
    """Two cores with products in bf16, whatever is here."""
    monkeypatch.setattr(processors, "usable_threads", lambda: 2)
    monkeypatch.setattr(processors, "_has_bf16_products", lambda: True)


def test_a_longer_budget_has_a_wider_network_with_a_lower_rate(corpus):
    short, middle, long = (fitted(corpus, time_budget=time) for time in ("20s", "75s", "10m"))
    assert short.hidden_size < middle.hidden_size < long.hidden_size
    assert short.learning_rate > middle.learning_rate > long.learning_rate
    assert fitted(corpus, time_budget="20s", threads=1).hidden_size == short.hidden_size
    assert fitted(corpus, epochs=0.5).hidden_size == short.hidden_size
    assert fitted(corpus, steps=100_000).hidden_size == long.hidden_size


def test_a_text_read_more_often_has_more_dropout_up_to_half(corpus):
    shares = [fitted(corpus, epochs=epochs).dropout_recurrent for epochs in (1, 4, 12, 40, 9000)]
    assert shares[:2] == [0, 0]
    assert shares == sorted(shares)
    assert 0 < shares[2] < shares[3] < shares[4] == 0.5


def test_a_short_text_has_fewer_streams_and_still_carries_its_state(corpus, short_corpus):
    assert fitted(corpus).batch_size == 32
    recipe = fitted(short_corpus)
    assert 4 <= recipe.batch_size < 32
    train = short_corpus.split(recipe.val_fraction, 0).train
    assert make_batches(recipe, train).steps_per_epoch >= 8


@pytest.mark.parametrize("length", [80, 100, 200, 300, 340, 700, 2000])
@pytest.mark.parametrize("budget", ["20s", "2m", "20m"])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_a_longer_budget_needs_no_longer_text(tmp_path, length, budget, size):
    path = tmp_path / "tiny.txt"
    path.write_text(("abcdefgh " * length)[:length])
    tiny = open_corpus(str(path))
    with World(size=size, local_size=size).made_current():
        recipe = fitted(tiny, time_budget=budget)
    train = tiny.split(recipe.val_fraction, 0).train
    assert make_batches(recipe, train).steps_per_epoch >= 1


@pytest.mark.parametrize("size", [2, 3, 6, 8])
def test_every_process_has_its_streams(corpus, short_corpus, size):
    with World(size=size, local_size=size).made_current():
        for text in (corpus, short_corpus):
            assert fitted(text).batch_size % size == 0


def test_the_launcher_s_one_thread_a_process_is_all_of_the_machine(corpus, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with World(size=2, local_size=2).made_current():
        several = fitted(corpus, time_budget="75s", threads=0)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert several == fitted(corpus, time_budget="75s", threads=0)


def test_slower_products_read_less(corpus, monkeypatch):
    fast = fitted(corpus, time_budget="75s")
    assert fitted(corpus, time_budget="75s", precision="fp32").hidden_size < fast.hidden_size
    monkeypatch.setattr(processors, "_has_bf16_products", lambda: False)
    assert fitted(corpus, time_budget="75s").hidden_size < fast.hidden_size


def test_what_a_network_of_one_s_own_reads_decides_its_dropout(corpus):
    usual = fitted(corpus, time_budget="10m").dropout_recurrent
    narrow, wide, deep, windows = (
        fitted(corpus, time_budget="10m", **values).dropout_recurrent
        for values in (
            {"hidden_size": 128}, {"hidden_size": 2048}, {"num_layers": 3}, {"batching": "windows"}
        )
    )  # fmt: skip
    assert narrow == usual > deep >= wide
    assert windows == 0


def test_dropout_set_by_hand_is_all_there_is(corpus):
    for share in (0, 0.3):
        recipe = fitted(corpus, time_budget="1h", dropout=share)
        assert (recipe.dropout_output, recipe.dropout_between) == (share, share)
        assert (recipe.dropout_input, recipe.dropout_recurrent) == (0, 0)
    assert fitted(corpus, dropout=0.3, dropout_recurrent=0.1).dropout_recurrent == 0.1


@given(
    time=st.floats(1e-3, 1e9),
    length=st.integers(2, 20_000),
    text=st.just("ab"),
    set_=st.sets(st.sampled_from(FITTED)),
)
def test_any_budget_and_text_have_good_values_and_what_is_set_stays(
    tmp_path_factory, time, length, text, set_
):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text((text * length)[:length])
    plain = load_recipe("fast")
    values = {name: getattr(plain, name) for name in set_}
    recipe = plain.with_values({"time_budget": time} | values)
    chosen = fit(recipe, open_corpus(str(path)))
    assert Recipe.from_dict(chosen.to_dict()) == chosen
    assert fit(chosen, open_corpus(str(path))) == chosen
    assert set(chosen.fitted) == set(FITTED) - set_
    assert all(getattr(chosen, name) == value for name, value in values.items())


def test_a_recipe_of_one_s_own_is_fitted_where_it_is_silent(corpus, tmp_path):
    (tmp_path / "mine.toml").write_text("epochs = 1.0\nhidden_size = 17\nlearning_rate = 0.5\n")
    recipe = fitted(corpus, str(tmp_path / "mine.toml"))
    assert (recipe.hidden_size, recipe.learning_rate) == (17, 0.5)
    assert set(recipe.fitted) == set(FITTED) - {"hidden_size", "learning_rate"}


def test_the_tutorial_s_values_are_its_own(corpus):
    tutorial = load_recipe("tutorial")
    assert fit(tutorial, corpus) == tutorial


def test_a_run_says_what_was_set_and_not_what_was_fitted(corpus, tmp_path, monkeypatch):
    plan = TrainingPlan.start(corpus.source, settings={"steps": 10**6, "bptt": 48}, name="told")
    described = plan.config().recipe
    assert described["hidden_size"] == plan.recipe.hidden_size
    assert changed_values(described) == {"bptt": 48, "time_budget": 0, "steps": 10**6}
    RunFolder(plan.folder.path).path.mkdir(parents=True)
    plan.folder.write_config(plan.config())
    longer = TrainingPlan.resume(name="told", settings={"steps": 10**9})
    assert longer.recipe.hidden_size == plan.recipe.hidden_size
    assert longer.recipe.dropout_output == plan.recipe.dropout_output


@pytest.mark.parametrize("steps", [100, 1500, 5000, 10_000, 10**6])
def test_what_was_fitted_before_does_not_decide(corpus, steps):
    once = fitted(corpus, steps=steps)
    assert fit(once, corpus) == once

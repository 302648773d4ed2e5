"""Every option of every command, by click's own tree: odd numbers, huge ones, and paths."""

import click
import pytest

from rnnterm.cli.main import cli

ODD_NUMBERS = ["nan", "inf", "-inf", "1e999"]
HUGE = str(10**30)
ARGUMENTS = {  # what a command needs before it looks at its options
    "RUN": "cat", "RUNS": "cat", "MODEL": "cat", "NAME": "cat", "CORPUS": "othello",
    "FILE": "x.npz", "SERIES": "sine", "NEW": "mine",
}  # fmt: skip


def options(command=cli, path=()):
    """Every option, with the words of its command."""
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            inner = command.get_command(click.Context(command), name)
            yield from options(inner, (*path, name))
    for option in command.params:
        if isinstance(option, click.Option) and not option.is_flag:
            yield command, path, option


def words(command, path, option, value):
    """A command line with one option of that value."""
    needed = [
        ARGUMENTS.get(str(each.human_readable_name).upper(), "x")
        for each in command.params
        if isinstance(each, click.Argument)
    ]
    flag = max(option.opts, key=len)
    # After the arguments, so that a command of others finds it, too.
    return [*path, *needed, f"{flag}={value}"]


NUMBERS = [one for one in options() if isinstance(one[2].type, click.FloatRange)]
INTEGERS = [one for one in options() if isinstance(one[2].type, click.IntRange)]


def test_no_number_has_a_type_of_clicks_own():
    """Which would take NaN, or an integer of any size."""
    for _, path, option in options():
        kinds = (click.types.FloatParamType, click.types.IntParamType)
        ranged = isinstance(option.type, click.IntRange | click.FloatRange)
        assert ranged or not isinstance(option.type, kinds), (path, option.name)
        assert type(option.type) not in (click.FloatRange, click.Path), (path, option.name)
    assert len(NUMBERS) > 10
    assert len(INTEGERS) > 20


def name_of(one) -> str:
    return f"{' '.join(one[1])} --{one[2].name}"


@pytest.mark.parametrize("one", NUMBERS, ids=name_of)
def test_no_option_takes_what_is_no_number(run_here, runs, one):
    for value in ODD_NUMBERS:
        answer = run_here(*words(*one, value))
        assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1), answer.err


@pytest.mark.parametrize("one", INTEGERS, ids=name_of)
def test_a_huge_integer_is_refused_or_does_its_work(run_here, runs, one):
    command, path, option = one
    if option.name == "rng_seed":
        assert option.type.max is None  # a seed of any size
        return
    for value in (HUGE, f"-{HUGE}", "9" * 5000):
        answer = run_here(*words(command, path, option, value))
        assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1), answer.err
        assert len(answer.err) < 400


def test_a_seed_may_be_of_any_size(run_here, runs):
    first, second = (
        run_here("generate", "--model", "cat", "--length", 9, "--rng-seed", HUGE) for _ in range(2)
    )
    assert (first.code, len(first.out)) == (0, 9)
    assert second.out == first.out


@pytest.mark.parametrize("value", ["0", "1", "2", str(2**31), str(10**12)])
def test_log_takes_any_number_of_lines(run_here, runs, value):
    answer = run_here("log", "cat", "-n", value)
    assert (answer.code, answer.err) == (0, "")


@pytest.mark.parametrize("how", ["--runs-dir=~/q", "--runs-dir ~/q"])
@pytest.mark.parametrize("command", ["runs", "models list", "generate --model cat", "log cat"])
def test_a_home_is_expanded_wherever_it_is_written(run_here, runs, monkeypatch, how, command):
    tmp_path = runs.parent
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    runs.rename(tmp_path / "q")
    answer = run_here(*command.split(), *how.split())
    assert answer.code == 0, answer.err
    if command in ("runs", "models list"):
        assert "cat" in answer.out
    assert not (tmp_path / "~").exists()
    assert "home of nobody" in run_here(*command.split(), "--runs-dir=~nobody-here/q").err


def test_files_to_write_are_expanded_too(run_here, tmp_path, runs, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for arguments in (
        ["explore", "cat", "--text", "the cat", "--export=~/a.svg"],
        ["models", "export", "cat", "~/a.npz"],
        ["models", "import", "~/a.npz", "~/a.safetensors"],
    ):
        assert run_here(*arguments).code == 0
    assert not (tmp_path / "~").exists()
    assert {"a.svg", "a.npz", "a.safetensors"} <= {path.name for path in tmp_path.iterdir()}


def test_every_path_is_of_the_one_type():
    for _, path, option in options():
        if option.name in ("runs_dir", "export", "out", "save"):
            assert type(option.type).__name__ == "UserPath", (path, option.name)

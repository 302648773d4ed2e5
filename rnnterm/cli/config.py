"""`rnnterm config`: where the settings are, what they say, whether they are good."""

import difflib
from dataclasses import asdict

import click

from rnnterm.cli.output import emit, emit_json
from rnnterm.errors import UsageError


@click.group("config")
def command() -> None:
    """Show and check the settings file of the app."""


@command.command("path")
def path_command() -> None:
    """Print where the settings file is, or would be."""
    from rnnterm.settings import settings_path

    emit(str(settings_path()))


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="The values in force as one JSON object.")
def show_command(*, as_json: bool) -> None:
    """Print every setting as TOML, explained: what is in force, and what could be.

    Its output is a good settings file: rnnterm config show > "$(rnnterm config path)"
    """
    from rnnterm.settings import explain_settings, read_settings
    from rnnterm.tui.actions import ACTIONS

    settings = read_settings()
    if as_json:
        keys = {action.name: action.keys for action in ACTIONS} | settings.keys
        emit_json(asdict(settings) | {"keys": keys})
        return
    emit("\n".join(explain_settings(settings)))
    for action in ACTIONS:
        given = settings.keys.get(action.name)
        line = f'"{action.name}" = "{given or action.keys}"'
        emit(f"{line if given else '# ' + line:<50} # {action.help}")


@command.command("check")
def check_command() -> None:
    """Say whether the settings file is good; exit code 2 where it is not."""
    from rnnterm.settings import read_settings, settings_path
    from rnnterm.text.corpus import STDIN, open_corpus
    from rnnterm.tui.keys import check_keys

    path = settings_path()
    settings = read_settings(path)
    check_keys(settings.keys)
    _check_theme(settings.theme)
    if settings.corpus == STDIN:
        raise UsageError("corpus cannot be standard input: the app reads its keys from there")
    open_corpus(settings.corpus)
    emit(f"{path} is good" if path.exists() else f"{path} is not there: all is as it comes")


def _check_theme(name: str) -> None:
    from textual.theme import BUILTIN_THEMES

    if name not in BUILTIN_THEMES:
        near = difflib.get_close_matches(name, BUILTIN_THEMES, n=1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(BUILTIN_THEMES)}"
        raise UsageError(f"there is no theme {name!r}; {meant}")

"""The settings file: read, checked by name, explained."""

import json
import os
import tomllib

import pytest
from damaged_files import KINDS, replaced_by
from installed import run_command

from rnnterm.errors import RnntermError
from rnnterm.runs.folder import runs_root
from rnnterm.settings import Settings, read_settings, settings_path
from rnnterm.text.encoded import cache_folder
from rnnterm.tui.actions import ACTIONS
from rnnterm.tui.report import report_path


@pytest.fixture
def config(tmp_path, monkeypatch):
    path = tmp_path / "config.toml"
    monkeypatch.setenv("RNNTERM_CONFIG", str(path))
    return path


def test_no_file_is_the_defaults(config):
    assert read_settings() == Settings()
    assert run_command("config", "path").out.strip() == str(config)
    assert "not there" in run_command("config", "check").out


def test_values_and_keys_are_read(config):
    config.write_text('theme = "nord"\nfps = 20\n[keys]\n"training.pause" = "f6"\n')
    assert read_settings() == Settings(theme="nord", fps=20, keys={"training.pause": "f6"})
    assert "is good" in run_command("config", "check").out
    told = json.loads(run_command("config", "show", "--json").out)
    assert (told["theme"], told["keys"]["training.pause"]) == ("nord", "f6")
    assert set(told["keys"]) == {action.name for action in ACTIONS}


def test_keys_of_panels_that_never_have_the_focus_together_may_be_the_same(config):
    config.write_text('[keys]\n"training.pause" = "space"\n"sample.pick" = "5,6,ctrl+k,é,F6"\n')
    assert run_command("config", "check").code == 2  # F6 is written f6
    config.write_text('[keys]\n"training.pause" = "space"\n"sample.pick" = "5,6,ctrl+k,é,f6"\n')
    assert run_command("config", "check").code == 0


def test_what_show_prints_is_a_good_file_that_says_the_same(config):
    config.write_text('theme = "nord"\n[keys]\n"sample.copy" = "f6"\n')
    shown = run_command("config", "show").out
    before = read_settings()
    tomllib.loads(shown)
    config.write_text(shown)
    assert read_settings() == before
    config.write_text(shown.replace('# "', '"'))  # all keys written out
    assert run_command("config", "check").code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fps = ", "not TOML"),
        ("tehme = 'x'", "did you mean theme"),
        ("fps = 'fast'", "must be a int"),
        ("fps = -1", "from 0 to 120"),
        ("fps = true", "must be a int"),
        ("writing_speed = 100000", "writing_speed"),
        ("keys = 3", "must be a dict"),
        ("[keys]\n'sample.copy' = 3", "sample.copy"),
        ("[keys]\n'sample.copi' = 'f6'", "did you mean sample.copy"),
        ("x = " + "[" * 5000, "not TOML"),
        ("[keys]\n'training.pause' = 'x'", "training.pause and training.stop have the same key x"),
        ("[keys]\n'training.pause' = 'q'", "same key q"),
        ("[keys]\n'model.reset' = 'f6,t'", "same key t"),
        ("[keys]\n'app.help' = 'n'", "same key n"),
        ("[keys]\n'sample.warmer' = '>'", "same key greater_than_sign"),
        ("[keys]\n'sample.copy' = 'pageupp'", "did you mean pageup"),
        ("[keys]\n'sample.copy' = 'hyper+x'", "is no key"),
        ("[keys]\n'sample.copy' = 'y,,f6'", "is no key"),
        ("[keys]\n'sample.copy' = 'ctrl+b'", "tmux"),
        ("[keys]\n'sample.copy' = 'ctrl+j'", "enter"),
        ("theme = 'nrod'", "did you mean nord"),
        ("corpus = '-'", "standard input"),
        ("corpus = 'othelo'", "did you mean othello"),
    ],
)
def test_what_is_wrong_is_one_line_that_names_it(config, text, said):
    config.write_text(text)
    answer = run_command("config", "check")
    assert answer.code == 2
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_file_that_cannot_be_read_is_said(config):
    config.write_bytes(b"theme = '\xff'")
    with pytest.raises(RnntermError, match="cannot read"):
        read_settings()
    config.unlink()
    config.mkdir()
    with pytest.raises(RnntermError, match="cannot read"):
        read_settings()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "link"])
def test_what_is_no_regular_file_is_refused_and_not_waited_for(config, kind):
    with replaced_by(kind, config, config), pytest.raises(RnntermError, match=config.name):
        read_settings()


def test_a_link_is_followed_and_a_huge_file_is_not_read(config, tmp_path):
    (tmp_path / "dotfiles").write_text("fps = 20\n")
    config.symlink_to(tmp_path / "dotfiles")
    assert read_settings().fps == 20
    config.unlink()
    config.symlink_to("/dev/zero")
    with pytest.raises(RnntermError, match="not a regular file"):
        read_settings()
    config.unlink()
    config.touch()
    os.truncate(config, 1 << 32)
    with pytest.raises(RnntermError, match="larger"):
        read_settings()


def test_the_null_device_is_no_settings(monkeypatch):
    monkeypatch.setenv("RNNTERM_CONFIG", os.devnull)
    assert read_settings() == Settings()
    assert run_command("config", "check").code == 0


def test_a_home_is_expanded_in_every_variable_that_names_a_place(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("RUNS", "CACHE", "CONFIG", "LOG"):
        monkeypatch.setenv(f"RNNTERM_{variable}", f"~/{variable}")
    assert runs_root() == tmp_path / "RUNS"
    assert cache_folder().parent == tmp_path / "CACHE"
    assert settings_path() == tmp_path / "CONFIG"
    assert report_path() == tmp_path / "LOG"

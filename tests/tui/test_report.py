"""The app's log of its failures: private, bounded, and never written through a link."""

import io
import os
import sys
from pathlib import Path

import pytest
from damaged_files import KINDS, replaced_by

from rnnterm.tui.report import write_report


@pytest.fixture
def log(tmp_path, monkeypatch):
    path = tmp_path / "logs" / "app.log"
    monkeypatch.setenv("RNNTERM_LOG", str(path))
    return path


def test_a_failure_is_added_for_the_user_alone(log):
    before = os.umask(0)
    try:
        assert str(log) in write_report(ValueError("first"))
    finally:
        os.umask(before)
    write_report(ValueError("second"))
    assert log.read_text().count("ValueError") == 2
    assert (log.stat().st_mode & 0o777, log.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_log_that_has_grown_is_begun_anew(log):
    write_report(ValueError("first"))
    os.truncate(log, 1 << 21)
    write_report(ValueError("second"))
    assert "first" not in log.read_text()
    assert "second" in log.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_log_is_left_alone_and_said(log, tmp_path, kind):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    log.parent.mkdir()
    with replaced_by(kind, log, outside):
        line = write_report(ValueError("told"))
    assert "told" in line
    assert "cannot be written" in line
    assert outside.read_text() == "mine"


def test_a_log_to_nowhere_is_no_failure(monkeypatch):
    before = Path(os.devnull).stat()
    monkeypatch.setenv("RNNTERM_LOG", os.devnull)
    assert write_report(ValueError("told")) == "rnnterm: ValueError: told"
    assert Path(os.devnull).stat().st_mode == before.st_mode


def test_a_log_to_standard_error_is_written_there(monkeypatch):
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", stderr)
    monkeypatch.setenv("RNNTERM_LOG", "/dev/stderr")
    assert write_report(ValueError("told")) == "rnnterm: ValueError: told"
    assert "ValueError: told\n" in stderr.getvalue()
    stderr.close()
    assert "told" in write_report(ValueError("told"))


def test_the_home_of_nobody_does_not_keep_a_failure_from_being_told(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RNNTERM_LOG", "~nobody-here/app.log")
    assert "told" in write_report(ValueError("told"))

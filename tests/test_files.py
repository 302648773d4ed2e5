"""A file is replaced whole, or the old one stays and nothing else lies beside it."""

import json
import os
import stat
import tempfile
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest
from damaged_files import replaced_by
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnterm import files
from rnnterm.files import (
    make_private_folder,
    open_regular,
    open_to_append,
    parse_json,
    read_json,
    read_regular,
    sha256_of,
    sync_folder,
    temporary_sibling,
    write_atomically,
    write_json,
    write_synced,
)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "status.json"
    path.write_bytes(b"old")
    return path


def beside(path: Path) -> list[str]:
    return [other.name for other in path.parent.iterdir()]


class TestAtomically:
    def test_the_new_replaces_the_old(self, target: Path) -> None:
        write_atomically(target, b"new\0\r\n")
        assert target.read_bytes() == b"new\0\r\n"
        assert beside(target) == ["status.json"]

    def test_a_file_that_was_not_there_appears(self, tmp_path: Path) -> None:
        write_atomically(tmp_path / "fresh", b"")
        assert (tmp_path / "fresh").read_bytes() == b""
        assert beside(tmp_path / "fresh") == ["fresh"]

    @pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=repr)
    @pytest.mark.parametrize("step", ["write", "fsync", "replace"])
    def test_the_old_stays_where_a_step_fails(
        self, step: str, error: BaseException, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tried: list[str] = []

        def fail(*_: object) -> None:
            tried.append(step)
            raise error

        def write_half(path: Path, data: bytes, **_: object) -> None:
            path.write_bytes(data[: len(data) // 2])
            fail()

        match step:
            case "write":
                monkeypatch.setattr(files, "write_synced", write_half)
            case "fsync":
                monkeypatch.setattr(os, "fsync", fail)
            case "replace":
                monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(type(error)):
            write_atomically(target, b"the new content")
        assert tried == [step]
        assert target.read_bytes() == b"old"
        assert beside(target) == ["status.json"]

    def test_the_new_is_whole_where_the_folder_cannot_be_synced(
        self, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_: Path) -> None:
            raise OSError("power cut")

        monkeypatch.setattr(files, "sync_folder", fail)
        with pytest.raises(OSError, match="power cut"):
            write_atomically(target, b"new")
        assert target.read_bytes() == b"new"
        assert beside(target) == ["status.json"]

    def test_bytes_reach_the_disk_before_the_name_and_the_name_after(
        self, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        order: list[tuple[str, bytes]] = []
        real_fsync, real_replace = os.fsync, Path.replace

        def fsync(descriptor: int) -> None:
            synced = os.fstat(descriptor)
            if stat.S_ISDIR(synced.st_mode):
                order.append(("folder", target.read_bytes()))
            else:
                order.append((f"file of {synced.st_size} bytes", target.read_bytes()))
            real_fsync(descriptor)

        def replace(self: Path, new: Path) -> Path:
            order.append(("rename", self.read_bytes()))
            return real_replace(self, new)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(Path, "replace", replace)
        write_atomically(target, b"new")
        assert order == [
            ("file of 3 bytes", b"old"),
            ("rename", b"new"),
            ("folder", b"new"),
        ]

    def test_a_reader_never_meets_a_part(
        self, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "fsync", lambda _: None)  # only the order of events matters here
        whole = {letter * 300_000 for letter in (b"a", b"b")}
        write_atomically(target, b"a" * 300_000)
        done = threading.Event()
        met: set[bytes] = set()

        def read() -> None:
            while not done.is_set():
                met.add(target.read_bytes())

        reader = threading.Thread(target=read)
        reader.start()
        for turn in range(100):
            write_atomically(target, (b"b", b"a")[turn % 2] * 300_000)
        done.set()
        reader.join()
        assert met
        assert met <= whole

    def test_many_writers_leave_one_of_theirs(self, target: Path) -> None:
        written = [str(number).encode() * 10_000 for number in range(8)]
        writers = [
            threading.Thread(target=write_atomically, args=(target, data)) for data in written
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert target.read_bytes() in written
        assert beside(target) == ["status.json"]


def test_a_temporary_name_is_fresh_hidden_and_beside(target: Path) -> None:
    names = {temporary_sibling(target) for _ in range(100)}
    assert len(names) == 100
    assert all(name.parent == target.parent for name in names)
    assert all(name.name.startswith(".status.json.") for name in names)
    assert beside(target) == ["status.json"]


def test_synced_bytes_are_there(tmp_path: Path) -> None:
    write_synced(tmp_path / "data", b"\0\1\2")
    sync_folder(tmp_path)
    assert (tmp_path / "data").read_bytes() == b"\0\1\2"
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "none")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3_000_000])
def test_the_digest_of_a_file_is_that_of_its_bytes(size: int, tmp_path: Path) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    (tmp_path / "data").write_bytes(data[:size])
    assert sha256_of(tmp_path / "data") == sha256(data[:size]).hexdigest()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40)
@given(json_values)
def test_json_comes_back_as_it_was(value: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "value.json"
        write_json(path, value)
        raw = path.read_bytes()
        assert json.loads(raw) == value
        assert raw.isascii()
        assert raw.endswith(b"\n")


def test_what_json_lacks_leaves_the_old_file(target: Path) -> None:
    with pytest.raises(TypeError):
        write_json(target, {"path": target})
    assert target.read_bytes() == b"old"
    assert beside(target) == ["status.json"]


class TestStrangers:
    """Files that may be anyone's are opened only if they are regular files."""

    @pytest.mark.parametrize("kind", ["link", "fifo", "socket", "folder", "device"])
    @pytest.mark.parametrize("take", [open_regular, open_to_append])
    def test_only_regular_files_are_opened(
        self, kind: str, take: Callable[[Path], BinaryIO], tmp_path: Path
    ) -> None:
        path, outside = tmp_path / "status.json", tmp_path / "outside"
        outside.write_bytes(b"somebody's")
        with replaced_by(kind, path, outside), pytest.raises(OSError, match="not a regular file"):
            take(path)
        assert outside.read_bytes() == b"somebody's"

    def test_a_link_that_a_person_wrote_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "real").write_bytes(b"text")
        (tmp_path / "link").symlink_to("real")
        assert read_regular(tmp_path / "link", 10, follow=True) == b"text"

    def test_a_file_larger_than_its_limit_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "large").write_bytes(b"x" * 11)
        with pytest.raises(OSError, match="larger than 10 bytes"):
            read_regular(tmp_path / "large", 10)

    @pytest.mark.parametrize(
        "text", ["[" * 100_000, "Infinity", "NaN", "1e999", "9" * 5000, "{", "ü"]
    )
    def test_what_json_does_not_allow_is_a_value_error(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "x.json").write_text(text, "utf-8")
        with pytest.raises(ValueError):
            read_json(tmp_path / "x.json")

    def test_a_new_file_never_follows_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "outside")
        with pytest.raises(FileExistsError):
            write_synced(tmp_path / "link", b"data")
        assert not (tmp_path / "outside").exists()

    @pytest.mark.parametrize("umask", [0o000, 0o022])
    def test_private_files_and_folders_are_the_users_alone(
        self, umask: int, tmp_path: Path
    ) -> None:
        before = os.umask(umask)
        try:
            make_private_folder(tmp_path / "runs" / "one")
            write_json(tmp_path / "runs" / "one" / "config.json", {})
            open_to_append(tmp_path / "runs" / "one" / "metrics.jsonl").close()
            write_atomically(tmp_path / "exported", b"")
        finally:
            os.umask(before)
        modes = {p.name: p.stat().st_mode & 0o777 for p in tmp_path.rglob("*")}
        assert modes == {
            "runs": 0o700,
            "one": 0o700,
            "config.json": 0o600,
            "metrics.jsonl": 0o600,
            "exported": 0o666 & ~umask,
        }


def test_json_of_earlier_runs_may_hold_nan_and_nothing_worse():
    for figure in ("NaN", "Infinity", "-Infinity"):
        text = f'{{"val_loss": {figure}}}'
        assert parse_json(text, nan_as_null=True) == {"val_loss": None}
        with pytest.raises(ValueError, match="no JSON value"):
            parse_json(text)
    with pytest.raises(ValueError, match="too large"):
        parse_json("1e999", nan_as_null=True)


@pytest.mark.parametrize("levels", [64, 65, 500, 100_000])
def test_json_is_nested_so_deeply_and_no_deeper(levels):
    for text in ("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels):
        if levels > 64:
            with pytest.raises(ValueError, match="nested too deeply"):
                parse_json(text)
    assert parse_json("[" + "[]," * levels + "[]]") == [[]] * (levels + 1)  # wide is not deep

"""`rnnterm corpus`: what a person learns about a text."""

import json

from rnnterm.text.catalog import catalog


def test_list_names_every_bundled_text_with_its_licence(rnnterm):
    answer = rnnterm("corpus", "list")
    assert answer.code == 0
    told = " ".join(answer.out.split())  # however it was wrapped
    for entry in catalog().values():
        assert entry.name in told
        assert entry.author in told
        assert entry.licence in told
    assert max(map(len, answer.out.splitlines())) <= 80
    listed = json.loads(rnnterm("corpus", "list", "--json").out)
    assert [entry["name"] for entry in listed] == list(catalog())


def test_show_as_json_holds_maps_window_split_and_baseline(rnnterm, tmp_path):
    text = "abcde\n" * 50
    (tmp_path / "abc.txt").write_text(text)
    answer = rnnterm("corpus", "show", tmp_path / "abc.txt", "--window", 7, "--at", 3, "--json")
    shown = json.loads(answer.out)
    assert (shown["name"], shown["characters"], shown["symbols"]) == ("abc", 300, 6)
    assert shown["char_to_index"] == {"\n": 0, "a": 1, "b": 2, "c": 3, "d": 4, "e": 5}
    assert shown["index_to_char"] == ["\n", "a", "b", "c", "d", "e"]
    assert shown["split"] == {"train": 270, "val": 30, "test": 0}
    window = shown["window"]
    assert (window["text"], window["target"]) == (text[3:10], text[10])
    assert window["one_hot_target"] == [0, 0, 0, 0, 0, 1]
    assert window["ids"] == [4, 5, 0, 1, 2, 3, 4]
    assert shown["baseline"]["nats"] < 0.5 < shown["baseline"]["uniform_nats"]


def test_show_for_people_fits_80_columns(rnnterm):
    answer = rnnterm("corpus", "show", "moby-dick", env={"COLUMNS": "80"})
    assert "5-gram" in answer.out
    assert "one-hot" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_line_ends_and_a_byte_order_mark_work_and_are_said(rnnterm, tmp_path):
    path = tmp_path / "dos.txt"
    path.write_bytes(b"\xef\xbb\xbf" + b"one\r\ntwo\r\n" * 40)
    shown = json.loads(rnnterm("corpus", "show", path, "--json").out)
    assert shown["characters"] == 8 * 40
    assert any("CRLF" in note for note in shown["notes"])
    assert any("byte-order mark" in note for note in shown["notes"])


def test_standard_input_and_lower_case(rnnterm):
    shown = json.loads(
        rnnterm("corpus", "show", "-", "--lowercase", "--json", stdin=b"AbA" * 90).out
    )
    assert (shown["name"], shown["index_to_char"]) == ("stdin", ["a", "b"])


def test_a_text_shorter_than_a_window_is_still_shown(rnnterm):
    answer = rnnterm("corpus", "show", "-", stdin=b"ab")
    assert answer.code == 0
    assert "shorter than 100" in answer.out


def test_names_and_symbols_cannot_drive_the_terminal(rnnterm, tmp_path):
    path = tmp_path / "evil\x1b[31m.txt"
    path.write_text("a\x1bb\x9bc\x7f" * 60)
    answer = rnnterm("corpus", "show", path)
    assert answer.code == 0
    for control in ("\x1b", "\x9b", "\x7f"):
        assert control not in answer.out + answer.err
    assert "␛" in answer.out

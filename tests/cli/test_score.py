"""`rnnterm score`: the lines that do not belong, in a pipe and on a terminal."""

import json
import math
import os

import pexpect
import pyte
import pytest
from installed import COMMAND, run_command

HOSTS = ("db1", "db2", "web1")
LOG = [f"12:{n % 60:02} {HOSTS[n % 3]} GET /page/{n * 7 % 10} 200 ok" for n in range(600)]
ODD = "12:04 web1 [/red] GET\tdb2 kernel\x1b[31m 🙂 panic"


@pytest.fixture(scope="module")
def logs(tmp_path_factory) -> dict[str, str]:
    """The surroundings in which there is a run `logs` that knows the log."""
    folder = tmp_path_factory.mktemp("logs")
    path = folder / "log.txt"
    path.write_text("\n".join(LOG) + "\n")
    env = {"RNNTERM_RUNS": str(folder / "runs"), "RNNTERM_CACHE": str(folder / "cache")}
    answer = run_command(
        "train", path, "--name", "logs", "--steps", 250, "--hidden-size", 32,
        "--set", "batch_size=4", "--set", "bptt=32", "--set", "learning_rate=0.02", env=env,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    return env


@pytest.fixture
def odd_log() -> bytes:
    """Forty lines of the log with one that does not belong, the 21st."""
    return "\n".join([*LOG[:20], ODD, *LOG[20:40], ""]).encode()


@pytest.fixture
def ask(rnnterm, logs):
    return lambda *arguments, **more: rnnterm("score", "logs", *arguments, env=logs, **more)


def test_the_odd_line_comes_first(ask, odd_log):
    answer = ask("--top", 2, stdin=odd_log)
    assert answer.code == 0, answer.err
    heading, _, line, text, mark, _, second, *_ = answer.out.splitlines()
    assert heading.startswith("standard input · ")
    assert line.startswith("line 21 · ")
    assert text == "  " + ODD.replace("\x1b", "␛")
    assert second.startswith("line ")
    # The mark stands below the character that the JSON names, which no line of the log has there.
    peak = json.loads(ask("--json", stdin=odd_log).out)["lines"][0]["peak"]
    blank, _, rest = mark.partition("^")
    assert len(blank) == 2 + peak["column"] - 1
    assert [place for place, char in enumerate(blank) if char == "\t"] in ([], [text.index("\t")])
    assert rest.startswith(f" {peak['bits']:.1f} bits, expected '")
    assert "passed over" in answer.err


def test_json(ask, odd_log):
    answer = ask("--json", "--characters", "--top", 0, "--min-length", 1, stdin=odd_log)
    figures = json.loads(answer.out)
    text = odd_log.decode()
    surprisals = figures["surprisals"]
    assert len(surprisals) == len(text)
    assert answer.out.isascii()
    known = [bits for bits in surprisals if bits is not None]
    assert figures["characters"] == len(known) == len(text) - figures["unknown"]
    assert figures["bits"] == pytest.approx(sum(known))
    assert figures["nats"] == pytest.approx(sum(known) * math.log(2))
    assert figures["bits_per_char"] == pytest.approx(sum(known) / len(known))
    lines = figures["lines"]
    assert sorted(line["line"] for line in lines) == [*range(1, 42)]
    assert sum(line["bits"] for line in lines) == pytest.approx(sum(known))
    assert lines[0]["text"] == ODD
    assert "\x1b" in figures["unknown_symbols"]
    column, char = lines[0]["peak"]["column"], lines[0]["peak"]["char"]
    assert ODD[column - 1] == char
    for candidate in lines[0]["peak"]["expected"]:
        assert candidate["char"] != char
        assert 0 <= candidate["probability"] <= 1


def test_a_file_is_read_as_standard_input_is(ask, odd_log, tmp_path):
    path = tmp_path / "odd.log"
    path.write_bytes(b"\xef\xbb\xbf" + odd_log.replace(b"\n", b"\r\n"))
    from_file, from_stdin = ask(path), ask("-", stdin=odd_log)
    assert from_file.out.splitlines()[1:] == from_stdin.out.splitlines()[1:]
    assert "CRLF line ends read as LF" in from_file.err


def test_a_line_that_ends_too_soon_is_marked_at_its_end(ask):
    text = "\n".join([*LOG[:20], "12:20 web1 GET /pa", ""])
    (line,) = json.loads(ask("--top", 1, "--json", stdin=text.encode()).out)["lines"]
    assert (line["line"], line["peak"]["char"]) == (21, "\n")
    shown = ask("--top", 1, stdin=text.encode()).out.splitlines()
    assert shown[3] == "  12:20 web1 GET /pa⏎"
    assert shown[4].startswith(" " * 20 + "^ ")


def test_short_lines_are_left_out(ask):
    text = b"ok\n12:10 db2 GET /page/0 200 ok\n"
    assert "line 1 " not in ask(stdin=text).out
    assert "line 1 " in ask("--min-length", 2, stdin=text).out
    none = ask("--min-length", 99, stdin=text)
    assert (none.code, len(none.out.splitlines()), len(none.err.splitlines())) == (0, 1, 1)


def on_terminal(logs, path, columns=80, env=None) -> tuple[str, pyte.Screen]:
    """Everything sent to a terminal, and the screen that it leaves."""
    child = pexpect.spawn(
        COMMAND,
        ["score", "logs", str(path), "--top", "1"],
        env=os.environ | {"TERM": "xterm-256color"} | logs | (env or {}),
        dimensions=(24, columns),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    screen = pyte.Screen(columns, 24)
    pyte.Stream(screen).feed(child.before)
    return child.before, screen


def peak_of(screen: pyte.Screen) -> tuple[int, int]:
    """Row and column of the one underlined character."""
    (place,) = [
        (row, column)
        for row in range(screen.lines)
        for column in range(screen.columns)
        if screen.buffer[row][column].underscore
    ]
    return place


@pytest.mark.parametrize("columns", [80, 40, 22, 5])
def test_a_terminal_is_tinted_and_not_driven(logs, odd_log, tmp_path, columns):
    path = tmp_path / "o"
    path.write_bytes(odd_log)
    sent, screen = on_terminal(logs, path, columns)
    assert "\x1b[31m" not in sent
    if columns < 20:
        return  # narrower than an excerpt can be: wrapped by the terminal, but not in disorder
    row, column = peak_of(screen)
    assert screen.buffer[row + 1][column].data == "^"
    tinted = {screen.buffer[row][at].fg for at in range(columns)}
    assert len(tinted) > 1
    if columns == 80:
        assert "␛[31m" in screen.display[row]
        assert "[/red]" in screen.display[row]
        assert "GET⇥db2" in screen.display[row]
    else:
        assert "…" in screen.display[row]


def test_without_colour_brightness_and_line_tell(logs, odd_log, tmp_path):
    path = tmp_path / "o"
    path.write_bytes(odd_log)
    sent, screen = on_terminal(logs, path, env={"NO_COLOR": "1"})
    assert "38;5" not in sent
    row, column = peak_of(screen)
    assert screen.buffer[row][column].bold
    dumb, _ = on_terminal(logs, path, env={"TERM": "dumb"})
    assert "\x1b" not in dumb


@pytest.mark.parametrize(
    ("content", "code", "reason"),
    [
        (None, 2, "no file"),
        (b"", 1, "empty"),
        (b"abc\xff", 1, "byte 3 (0xff)"),
        (b"a\0b", 1, "NUL"),
        ("abc".encode("utf-16"), 1, "UTF-16"),
        ("日本".encode(), 1, "no character"),
    ],
)
def test_texts_that_cannot_be_scored(ask, tmp_path, content, code, reason):
    path = tmp_path / "text"
    if content is not None:
        path.write_bytes(content)
    answer = ask(path)
    assert (answer.code, len(answer.err.splitlines()), answer.out) == (code, 1, "")
    assert reason in answer.err


def test_what_cannot_be_asked(ask, rnnterm, tmp_path):
    for arguments in ([tmp_path], ["--top", "-1"], ["--min-length", "0"], ["--characters"]):
        answer = ask(*arguments)
        assert (answer.code, len(answer.err.splitlines()), answer.out) == (2, 1, "")
    assert rnnterm("score", "nonesuch").code == 2
    assert rnnterm("score").code == 2

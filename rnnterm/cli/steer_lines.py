"""Steering by lines in a pipe: a command a line in, an answer each out."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from rnnterm.cli.diagnostics import narrate
from rnnterm.cli.output import emit, emit_json
from rnnterm.errors import RnntermError, UsageError
from rnnterm.glyphs import visible
from rnnterm.terminal import safe_line

if TYPE_CHECKING:
    from rnnterm.sampling.steering import Steering

MOST_AT_ONCE = 100_000  # every character's state is kept: some kilobytes each
_SPELLED = {"space": " ", "newline": "\n", "tab": "\t"}
_PREVIEW = 40  # characters of each branch

Action = TypeVar("Action", bound=Callable[..., Any])
Answer = tuple[dict[str, Any], list[str]]
"""What a command found, for --json, and the same as lines."""


class Verbs:
    """The commands of a script: each takes the rest of its line and returns its answer."""

    def __init__(self, steering: "Steering", top: int, length: int) -> None:
        self.steering = steering
        self._top = top
        self._length = length
        move = self._move
        self.by_name: dict[str, Callable[[str], Answer]] = {
            "pick": lambda rest: move(steering.pick(self._character(rest))),
            "type": lambda rest: move(steering.pick(_given(rest, "a text"))),
            "sample": lambda rest: move(_nothing(rest, steering.sample)()),
            "run": lambda rest: move(steering.run(_count(rest, self._length))),
            "back": lambda rest: move(steering.back(_count(rest, 1))),
            "forward": lambda rest: move(steering.forward(_count(rest, 1))),
            "undo": lambda rest: move(_nothing(rest, steering.undo)()),
            "redo": lambda rest: move(_nothing(rest, steering.redo)()),
            "branches": self._branches,
            "turn": self._turn,
            "candidates": self._candidates,
            "temperature": self._temperature,
            "text": self._text,
            "save": self._save,
        }

    def _move(self, passed: str) -> Answer:
        return {"passed": passed}, [passed]

    def _character(self, spelled: str) -> str:
        """The one character that the rest of a `pick` line means."""
        if len(spelled) == 1:
            return spelled
        if spelled in _SPELLED:
            return _SPELLED[spelled]
        if not spelled.startswith("#"):
            raise UsageError(
                "pick takes one character, space, newline, tab or #N: type writes several"
            )
        rank = _count(spelled[1:], 0)
        candidates = self.steering.candidates(rank)
        if not 0 < rank <= len(candidates):
            raise UsageError(f"there is no candidate {spelled}: the first is #1")
        return candidates[rank - 1].char

    def _branches(self, rest: str) -> Answer:
        branches = _nothing(rest, self.steering.branches)(_PREVIEW)
        chosen = self.steering.here.chosen + 1 if branches else None
        lines = [
            f"{'>' if place == chosen else ' '} {place}  {visible(branch)}"
            for place, branch in enumerate(branches, start=1)
        ]
        return {"branches": branches, "ahead": chosen}, lines

    def _turn(self, rest: str) -> Answer:
        """The Nth branch, or the next."""
        here = self.steering.here
        place = _count(rest, (here.chosen + 1) % max(1, len(here.children)) + 1)
        if not 0 < place <= len(here.children):
            raise UsageError(f"there is no branch {place} here: branches lists them")
        self.steering.turn(place - 1 - here.chosen)
        return self._branches("")

    def _candidates(self, rest: str) -> Answer:
        candidates = self.steering.candidates(_count(rest, self._top))
        lines = [
            f"{rank}  {visible(one.char)}  {one.probability:.4f}  {one.chance:.4f}"
            for rank, one in enumerate(candidates, start=1)
        ]
        return {"candidates": [asdict(one) for one in candidates]}, lines

    def _temperature(self, rest: str) -> Answer:
        if rest:
            try:
                self.steering.temperature = float(rest)
            except ValueError:
                raise UsageError(f"temperature must be a number, not {rest!r}") from None
        return {"temperature": self.steering.temperature}, [f"{self.steering.temperature:g}"]

    def _text(self, rest: str) -> Answer:
        text = _nothing(rest, self.steering.text)()
        return {"seed": self.steering.seed, "text": text}, [text]

    def _save(self, rest: str) -> Answer:
        from rnnterm.files import user_path

        path = user_path(_given(rest, "a file"))
        self.steering.save(path)
        return {"file": str(path)}, [safe_line(str(path))]


def obey_lines(verbs: Verbs, *, as_json: bool) -> None:
    """Read commands from standard input, one a line, and answer each on standard output."""
    if sys.stdin is None:
        raise UsageError("standard input is closed: pipe commands in")
    by_hand = sys.stdin.isatty()
    if by_hand:
        narrate("a command a line: pick C, sample, run, back, candidates, text, … (steer --help)")
    source: BinaryIO = sys.stdin.buffer
    for number, line in enumerate(source, start=1):
        verb, _, rest = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
        if verb == "quit":
            return
        if not verb:
            continue
        try:
            if verb not in verbs.by_name:
                known = ", ".join(verbs.by_name)
                raise UsageError(f"there is no command {verb!r}; there are {known}, quit")
            facts, lines = verbs.by_name[verb](rest)
        except RnntermError as error:
            if by_hand:  # a typing error must not cost what was written
                narrate(str(error))
                continue
            raise type(error)(f"line {number}: {error}") from None
        if as_json:
            emit_json({"command": verb, **facts, "position": verbs.steering.here.depth})
        else:
            for answer in lines:
                emit(answer)


def _given(rest: str, what: str) -> str:
    if not rest:
        raise UsageError(f"this command needs {what} after it")
    return rest


def _nothing(rest: str, action: Action) -> Action:
    """The action of a command that takes nothing more; raises UsageError if there is more."""
    if rest.strip():
        raise UsageError(f"nothing belongs after this command, but there is {rest!r}")
    return action


def _count(rest: str, default: int) -> int:
    """The number after a command, or the default without one."""
    if not rest.strip():
        return default
    if not (rest.strip().isdecimal() and len(rest.strip()) < 10 and int(rest) <= MOST_AT_ONCE):
        raise UsageError(f"{rest!r} must be a whole number of at most {MOST_AT_ONCE:,}")
    return int(rest)

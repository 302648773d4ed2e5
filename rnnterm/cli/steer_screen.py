"""Steering on a terminal: a key a move, and everything drawn anew after each."""

import os
from collections.abc import Callable, Iterator
from functools import partial

from rich.console import Console, Group

from rnnterm.cli.keyboard import RESIZED, keyboard
from rnnterm.cli.output import stdout
from rnnterm.cli.steer_view import Page, page_lines
from rnnterm.errors import RnntermError
from rnnterm.files import user_path
from rnnterm.sampling.steering import Steering


def steer_on_screen(steering: Steering, page: Page, descriptor: int) -> None:
    """Let a person steer by the keys of the terminal with that descriptor, until they quit."""
    console = Console(file=stdout(), force_terminal=True, highlight=False)
    with keyboard(descriptor) as keys, console.screen():
        _Session(steering, page, console, keys).run()


class _Session:
    """What each key does."""

    def __init__(
        self, steering: Steering, page: Page, console: Console, keys: Iterator[str]
    ) -> None:
        self._steering = steering
        self._page = page
        self._console = console
        self._keys = keys
        self._moves: dict[str, Callable[[], object]] = {
            " ": steering.sample,
            "enter": steering.sample,
            "g": lambda: steering.run(page.length),
            "t": self._type,
            "left": steering.back,
            "right": steering.forward,
            "u": steering.undo,
            "r": steering.redo,
            "up": lambda: steering.turn(-1),
            "down": lambda: steering.turn(1),
            "+": lambda: self._warm(0.1),
            "=": lambda: self._warm(0.1),  # the same key without shift
            "-": lambda: self._warm(-0.1),
            "s": self._save,
        }
        for rank in range(1, min(page.top, 9) + 1):
            self._moves[str(rank)] = partial(self._pick_candidate, rank)

    def run(self) -> None:
        """Draw, wait for a key, do what it says; until it says quit or the terminal is gone."""
        self._draw()
        for key in self._keys:
            if key in ("q", "ctrl+d"):
                return
            if key != RESIZED:
                self._obey(key)
            self._draw()

    def _obey(self, key: str) -> None:
        page = self._page
        was_help, page.is_help, page.message = page.is_help, False, ""
        try:
            if key in self._moves:
                self._moves[key]()
            elif key == "?":
                page.is_help = not was_help
            elif not was_help:
                page.message = "this key does nothing: ? shows those that do"
        except RnntermError as error:
            page.message = str(error)

    def _pick_candidate(self, rank: int) -> None:
        candidates = self._steering.candidates(rank)
        if rank <= len(candidates):
            self._steering.pick(candidates[rank - 1].char)

    def _warm(self, degrees: float) -> None:
        steering = self._steering
        steering.temperature = max(0.0, round(steering.temperature + degrees, 2))

    def _type(self) -> None:
        for key in self._asking("type the next character (Esc for none)"):
            char = "\n" if key == "enter" else key
            self._page.message = ""
            if len(char) == 1:
                self._steering.pick(char)
            return

    def _save(self) -> None:
        name = ""
        for key in self._asking("save as: "):
            if key in ("escape", "ctrl+d"):
                break
            if key == "enter" and name:
                self._steering.save(user_path(name))
                self._page.message = f"saved {len(self._steering.text()):,} characters in {name}"
                return
            name = name[:-1] if key == "backspace" else name + (key if len(key) == 1 else "")
            self._page.message = f"save as: {name}"
        self._page.message = "not saved"

    def _asking(self, question: str) -> Iterator[str]:
        """The keys that answer a question, which is drawn before each."""
        self._page.message = question
        self._draw()
        for key in self._keys:
            if key != RESIZED:
                yield key
            self._draw()

    def _draw(self) -> None:
        # Asked of the terminal itself: COLUMNS in the environment would outlive a resize.
        size = os.get_terminal_size(self._console.file.fileno())
        width, height = max(1, size.columns), max(1, size.lines)
        self._console.size = width, height
        self._console.update_screen(Group(*page_lines(self._page, self._steering, width, height)))

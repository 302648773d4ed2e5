"""The panel Live sample: a model that speaks, and a hand on its wheel."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import randbits
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Click, Key, MouseScrollDown, MouseScrollUp
from textual.timer import Timer
from textual.widgets import Static

from rnnterm.files import user_path
from rnnterm.nn.network import RunawayError
from rnnterm.runs.reader import RunView
from rnnterm.sampling.live import Letter, LiveText
from rnnterm.sampling.strategies import Strategy
from rnnterm.sampling.surprise import surprise_of
from rnnterm.terminal import safe_line
from rnnterm.tui.actions import actions_of
from rnnterm.tui.dialogs import Ask
from rnnterm.tui.panel import bindings_for
from rnnterm.tui.text.sample_candidates import MOST_CANDIDATES, Candidates
from rnnterm.tui.text.sample_figures import FIGURE, KNOBS, figure, figures
from rnnterm.tui.text.sample_pace import pace_beside
from rnnterm.tui.text.sample_seed import SeedRow
from rnnterm.tui.text.sample_voice import Voice
from rnnterm.tui.text.sample_voices import VoicePanel
from rnnterm.tui.widgets.stream import TextStream
from rnnterm.tui.widgets.text_lines import SEED

_SECONDS_A_FRAME = 0.012  # for the network, so that keys are answered while a large one writes
_MOST_OWED = 0.25  # seconds of writing that may be made up for after a hold-up
_SPEEDS = (2, 5, 10, 20, 30, 45, 60, 90, 130, 200, 300, 500, 1000)
_SECONDS_BETWEEN_RATES = 2.0
_RATE_CHANGE = 0.1  # what is less is not worth painting


class SamplePanel(VoicePanel):
    """Streams text from the newest weights of the watched run, or from any model."""

    TITLE = "Live sample"
    SCOPE = "sample"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("sample")
    DEFAULT_CSS = """
    SamplePanel .sample-notice { height: auto; max-height: 3; display: none; color: $text-warning; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._live: LiveText | None = None
        self._strategy = Strategy(temperature=0.8, top_p=0.95)
        self._pace = pace_beside(None)
        self._chosen_speed = 0.0  # characters a second; 0 leaves it to the pace
        self._is_paused, self._is_seen = False, False
        self._timer: Timer | None = None
        self._written_at, self._owed = 0.0, 0.0
        self._rate, self._rated_at = 0.0, 0.0
        self._key = ""

    def compose_body(self) -> ComposeResult:
        """Seed, notice, text and candidates, of which mostly the text alone is to be seen."""
        yield SeedRow()
        yield Static("", classes="sample-notice", markup=False)
        yield TextStream()
        yield Candidates(is_ascii=self.host.settings.ascii)

    def on_mount(self) -> None:
        """Have the first model speak as soon as it is loaded."""
        self._chosen_speed = self.host.settings.writing_speed
        # Under a dialog, Textual paints the whole screen for each change.
        self.watch(self.screen, "stack_updates", self._set_going, init=False)
        self.want_model(self.host.first_model)

    @property
    def _stream(self) -> TextStream:
        return self.query_one(TextStream)

    # Who speaks

    def see_run(self, view: RunView) -> None:
        """Let its newest weights speak, and slow down while it needs the processor."""
        super().see_run(view)
        if (pace := pace_beside(view)) != self._pace:
            self._pace = pace
            self._stop_writing()
            self._set_going()

    def take_voice(self, voice: Voice) -> None:
        """Let it go on from where the text is."""
        if self._live is None:
            with self._in_bounds():
                self._live = LiveText(voice.model, "", self._strategy, randbits(32))
        else:
            with self._in_bounds():
                self._live.speak(voice.model)
            same = self.voice is not None and self.voice.name == voice.name
            told = f"step {voice.step:,}" if same and voice.step is not None else voice.title
            self._stream.note(f"‹{told}›")
        super().take_voice(voice)
        self.show_values()
        self._set_going()

    # Writing

    def on_text_stream_seen(self, message: TextStream.Seen) -> None:
        """Nobody writes where nobody looks."""
        message.stop()
        self._is_seen = message.is_seen
        self._set_going()

    def on_text_stream_scrolled(self, message: TextStream.Scrolled) -> None:
        """Tell whether the end is on the screen."""
        message.stop()
        self.show_values()

    def _set_going(self) -> None:
        """Run the timer just while there is something to write and someone who sees it."""
        live, is_seen = self._live, self._is_seen and self.app.screen is self.screen
        goes = live is not None and is_seen and (not self._is_paused or live.is_behind)
        if goes and self._timer is None:
            self._written_at, self._owed = time.monotonic(), 0.0
            self._timer = self.set_interval(1 / self._pace.frames, self._write)
        elif not goes:
            self._stop_writing()
        self._show_candidates()

    def _stop_writing(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    @property
    def _speed(self) -> float:
        return self._chosen_speed or self._pace.speed

    def _write(self) -> None:
        """Let the model write what it owes since the last time."""
        if self._live is None:
            return
        now = time.monotonic()
        if not self._is_paused:
            self._owed += (now - self._written_at) * self._speed
            self._owed = min(self._owed, max(1.0, self._speed * _MOST_OWED))
        self._written_at = now
        count = int(self._owed)
        if count or self._live.is_behind:
            grown: list[Letter] = []
            with self._in_bounds():
                grown = self._live.grow(count, _SECONDS_A_FRAME)
            self._owed -= len(grown)
            self._stream.write(map(_with_level, grown))
            self.host.hurry()  # this timer beats the frames: to wait for another wakes twice
        if self._is_paused and not self._live.is_behind:
            self._set_going()
        if now - self._rated_at > _SECONDS_BETWEEN_RATES:
            self._rated_at = now
            rate = self._live.chars_per_second
            if abs(rate - self._rate) > _RATE_CHANGE * self._rate:
                self._rate = rate
                self.show_values()

    @contextmanager
    def _in_bounds(self) -> Iterator[None]:
        """Stop writing, and say why, where a network's values run away."""
        try:
            yield
        except RunawayError as error:
            self._pause(True)
            self._stop_writing()
            self.tell(f"{error}; {self.key_of('sample.voice')}: choose who speaks")

    def _pause(self, paused: bool) -> None:
        if self._live is not None and paused != self._is_paused:
            self._is_paused = paused
            self._set_going()
            self.show_values()
            self.refresh_bindings()

    def _restart(self, seed: str) -> None:
        """Begin again after a seed."""
        if self._live is None:
            return
        with self._in_bounds():
            self._live.restart(seed)
        self._stream.clear()
        self._stream.write((letter.char, SEED) for letter in self._live.letters)
        self._owed = 0.0
        self._set_going()

    # For who looks at it from elsewhere

    def text_end(self, count: int) -> str:
        """The last characters of the sample."""
        return self._live.text()[-count:] if self._live is not None else ""

    def write_on(self, count: int) -> str:
        """Let the model write so many characters, though nobody sees the panel; what it wrote."""
        if self._live is None:
            return ""
        letters: list[Letter] = []
        with self._in_bounds():
            letters += (self._live.forward() for _ in range(count))
        self._stream.write(map(_with_level, letters))
        return "".join(letter.char for letter in letters)

    # Showing

    def tell(self, notice: str) -> None:
        """A line over the text; none for no notice."""
        line = self.query_one(".sample-notice", Static)
        line.display = bool(notice)
        line.update(safe_line(notice))

    def _show_candidates(self) -> None:
        shown = self._live is not None and self._is_paused
        candidates = self._live.candidates(MOST_CANDIDATES) if self._live and shown else []
        self.query_one(Candidates).show(candidates)

    def show_values(self) -> None:
        """The border's figures; each has its name as meta data, for the mouse."""
        rate = None if self._is_paused else self._rate
        self.border_title = figures(self.TITLE, self._strategy, rate)
        speaker = safe_line(self.voice.title if self.voice is not None else "")
        hints = []
        if not self._stream.is_following:
            below = f"{self._stream.lines_below} lines below"
            hints.append(f"{below} · {self.key_of('sample.follow')}")
        pinned = ["pinned"] if self.is_pinned else []
        told = " · ".join([*hints, speaker, *pinned])
        self.border_subtitle = figure(told, "voice")

    # The mouse, on the figures in the border

    def on_click(self, event: Click) -> None:
        """A click on a figure changes it; Shift-click the other way."""
        self._turn(event, -1 if event.shift else 1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """The wheel over a figure raises it."""
        self._turn(event, 1)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """The wheel over a figure lowers it."""
        self._turn(event, -1)

    def _turn(self, event: Click | MouseScrollUp | MouseScrollDown, steps: int) -> None:
        name = event.style.meta.get(FIGURE)
        if name in KNOBS:
            self._turn_knob(name, steps)
        elif name == "speed":
            self._change_speed(steps)
        elif name == "voice" and isinstance(event, Click):
            self.action_voice()

    def on_candidates_chosen(self, message: Candidates.Chosen) -> None:
        """Write the candidate that was clicked."""
        message.stop()
        self._pick(message.place)

    # Seed

    def on_seed_row_typed(self, message: SeedRow.Typed) -> None:
        """Go on from what is typed, at once."""
        message.stop()
        if self._live is None:
            return
        unknown = self._live.model.vocab.unknown_in(message.seed)
        self.tell(f"left out, for the model does not know them: {unknown}" if unknown else "")
        self._restart(message.seed)

    def on_seed_row_left(self, message: SeedRow.Left) -> None:
        """What was wrong with the seed is settled."""
        message.stop()
        self.tell("")

    # Actions

    def on_key(self, event: Key) -> None:
        """Remember the key, which an action that several keys share cannot know."""
        self._key = event.key

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Numbers choose a candidate only while there are some; else they change the tab."""
        return self._is_paused if action == "pick" else True

    def action_pause(self) -> None:
        self._pause(not self._is_paused)

    def action_step(self) -> None:
        self._pause(True)
        if self._live is not None:
            with self._in_bounds():
                self._show_letter(self._live.forward())

    def action_back(self) -> None:
        self._pause(True)
        with self._in_bounds():
            if self._live is not None and self._live.back() is not None:
                self._stream.take_back()
                self._set_going()

    def action_pick(self) -> None:
        keys = self.host.settings.keys.get("sample.pick")
        keys = keys or next(one.keys for one in actions_of(self.SCOPE) if one.verb == "pick")
        names = [key.strip() for key in keys.split(",")]
        self._pick(names.index(self._key) if self._key in names else 0)

    def _pick(self, place: int) -> None:
        candidates = self._live.candidates(MOST_CANDIDATES) if self._live is not None else []
        if self._live is not None and self._is_paused and place < len(candidates):
            with self._in_bounds():
                self._show_letter(self._live.pick(candidates[place].char))

    def _show_letter(self, letter: Letter) -> None:
        self._stream.write([_with_level(letter)])
        self._set_going()

    def action_edit_seed(self) -> None:
        self.query_one(SeedRow).edit()

    def _turn_knob(self, name: str, steps: int) -> None:
        self._strategy = KNOBS[name](self._strategy, steps)
        if self._live is not None:
            self._live.strategy = self._strategy
        self.show_values()

    def action_warmer(self) -> None:
        self._turn_knob("temperature", 1)

    def action_cooler(self) -> None:
        self._turn_knob("temperature", -1)

    def action_more_top_p(self) -> None:
        self._turn_knob("top_p", 1)

    def action_less_top_p(self) -> None:
        self._turn_knob("top_p", -1)

    def action_more_top_k(self) -> None:
        self._turn_knob("top_k", 1)

    def action_less_top_k(self) -> None:
        self._turn_knob("top_k", -1)

    def action_faster(self) -> None:
        self._change_speed(1)

    def action_slower(self) -> None:
        self._change_speed(-1)

    def _change_speed(self, steps: int) -> None:
        if steps > 0:
            faster = (speed for speed in _SPEEDS if speed > self._speed)
            self._chosen_speed = next(faster, max(self._speed, _SPEEDS[-1]))
        else:
            slower = (speed for speed in reversed(_SPEEDS) if speed < self._speed)
            self._chosen_speed = next(slower, _SPEEDS[0])
        self._rate, self._rated_at = self._speed, time.monotonic()  # until it is measured
        self.show_values()

    def action_look_back(self) -> None:
        self._stream.scroll_pages(-1)

    def action_look_forth(self) -> None:
        self._stream.scroll_pages(1)

    def action_follow(self) -> None:
        self._stream.follow_end()

    def action_copy(self) -> None:
        if self._live is not None:
            self.host.copy(self._live.text())

    def action_save(self) -> None:
        if (live := self._live) is not None:
            ask = Ask(
                "Save the text in a new file:",
                "sample.txt",
                lambda name: live.save(user_path(name)),
            )
            self.app.push_screen(ask, self._saved)

    def _saved(self, name: str | None) -> None:
        if name is not None:
            self.host.say(f"saved in {name}")


def _with_level(letter: Letter) -> tuple[str, int]:
    """A letter as the stream takes it."""
    return letter.char, SEED if letter.probability is None else surprise_of(letter.probability)

"""The panel Live sample: everything it does, by key and by mouse."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from made_runs import made_run
from textual.events import Key
from textual.widgets import Input, OptionList, Static
from waiting import until

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model, model_bytes, save_model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.events import Checkpointed
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.reader import RunView
from rnnterm.runs.status import RunStatus
from rnnterm.settings import Settings
from rnnterm.text.vocab import Vocabulary
from rnnterm.tui.app import RnntermApp
from rnnterm.tui.dialogs import Ask, Choose
from rnnterm.tui.text.sample_candidates import Candidates
from rnnterm.tui.text.sample_panel import SamplePanel
from rnnterm.tui.text.tab import TextTab
from rnnterm.tui.text.training_panel import TrainingPanel
from rnnterm.tui.top_line import TopLine
from rnnterm.tui.widgets.stream import TextStream

POISON = '\n [/red]="x\x1b\x07日本e\u0301\u200d👩\x9b'


def make_model(symbols: str = "\n abcdefgh", hidden_size: int = 8) -> Model:
    vocab = Vocabulary(symbols)
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=hidden_size, embedding_size=4)
    rng = np.random.default_rng(5)
    tensors = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors)


_HOPS = 10  # from the app to a field, up to the app again, and some for what follows


class Person:
    """Someone at the app with the panel in front of them."""

    def __init__(self, app: RnntermApp, pilot) -> None:
        self.app, self.pilot = app, pilot
        self.panel = app.query_one(SamplePanel)
        self.stream = app.query_one(TextStream)

    @property
    def text(self) -> str:
        return self.panel._live.text() if self.panel._live is not None else ""

    @property
    def title(self) -> str:
        return self.panel._border_title.plain

    @property
    def notice(self) -> str:
        notice = self.panel.query_one(".sample-notice", Static)
        return str(notice.content) if notice.display else ""

    @property
    def candidates(self) -> list[str]:
        shown = self.panel.query_one(Candidates)
        return [one.char for one in shown._candidates] if shown.display else []

    async def press(self, *keys: str) -> None:
        # Not by `pilot.press`, which waits until a process is idle that never is while it writes.
        for key in keys:
            self.app.post_message(Key(key, key if len(key) == 1 else None))
            for _ in range(_HOPS):
                await self.pilot.pause(0)

    async def until(self, condition) -> None:
        await until(self.pilot, condition)

    async def spoken(self, count: int = 20) -> None:
        begun = len(self.text)
        await self.until(lambda: len(self.text) >= begun + count)

    async def find_figure(self, part: str) -> tuple[int, int]:
        """Where in the panel a figure of its title stands."""
        return 2 + self.title.index(part) + 1, 0


@pytest.fixture
def at_the_app(tmp_path):
    """Runs a check with a person at an app whose first model is a tiny one, or another."""

    def at_the_app(check, model: Model | None = None, size=(120, 36), first=None, **settings):
        path = tmp_path / "tiny.safetensors"
        save_model(path, model or make_model())

        async def run() -> None:
            app = RnntermApp(
                Settings(corpus="othello", **settings), tmp_path / "runs", first or str(path)
            )
            async with app.run_test(size=size) as pilot:
                await check(Person(app, pilot))

        asyncio.run(run())

    return at_the_app


def test_the_bundled_model_speaks_by_itself(at_the_app):
    async def check(person) -> None:
        await person.spoken(40)
        assert any(line.strip() for line in person.stream.lines)
        assert "temperature 0.8 · top-p 0.95" in person.title
        assert "shakespeare · LSTM 1x512" in str(person.app.query_one(TopLine).content)
        assert person.panel.key_figure == "shakespeare"

    at_the_app(check, first="shakespeare")


def test_it_writes_at_the_speed_asked_for(at_the_app):
    async def check(person) -> None:
        await person.until(lambda: person.panel._rate)
        assert 35 <= person.panel._rate <= 55
        assert "chars/s" in person.title
        await person.press("greater_than_sign")
        assert "60 chars/s" in person.title
        await person.press("less_than_sign", "less_than_sign")
        assert "30 chars/s" in person.title
        x, y = await person.find_figure("30 chars/s")
        await person.pilot.click(SamplePanel, offset=(x, y))
        assert "45 chars/s" in person.title

    at_the_app(check, writing_speed=45)


def test_pause_step_back_and_forward(at_the_app):
    async def check(person) -> None:
        await person.spoken(10)
        await person.press("space")
        assert "paused" in person.title
        assert person.panel._timer is None
        text = person.text
        await person.press("left", "left")
        assert person.text == text[:-2]
        await person.press("right", "right")
        assert person.text == text
        await person.press("right")
        assert person.text[:-1] == text
        assert "".join(person.stream.lines) == person.text.replace("\n", "")
        await person.press("space")
        await person.spoken(2)
        assert "paused" not in person.title
        await person.press("right")  # stepping pauses
        assert "paused" in person.title
        await person.press(*["left"] * (len(person.text) + 3))
        assert person.text == ""

    at_the_app(check)


def test_candidates_by_number_and_by_click_only_while_paused(at_the_app):
    async def check(person) -> None:
        await person.spoken(5)
        assert person.candidates == []
        await person.press("5")
        assert person.app.query_one("#runs-tab").is_on_screen
        assert person.panel._timer is None  # nobody looks
        await person.press("1")
        await person.until(lambda: person.panel._timer is not None)
        await person.press("s", "space")
        third = person.candidates[2]
        text = person.text
        await person.press("3")
        assert person.text == text + third
        first = person.candidates[0]
        await person.pilot.click(Candidates, offset=(1, 0))
        await person.pilot.pause()
        assert person.text == text + third + first
        await person.press("9")
        assert len(person.text) == len(text) + 3

    at_the_app(check)


def test_other_keys_for_candidates(at_the_app):
    async def check(person) -> None:
        await person.spoken(1)
        await person.press("space")
        second, text = person.candidates[1], person.text
        await person.press("f6")
        assert person.text == text + second

    at_the_app(check, keys={"sample.pick": "f5,f6"})


def test_temperature_top_p_and_top_k_by_key_click_and_wheel(at_the_app):
    async def check(person) -> None:
        await person.spoken(1)
        await person.press("space", "plus", "equals_sign", "minus")
        assert "temperature 0.9" in person.title
        await person.press(*["minus"] * 12)
        assert "temperature 0.1" in person.title
        await person.press("full_stop", "full_stop")
        assert "top-p off" in person.title
        await person.press(*["comma"] * 3)
        assert "top-p 0.85" in person.title
        await person.press("left_square_bracket", "left_square_bracket")
        assert "top-k 20" in person.title
        await person.press("right_square_bracket", "right_square_bracket")
        assert "top-k" not in person.title
        x, y = await person.find_figure("temperature")
        await person.pilot.click(SamplePanel, offset=(x, y))
        assert "temperature 0.2" in person.title
        await person.pilot.click(SamplePanel, offset=(x, y), shift=True)
        assert "temperature 0.1" in person.title
        assert person.panel._live.strategy.temperature == 0.1
        assert person.panel._live.strategy.top_p == 0.85

    at_the_app(check)


def test_a_seed_goes_on_at_once_with_each_key(at_the_app):
    async def check(person) -> None:
        await person.spoken(10)
        await person.press("e")
        field = person.panel.query_one(Input)
        assert field.has_focus
        await person.press("b")
        await person.until(lambda: person.text.startswith("b") and len(person.text) > 5)
        await person.press("a", "1", "d", "?")
        await person.until(lambda: person.text.startswith("bad") and len(person.text) > 9)
        assert field.value == "ba1d?"
        assert "does not know" in person.notice and "1?" in person.notice
        assert "".join(person.stream.lines).startswith("bad")
        await person.press("escape")
        assert person.panel.has_focus
        assert not field.parent.display
        assert person.notice == ""
        assert person.text.startswith("bad")
        await person.press("enter")
        assert field.has_focus
        await person.press("enter")
        assert person.panel.has_focus

    at_the_app(check, writing_speed=200)


def test_a_voice_is_chosen_from_all_models(at_the_app):
    async def check(person) -> None:
        await person.spoken(5)
        await person.press("v")
        await person.until(lambda: isinstance(person.app.screen, Choose))
        assert "shakespeare" in str(person.app.screen.query_one(OptionList).options[0].prompt)
        await person.press("enter")
        await person.until(lambda: person.panel.key_figure == "shakespeare")
        assert "‹shakespeare›" in "".join(person.stream.lines)
        assert "‹" not in person.text
        begun = len(person.text)
        await person.until(lambda: len(person.text) > begun + 5)

    at_the_app(check)


def test_a_model_that_is_not_there_is_told_in_the_panel(at_the_app):
    async def check(person) -> None:
        await person.until(lambda: person.notice)
        assert "nothing[/red].safetensors" in person.notice
        assert "choose who speaks" in person.notice
        await person.press("space", "right", "left", "1", "plus", "y", "w", "e", "a", "escape")
        await person.press("v")
        await person.until(lambda: isinstance(person.app.screen, Choose))
        await person.press("enter")
        await person.spoken(5)
        assert person.notice == ""

    at_the_app(check, first="./nothing[/red].safetensors")


def view_of(run: RunFolder, step: int | None, state="running", device="cuda:0") -> RunView:
    status = RunStatus(step=step or 0, checkpoint_step=step, device=device)
    return RunView(run.name, state, status, None, None, (), (), (), (), False)


def test_it_writes_slowly_beside_a_training_on_the_same_processor(at_the_app):
    async def check(person) -> None:
        run = RunFolder(person.app.runs / "bold-otter")
        await person.spoken(5)
        for state, device, speed in (
            ("running", "cuda:0", 90), ("running", "cpu", 20), ("paused", "cpu", 90),
            ("running", "cpu", 20), ("finished", "cpu", 90),
        ):  # fmt: skip
            person.panel.see_run(view_of(run, None, state, device))
            assert (person.panel._speed, bool(person.panel._timer)) == (speed, True)
            assert round(1 / person.panel._timer._interval) == (8 if speed == 20 else 30)
        await person.press("greater_than_sign")  # whoever chooses a speed keeps it
        person.panel.see_run(view_of(run, None, "running", "cpu"))
        assert person.panel._speed == 130

    at_the_app(check)


def add_checkpoint(run: RunFolder, step: int, model: Model) -> None:
    run.path.mkdir(parents=True, exist_ok=True)
    files = {"model.safetensors": model_bytes(model), "trainer.safetensors": b""}
    CheckpointStore(run.checkpoints).save(step, files, {}, best=False)


def test_the_newest_weights_of_a_watched_run_speak_unless_another_voice_was_chosen(at_the_app):
    async def check(person) -> None:
        run = RunFolder(person.app.runs / "bold-otter")
        await person.spoken(5)
        person.panel.see_run(view_of(run, None))
        add_checkpoint(run, 0, make_model("\n abcxyz"))
        person.panel.see_run(view_of(run, 0))
        assert person.panel._run_step is None  # weights that learnt nothing do not speak
        add_checkpoint(run, 100, make_model("\n abcxyz"))
        person.panel.see_run(view_of(run, 100))
        await person.until(lambda: person.panel.key_figure == "bold-otter · step 100")
        add_checkpoint(run, 9120, make_model("\n abcxyz", 9))
        person.panel.see_run(view_of(run, 9120))
        await person.until(lambda: person.panel.key_figure == "bold-otter · step 9,120")
        assert "‹step 9,120›" in "".join(person.stream.lines)
        await person.until(lambda: "step 9,120" in str(person.app.query_one(TopLine).content))

        person.app.query_one(TextTab).query_one(SamplePanel).speak_from(run, 100)
        await person.until(lambda: person.panel.key_figure == "bold-otter · step 100")
        add_checkpoint(run, 9200, make_model("\n abcxyz", 9))
        person.panel.see_run(view_of(run, 9200))
        await person.pilot.pause(0.2)
        assert person.panel.key_figure == "bold-otter · step 100"
        assert person.panel._border_subtitle.plain.endswith("step 100 · pinned")

        await person.press("v")
        await person.until(lambda: isinstance(person.app.screen, Choose))
        await person.press("home", "enter")
        await person.until(lambda: person.panel.key_figure == "bold-otter · step 9,200")
        add_checkpoint(run, 9300, make_model("\n abcxyz", 9))
        person.panel.see_run(view_of(run, 9300))
        await person.until(lambda: person.panel.key_figure == "bold-otter · step 9,300")

    at_the_app(check, writing_speed=200)


def test_the_last_run_is_shown_and_the_first_model_goes_on_speaking(at_the_app, tmp_path):
    run = made_run(tmp_path / "runs", "mine", events=[Checkpointed(1000)])
    add_checkpoint(run, 1000, make_model())

    async def check(person) -> None:
        training = person.app.query_one(TrainingPanel)
        await person.until(lambda: training.key_figure.startswith("✓ mine finished"))
        await person.spoken(5)
        assert "mine" not in person.panel.key_figure
        add_checkpoint(run, 1100, make_model())
        person.panel.see_run(view_of(run, 1100))  # it was resumed
        await person.until(lambda: person.panel.key_figure == "mine · step 1,100")

    at_the_app(check)


def test_remarks_do_not_pile_up_and_another_training_ends_a_choice(at_the_app):
    async def check(person) -> None:
        await person.spoken(5)
        await person.press("space")
        run, other = (RunFolder(person.app.runs / name) for name in ("bold-otter", "shy-owl"))
        for step in (100, 200):
            add_checkpoint(run, step, make_model())
            person.panel.see_run(view_of(run, step))
            await person.until(lambda step=step: person.panel.key_figure.endswith(f"step {step}"))
        shown = "".join(person.stream.lines)
        assert shown.count("‹") == 1 and shown.endswith("‹step 200›")
        person.panel.speak_from(run, 100)
        await person.until(lambda: person.panel.key_figure == "bold-otter · step 100")
        add_checkpoint(other, 50, make_model())
        person.panel.see_run(view_of(other, 50))
        await person.until(lambda: person.panel.key_figure == "shy-owl · step 50")
        assert "pinned" not in person.panel._border_subtitle.plain

    at_the_app(check)


def test_a_checkpoint_that_vanished_or_is_damaged_leaves_the_voice(at_the_app):
    async def check(person) -> None:
        run = RunFolder(person.app.runs / "bold-otter")
        await person.spoken(5)
        person.panel.see_run(view_of(run, 100))  # its trainer has dropped it already
        await person.pilot.pause(0.2)
        assert person.notice == ""
        add_checkpoint(run, 200, make_model())
        add_checkpoint(run, 300, make_model())
        (run.checkpoints / "step-0000300/model.safetensors").write_bytes(b"damaged")
        person.panel.see_run(view_of(run, 300))
        await person.until(lambda: person.panel.key_figure == "bold-otter · step 200")
        person.panel.speak_from(run, 100)
        await person.until(lambda: "no checkpoint of step 100" in person.notice)
        await person.spoken(5)

    at_the_app(check, writing_speed=200)


def test_what_is_out_of_date_does_not_speak(at_the_app):
    async def check(person) -> None:
        await person.spoken(5)
        name, old = person.panel.key_figure, person.panel._find
        person.panel.want_model("shakespeare")
        person.panel.post_message(SamplePanel.VoiceFound(old, RnntermError("too late")))
        await person.until(lambda: person.panel.key_figure == "shakespeare")
        assert person.notice == "" and name != "shakespeare"

    at_the_app(check)


def test_copy_and_save(at_the_app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def check(person) -> None:
        copied = []
        monkeypatch.setattr(person.app, "copy", copied.append)
        await person.spoken(60)
        await person.press("space", "y")
        assert copied == [person.text]
        Path("sample.txt").write_text("mine")
        await person.press("w")
        await person.until(lambda: isinstance(person.app.screen, Ask))
        await person.press("enter")
        assert isinstance(person.app.screen, Ask)
        error = person.app.screen.query_one(".dialog-error", Static)
        assert "is there already" in str(error.content)
        assert Path("sample.txt").read_text() == "mine"
        await person.press("end", "2", "enter")
        assert not isinstance(person.app.screen, Ask)
        expected = person.text.translate({27: "␛", 7: "␇", 0x9B: "\ufffd"})
        assert Path("sample.txt2").read_text("utf-8") == expected

    at_the_app(check, make_model(POISON), writing_speed=300)


def test_scrolling_back_stops_following_until_the_end_is_asked_for(at_the_app):
    async def check(person) -> None:
        await person.until(lambda: len(person.stream.lines) > 3 * person.stream.size.height)
        await person.press("pageup", "pageup")
        assert not person.stream.is_following
        top = person.stream.render_line(0).text
        await person.spoken(100)
        assert person.stream.render_line(0).text == top
        assert "lines below" in person.panel._border_subtitle.plain
        await person.press("pagedown")
        assert not person.stream.is_following
        await person.press("end")
        assert person.stream.is_following
        assert "lines below" not in person.panel._border_subtitle.plain
        person.stream.scroll_lines(-3)
        assert not person.stream.is_following

    at_the_app(check, make_model("\nab"), writing_speed=1000)


@pytest.mark.parametrize("size", [(1, 1), (80, 24), (200, 50)], ids=str)
def test_poisoned_text_at_any_size(at_the_app, size):
    async def check(person) -> None:
        if size != (1, 1):
            await person.spoken(100)
        await person.press("space", "left", "right", "3", "e", "日", "escape", "pageup", "space")
        await person.pilot.resize_terminal(90, 30)
        await person.spoken(100)
        await person.pilot.resize_terminal(1, 1)
        await person.pilot.pause()
        await person.pilot.resize_terminal(*size)
        await person.pilot.pause()

    at_the_app(check, make_model(POISON), size=size, writing_speed=500)


def test_a_folded_panel_does_not_write(at_the_app):
    async def check(person) -> None:
        await person.spoken(5)
        await person.press("c")
        await person.until(lambda: person.panel._timer is None)
        await person.press("s")
        await person.spoken(5)

    at_the_app(check, size=(80, 24))


def test_nothing_is_written_under_a_dialog(at_the_app):
    async def check(person) -> None:
        await person.spoken(5)
        await person.press("question_mark")
        await person.until(lambda: person.panel._timer is None)
        await person.press("escape")
        await person.spoken(5)

    at_the_app(check)


def test_without_colours_surprise_is_still_told_apart(at_the_app, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def check(person) -> None:
        styles = [person.stream._style_of(level) for level in range(5)]
        marks = [(style.bold, style.italic, style.underline) for style in styles]
        assert len(set(marks)) == 4  # the two surest look alike

    at_the_app(check)

"""Who speaks in the panel Live sample: models by name, and a watched run's weights."""

from made_runs import made_run
from sample_person import make_model
from textual.widgets import OptionList

from rnnterm.errors import RnntermError
from rnnterm.nn.modelfile import Model, model_bytes
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.events import Checkpointed
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.reader import RunView
from rnnterm.runs.status import RunStatus
from rnnterm.tui.dialogs import Choose
from rnnterm.tui.text.sample_panel import SamplePanel
from rnnterm.tui.text.tab import TextTab
from rnnterm.tui.text.training_panel import TrainingPanel
from rnnterm.tui.top_line import TopLine


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
            assert round(1 / person.panel._timer._interval) == (4 if speed == 20 else 30)
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

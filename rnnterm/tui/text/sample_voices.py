"""Who speaks in a panel: a run's newest weights, or what the person chose."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import work
from textual.message import Message
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.models import ModelSummary, list_models
from rnnterm.runs.reader import RunView
from rnnterm.terminal import safe_line
from rnnterm.tui.dialogs import Choose
from rnnterm.tui.messages import ModelSpeaks
from rnnterm.tui.panel import Panel
from rnnterm.tui.text.sample_voice import (
    Voice,
    describe_choice,
    newest_voice,
    voice_of_checkpoint,
    voice_of_model,
)

if TYPE_CHECKING:
    from rnnterm.tui.app import RnntermApp

_NEWEST = "newest weights"  # no model has a name with a space

FindVoice = Callable[[], Voice]


class VoicePanel(Panel):
    """A panel in which a model speaks; models are loaded by workers, and subclasses show it.

    Attributes:
        voice: who speaks; None until the first model is loaded.
    """

    class VoiceFound(Message):
        """A worker found the voice that it was sent for, or why there is none."""

        def __init__(self, find: FindVoice, voice: Voice | RnntermError) -> None:
            super().__init__()
            self.find, self.voice = find, voice

    class ModelsListed(Message):
        """A worker listed the models there are, or found out why it cannot."""

        def __init__(self, models: list[ModelSummary] | RnntermError) -> None:
            super().__init__()
            self.models = models

    def __init__(self) -> None:
        super().__init__()
        self.voice: Voice | None = None
        self._find: FindVoice | None = None  # what the worker at work was sent for
        self._follows_run = True  # unless the person chose another voice
        self._run: RunFolder | None = None
        self._run_step: int | None = None

    @property
    def host(self) -> "RnntermApp":
        """The app, by its own type."""
        return cast("RnntermApp", self.app)

    def see_run(self, view: RunView) -> None:
        """Let the run's newest weights speak, unless the person chose another voice.

        That choice ends when another training begins. Those of step 0 only make noise.
        """
        run = RunFolder(self.host.runs / view.name)
        if run != self._run:
            self._run, self._run_step = run, None
            self._follows_run = self._follows_run or not view.is_over
            self.show_values()
        step = view.status.checkpoint_step
        if self._follows_run and step and step != self._run_step:
            self._run_step = step
            self._want(partial(newest_voice, run))

    def overlook(self, run: RunFolder, step: int | None) -> None:
        """Let of this run only weights speak that are newer than those of `step`."""
        self._run, self._run_step = run, step

    def forget_run(self) -> None:
        """What is seen next counts as another run."""
        self._run = None

    @property
    def is_pinned(self) -> bool:
        """Whether the person chose a voice that stays, whatever the watched run learns."""
        return self._run is not None and not self._follows_run

    def speak_from(self, run: RunFolder, step: int) -> None:
        """Let a checkpoint speak, and go on doing so."""
        self._choose(partial(voice_of_checkpoint, run, step))

    def want_model(self, name: str) -> None:
        """Let the model speak that a name means."""
        self._want(partial(voice_of_model, name, self.host.runs))

    def take_voice(self, voice: Voice) -> None:
        """Tell everyone who speaks now."""
        self.voice = voice
        self.key_figure = safe_line(voice.title)
        self.post_message(ModelSpeaks(voice.name, voice.label))

    def tell(self, notice: str) -> None:
        """Show a notice in the panel; an empty one takes it away."""

    def show_values(self) -> None:
        """Draw the figures around the text, and who speaks."""

    def action_voice(self) -> None:
        """See the action table."""
        self.tell("looking at every model there is …")
        self._list_models()

    def _choose(self, find: FindVoice) -> None:
        self._follows_run = False
        self.show_values()
        self._want(find)

    def _want(self, find: FindVoice) -> None:
        self._find = find
        self._fetch(find)

    @work(thread=True, exclusive=True, group="sample-voice")
    def _fetch(self, find: FindVoice) -> None:
        found: Voice | RnntermError
        try:
            found = find()
        except RnntermError as error:
            found = error
        if not get_current_worker().is_cancelled:
            self.post_message(self.VoiceFound(find, found))

    def on_voice_panel_voice_found(self, message: VoiceFound) -> None:
        """Have the voice speak, unless another is wanted meanwhile."""
        message.stop()
        if message.find is not self._find:
            return
        if isinstance(message.voice, RnntermError):
            # Newer weights of a run come again by themselves; of any other voice the person hears.
            if self.voice is None or not self._follows_run:
                key = self.key_of("sample.voice")
                self.tell(f"{message.voice}; {key}: choose who speaks")
            return
        self.tell(message.voice.remark)
        if self.voice is None or message.voice.title != self.voice.title:
            self.take_voice(message.voice)

    def on_voice_panel_models_listed(self, message: ModelsListed) -> None:
        """Ask which of the models is to speak."""
        message.stop()
        if isinstance(message.models, RnntermError):
            self.tell(str(message.models))
            return
        self.tell("")
        choices = [(model.handle, describe_choice(model)) for model in message.models]
        if self._run is not None:
            choices.insert(0, (_NEWEST, f"{self._run.name:<20} newest weights while it trains"))
        chosen = self.voice.name if self.voice is not None else ""
        if self._follows_run and self._run is not None:
            chosen = _NEWEST
        self.app.push_screen(Choose("Who is to speak?", choices, chosen), self._chosen)

    def _chosen(self, name: str | None) -> None:
        if name == _NEWEST and self._run is not None:
            self._follows_run = True
            self.show_values()
            self._want(partial(newest_voice, self._run))
        elif name is not None:
            self._choose(partial(voice_of_model, name, self.host.runs))

    @work(thread=True, exclusive=True, group="sample-models")
    def _list_models(self) -> None:
        models: list[ModelSummary] | RnntermError
        try:
            models = list_models(self.host.runs)
        except RnntermError as error:
            models = error
        if not get_current_worker().is_cancelled:
            self.post_message(self.ModelsListed(models))

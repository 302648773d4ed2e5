"""Where the texts, series and models of the tab come from, and the clock that moves its cursor."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from textual import work
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.quantities import format_count
from rnnterm.runs.models import ModelSummary, list_models
from rnnterm.terminal import safe_line
from rnnterm.tui.dialogs import Ask
from rnnterm.tui.hidden.bench import Bench
from rnnterm.tui.hidden.subject import SeriesSubject, Source, TextSubject, open_forecaster
from rnnterm.tui.hidden.text_dialog import TextDialog
from rnnterm.tui.open_dialog import Offer, OpenDialog
from rnnterm.tui.text.corpus_panel import CorpusPanel
from rnnterm.tui.text.sample_panel import SamplePanel
from rnnterm.tui.text.sample_voice import Voice, voice_of_model

_LENGTH = 200  # characters of a text that nobody chose
_FEWEST = 60  # of the live sample, to begin with it
_STEPS_A_SECOND = 8
_LIVE_BEGINNING, _LIVE_LONGEST = 40, 1_000
LIVE = "live sample"

_Take = Callable[[Voice | SeriesSubject | None], None]


class SourcedBench(Bench):
    """A bench that takes models and texts from the other tab, from dialogs, and as they grow."""

    class ModelsListed(Message):
        """A thread listed the models there are, or found out why it cannot."""

        def __init__(self, models: list[ModelSummary] | RnntermError) -> None:
            super().__init__()
            self.models = models

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._is_chosen = False  # the person chose the model
        self._timer: Timer | None = None
        self._is_following = False
        self._asking: tuple[str, _Take, bool] = ("", lambda chosen: None, False)
        self._forecaster: SeriesSubject | None = None  # that was looked into last
        self._before: Source | None = None  # the text that a place took the place of

    @property
    def _sample(self) -> SamplePanel:
        return self.app.screen_stack[0].query_one(SamplePanel)

    def on_show(self) -> None:
        """Begin with the model that speaks, and what it wrote."""
        self.hear_speaker()

    def on_hide(self) -> None:
        """Nobody looks: stand still."""
        self.stop_playing()

    def hear_speaker(self) -> None:
        """Use the model of the panel Live sample, unless the person chose one here."""
        voice, wanted = self._sample.voice, self.wanted
        if voice is None or not self.display or self._is_following:
            return
        if wanted is None:
            self.read(voice, self._first_source(voice))
        elif (
            isinstance(wanted, TextSubject)
            and not self._is_chosen
            and voice.title != wanted.voice.title
        ):
            self.read(voice, wanted.source)

    def _first_source(self, voice: Voice) -> Source:
        """What the model wrote; the text of the tab Text where that is little."""
        sources = [each for each in self._sources() if len(each.text) >= _FEWEST]
        known = [each for each in sources if voice.model.vocab.keep_known(each.text)]
        if known:
            return known[0]
        return Source("every symbol", voice.model.vocab.symbols[:_LENGTH])

    def _sources(self) -> list[Source]:
        sources = [Source(LIVE, self._sample.text_end(_LENGTH))]
        excerpt = self.app.screen_stack[0].query_one(CorpusPanel).excerpt(_LENGTH)
        if excerpt is not None:
            sources.append(Source(*excerpt))
        if self._before is not None:
            sources.insert(0, self._before)
        return [source for source in sources if source.text]

    # Dialogs

    def action_text(self) -> None:
        """See the action table, as for all below."""
        if isinstance(self.subject, SeriesSubject):
            self._ask_stretch(self.subject)
            return
        if (voice := self.voice or self._sample.voice) is None:
            return
        self.stop_playing()

        def take(source: Source | None) -> None:
            if source is not None:
                self.read(voice, source)

        typed = self.source.text if self.source and self.source.label == "typed" else ""
        self.app.push_screen(TextDialog(self._sources(), typed), take)

    def _ask_stretch(self, subject: SeriesSubject) -> None:
        """Ask which stretch of the series is to be read."""
        self.stop_playing()
        label = subject.series.steps.label
        first, last = label(subject.forecaster.plan.window), label(len(subject.series))
        question = f"Which forecast, {first} to {last}? {last} 500 reads 500 values before it."

        def answered(text: str | None) -> None:
            if text is not None:
                self.open_forecaster(subject.elsewhere(text))

        ask = Ask(question, label(subject.place), check=subject.elsewhere)
        self.app.push_screen(ask, answered)

    def open_forecaster(self, subject: SeriesSubject) -> None:
        """Look into a forecaster; it is kept among the models to choose from."""
        self.stop_playing()
        self._forecaster = subject
        self.look_into(subject, subject.first_step)

    def action_model(self) -> None:
        def take(chosen: Voice | SeriesSubject | None) -> None:
            if isinstance(chosen, SeriesSubject):
                self.open_forecaster(chosen)
            elif chosen is not None:
                self._is_chosen = True
                self.read(chosen, self.source or self._first_source(chosen))

        self._ask_reader("Which model?", take, with_forecasters=True)

    def ask_model(self, question: str, take: Callable[[Voice | None], None]) -> None:
        """Have the person choose a model of characters, once it is known which there are."""

        def take_voice(chosen: Voice | SeriesSubject | None) -> None:
            take(None if isinstance(chosen, SeriesSubject) else chosen)

        self._ask_reader(question, take_voice)

    def _ask_reader(self, question: str, take: _Take, *, with_forecasters: bool = False) -> None:
        self._asking = (question, take, with_forecasters)
        self._list_models()

    @work(thread=True, exclusive=True, group="models", description="")
    def _list_models(self) -> None:
        models: list[ModelSummary] | RnntermError
        try:
            models = list_models(self.host.runs)
        except RnntermError as error:
            models = error
        if not get_current_worker().is_cancelled:
            self.post_message(self.ModelsListed(models))

    def on_sourced_bench_models_listed(self, message: ModelsListed) -> None:
        """Ask which of the models is meant."""
        message.stop()
        question, take, with_forecasters = self._asking
        if isinstance(message.models, RnntermError):
            self.tell(str(message.models))
            take(None)
            return
        offers = [_offer(model) for model in message.models if model.problem is None]
        opener: Callable[[str], Voice | SeriesSubject]
        opener = partial(voice_of_model, runs=self.host.runs)
        if with_forecasters:
            opener = partial(open_reader, runs=self.host.runs, forecaster=self._forecaster)
            if self._forecaster is not None:
                offers.insert(0, _offer_of_forecaster(self._forecaster))
        chosen = self.voice.name if self.voice else self.subject.title if self.subject else ""
        dialog = OpenDialog(question, offers, opener, chosen=chosen, suffix=".safetensors")
        self.app.push_screen(dialog, take)

    def read_place(self, source: Source, step: int) -> None:
        """Read a place that was found; the text before is kept among those to choose from."""
        if self.voice is not None:
            self._before = self.source
            self.read(self.voice, source, step)

    # Playing

    def action_play(self) -> None:
        if self._timer is not None:
            self.stop_playing()
        elif self.scene is not None:
            if self.eye.step >= len(self.scene.reading) - 1:
                self.look(replace(self.eye, step=0, anchor=None))
            self._timer = self.set_interval(1 / _STEPS_A_SECOND, self._play)

    def action_follow(self) -> None:
        if self._is_following:
            self.stop_playing()
            return
        voice = self._sample.voice
        if voice is None:
            self.tell("no model speaks yet")
            return
        self.stop_playing()
        self._is_following = True
        self.eye = replace(self.eye, is_live=True)
        self.read(voice, Source(LIVE, self._live_beginning()), _LIVE_LONGEST)
        self._timer = self.set_interval(1 / _STEPS_A_SECOND, self._follow)

    def stop_playing(self) -> None:
        """Stand still."""
        self._is_following = False
        self.look(replace(self.eye, is_live=False))
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _play(self) -> None:
        if self.scene is None or self.eye.step >= len(self.scene.reading) - 1:
            self.stop_playing()
        elif self.app.screen is self.screen:  # under a dialog, all would be painted for each step
            self.look(self.eye.at_step(self.eye.step + 1, len(self.scene.reading)))

    def _follow(self) -> None:
        voice = self._sample.voice
        if voice is None or self.source is None or self.app.screen is not self.screen:
            return
        before = self.source.text if self.source.label == LIVE else ""
        grown = self._sample.write_on(1)
        text = before + grown if 0 < len(before) < _LIVE_LONGEST else self._live_beginning()
        self.read(voice, Source(LIVE, text), len(text))

    def _live_beginning(self) -> str:
        return self._sample.text_end(_LIVE_BEGINNING) or self._sample.write_on(1)


def _offer(model: ModelSummary) -> Offer:
    size = "" if model.parameters is None else f"{format_count(model.parameters)} weights"
    loss = "" if model.val_loss is None else f"val {model.val_loss:.3f}"
    about = " · ".join(filter(None, (model.network, model.corpus, loss)))
    return Offer(safe_line(model.handle), size, safe_line(about))


def _offer_of_forecaster(subject: SeriesSubject) -> Offer:
    spec, plan = subject.forecaster.spec, subject.forecaster.plan
    size = f"{format_count(spec.parameter_count * plan.seeds)} weights"
    about = f"{plan.describe()} x {plan.seeds} · reads {subject.series.name}, value by value"
    return Offer(safe_line(subject.title), size, safe_line(about))


def open_reader(
    name: str, *, runs: Path, forecaster: SeriesSubject | None
) -> Voice | SeriesSubject:
    """The model that a name means, or the forecaster; raises RnntermError for what is neither."""
    if forecaster is not None and name == forecaster.title:
        return forecaster
    return open_forecaster(name) or voice_of_model(name, runs)

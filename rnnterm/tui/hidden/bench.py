"""What the tab works on: who reads what, what the one made of the other, and where a person looks.

Reading and sorting take longer than a frame, so that threads do them. Their workers, as all of the
tab, have an empty description: else Textual spells out the arguments, a model with all its weights.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
from textual import work
from textual.message import Message
from textual.worker import get_current_worker

from rnnterm.errors import RnntermError
from rnnterm.explore.unrolled import Unrolled
from rnnterm.nn.cells import Array
from rnnterm.tui.hidden.scene import Eye, Scene, stage
from rnnterm.tui.hidden.subject import Source, Subject, TextSubject
from rnnterm.tui.tabs import TabContent
from rnnterm.tui.text.sample_voice import Voice

if TYPE_CHECKING:
    from rnnterm.tui.app import RnntermApp


class Bench(TabContent):
    """Has texts and series read, and keeps the eye inside of what there is.

    Attributes:
        wanted: who reads what, as it was asked for last.
        subject: who read what is looked at; None before anything is read.
        eye: where a person looks.
        scene: what is looked at; None before anything is read.
        scores: a number for each unit, which a search gave.
    """

    class Read(Message):
        """A thread read something, or found out why it cannot be read."""

        def __init__(
            self, subject: Subject, reading: Unrolled | RnntermError, step: int | None
        ) -> None:
            super().__init__()
            self.subject, self.reading, self.step = subject, reading, step

    class Staged(Message):
        """A thread set up what is looked at, for an eye that fits to it."""

        def __init__(self, scene: Scene, eye: Eye) -> None:
            super().__init__()
            self.scene, self.eye = scene, eye

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.wanted: Subject | None = None
        self.subject: Subject | None = None
        self.eye = Eye()
        self.scene: Scene | None = None
        self.scores: Array | None = None
        self._latest: Unrolled | None = None  # until it is set up, the eye looks at the one before
        self._is_fresh = True  # no unit was chosen yet

    @property
    def host(self) -> "RnntermApp":
        """The app, by its own type."""
        return cast("RnntermApp", self.app)

    @property
    def voice(self) -> Voice | None:
        """The model of characters that read what is looked at; None where there is none."""
        return self.subject.voice if isinstance(self.subject, TextSubject) else None

    @property
    def source(self) -> Source | None:
        """The text that is looked at, as it was given; None where there is none."""
        return self.subject.source if isinstance(self.subject, TextSubject) else None

    # What subclasses show; here, nothing

    def show_scene(self) -> None:
        """Draw another scene, and everything that follows from it."""

    def show_eye(self, before: Eye) -> None:
        """Draw what another look at the same scene changes."""

    def tell(self, notice: str) -> None:
        """Say something about the text; an empty notice takes the last one away."""

    # Reading

    def read(self, voice: Voice, source: Source, step: int | None = None) -> None:
        """Have a model read a text, and look at it: at a step, or where the eye was before."""
        self.look_into(TextSubject(voice, source), step)

    def look_into(self, subject: Subject, step: int | None = None) -> None:
        """Have something read, and look at it: at a step, or where the eye was before."""
        self.wanted = subject
        if not subject.is_quick:
            self.tell("reading …")
        self._read(subject, self.scene.reading if self.scene else None, step)

    @work(thread=True, exclusive=True, group="read", description="")
    def _read(self, subject: Subject, before: Unrolled | None, step: int | None) -> None:
        worker = get_current_worker()
        reading: Unrolled | RnntermError | None
        try:
            reading = subject.read(before, lambda: not worker.is_cancelled)
        except RnntermError as error:
            reading = error
        if reading is not None and not worker.is_cancelled:
            self.post_message(self.Read(subject, reading, step))

    def on_bench_read(self, message: Read) -> None:
        """Look at what was read; what cannot be read changes nothing."""
        message.stop()
        subject, reading = message.subject, message.reading
        if self.wanted is not None and not subject.has_reader_of(self.wanted):
            return  # another one was chosen meanwhile
        if isinstance(reading, RnntermError):
            self.wanted = self.subject
            self.tell(str(reading))
            return
        if self.subject is None or not subject.has_reader_of(self.subject):
            self.scores = None
            self._is_fresh = True
        self.subject = subject
        eye = self.eye.fitting(reading)
        if message.step is not None:
            eye = eye.at_step(message.step, len(reading))
        elif self.scene is None or not reading.begins_as(self.scene.reading):
            eye = replace(eye, step=0)
        self.tell(subject.told(reading))
        self._latest = reading
        self._stage(eye)

    # Setting up

    def look(self, eye: Eye) -> None:
        """Look elsewhere."""
        before, self.eye = self.eye, eye
        scene = self.scene
        if scene is None or before == eye:
            return
        if (eye.layer, eye.name, eye.by) != (scene.layer, scene.name, scene.by):
            self._stage(eye)
        else:
            self.show_eye(before)

    def sort_by_scores(self, scores: Array) -> None:
        """Put the units of the highest scores on top."""
        self.scores = scores
        self.eye = replace(self.eye, by="score")
        self._stage(self.eye)

    def _stage(self, eye: Eye) -> None:
        if (latest := self._latest) is not None:
            if self.scene is None or self.scene.reading is not latest:
                eye = replace(eye.fitting(latest), anchor=None)
            self._stage_in_thread(latest, eye, self.scores, self.scene)

    @work(thread=True, exclusive=True, group="stage", description="")
    def _stage_in_thread(
        self, reading: Unrolled, eye: Eye, scores: Array | None, before: Scene | None
    ) -> None:
        scene = stage(reading, eye, scores, before)
        if not get_current_worker().is_cancelled:
            self.post_message(self.Staged(scene, eye))

    def on_bench_staged(self, message: Staged) -> None:
        """Show it, if it is still what is wanted."""
        message.stop()
        scene, eye = message.scene, message.eye
        if self.scene is not None and self.scene.reading is scene.reading:
            eye = self.eye  # which may have moved meanwhile
            if (scene.layer, scene.name, scene.by) != (eye.layer, eye.name, eye.by):
                return
        else:
            here = self.eye  # which may have moved on the text before
            unit = min(here.unit, scene.values.shape[1] - 1)
            eye = replace(eye, unit=unit, zoom=here.zoom, is_live=here.is_live)
        self.scene = scene
        if self._is_fresh:  # something that moves, rather than unit 0
            eye = replace(eye, unit=int(np.argmax(scene.values.var(axis=0))))
            self._is_fresh = False
        self.eye = eye
        self.show_scene()

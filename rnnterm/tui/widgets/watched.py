"""A run that a panel looks at again and again."""

from rnnterm.runs.curves import LossCurves
from rnnterm.runs.events import Answered, Progressed, RolledBack, Started, Troubled, Validating
from rnnterm.runs.folder import RunFolder
from rnnterm.runs.reader import RunReader, RunView


class Watched:
    """A run with its curves, its last figures, and what a person should know of it.

    Attributes:
        run: its folder.
        view: the last look; None until it is open.
        last: the last point of the training curve with all its figures.
        notice: the last trouble or note of the session.
        is_gone: whether its folder was deleted or moved away.
        answers: ids of the requests that were answered so far.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.view: RunView | None = None
        self.last: Progressed | None = None
        self.notice = ""
        self.is_gone = False
        self.answers: set[str] = set()
        self._reader = RunReader(run)
        self._drawn: object = None
        self._curves: LossCurves | None = None

    def open(self) -> "Watched":
        """Read what there is; takes up to a second, so not in the app's own thread."""
        self._reader.skim()
        self._reader.catch_up(self._take)
        return self

    def look(self) -> bool:
        """Look again; whether anything is new."""
        before, view = self.view, self._reader.poll()
        self._take(view)
        was_gone, self.is_gone = self.is_gone, self.run.is_gone
        if before is None or view.news or was_gone != self.is_gone:
            return True
        told = (view.state, view.status, view.silence)
        return told != (before.state, before.status, before.silence)

    @property
    def is_live(self) -> bool:
        """Whether there may be more to see."""
        return self.view is None or not self.view.is_over

    @property
    def curves(self) -> LossCurves | None:
        """The curves as they are now; None before it is open."""
        view = self.view
        if view is None:
            return None
        drawn = (view.train, view.val, view.state, view.status.step, view.status.train_loss)
        if drawn != self._drawn:
            self._drawn, self._curves = drawn, LossCurves.of(view)
        return self._curves

    def _take(self, view: RunView) -> None:
        self.view = view
        for entry in view.news:
            match entry.event:
                case Started() as event:
                    self.notice = "; ".join(event.notes)
                case Progressed() as event:
                    self.last = event
                case Troubled() as event:
                    self.notice = event.trouble
                case Validating():
                    self.notice = "reading the validation part once more, exactly"
                case Answered() as event:
                    self.answers.add(event.id)
                case RolledBack() as event:
                    self.notice = (
                        f"the loss became NaN by step {event.step:,}: back to step "
                        f"{event.to_step:,}, learning rate now {event.rate_scale:g} of the recipe's"
                    )

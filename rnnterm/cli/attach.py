"""`rnnterm attach`: watch a run that goes on, from any terminal."""

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from rnnterm.cli.diagnostics import narrate
from rnnterm.cli.follow import Detached, follow, heard_interrupts, how_it_broke_off
from rnnterm.cli.options import chosen_run, run_argument, runs_dir_option, same_runs_dir
from rnnterm.cli.summary import summarize
from rnnterm.errors import RnntermError

if TYPE_CHECKING:
    from rnnterm.cli.progress import Display
    from rnnterm.runs.events import Finished, Progressed, Validated
    from rnnterm.runs.folder import RunFolder
    from rnnterm.runs.reader import RunReader, RunView


@click.command("attach")
@run_argument
@runs_dir_option
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def command(*, run: str, runs_dir: str | None, as_json: bool) -> None:
    """Watch a run until it ends, as if `rnnterm train` had just begun it.

    Its progress goes to stderr, and a summary to stdout once it ends. Ctrl-C detaches: the run
    trains on. Of a run that is over, only the summary comes.
    """
    from rnnterm.runs.reader import RunReader

    folder = chosen_run(run, runs_dir)
    reader = RunReader(folder)
    reader.skim()
    history = _History()
    view = reader.catch_up(history.take)
    if not view.is_over:
        try:
            view = _watch(reader, view, history, runs_dir)
        except Detached:
            again = f"rnnterm attach {folder.name}{same_runs_dir(runs_dir)}"
            narrate(f"detached; {folder.name} trains on: {again} shows it again")
            return
    _end(view, folder, runs_dir, as_json=as_json)


@dataclass
class _History:
    """The last point of each curve, which a screen begins with."""

    trained: "Progressed | None" = None
    judged: "Validated | None" = None

    def take(self, view: "RunView") -> None:
        """Take in what came into the log."""
        from rnnterm.runs.events import Progressed, Validated

        for entry in view.news:
            if isinstance(entry.event, Progressed):
                self.trained = entry.event
            elif isinstance(entry.event, Validated):
                self.judged = entry.event

    def show(self, view: "RunView", display: "Display") -> None:
        """Who it is, what it wrote last, and where it stands."""
        from rnnterm.runs.status import PAUSED

        for event in (view.started, *view.samples[-1:], self.trained, self.judged):
            if event is not None:
                display.report(event)
        if view.state == PAUSED:
            narrate(
                f"{view.name} is paused at step {view.status.step:,}; "
                f"rnnterm continue {view.name} lets it go on"
            )


def _watch(
    reader: "RunReader", view: "RunView", history: _History, runs_dir: str | None
) -> "RunView":
    """Show a run to its end; raises Detached on Ctrl-C."""
    from rnnterm.cli.progress import make_display

    def detach(number: int) -> None:
        raise Detached

    with heard_interrupts(signal.SIGINT, signal.SIGTERM) as interrupts, make_display() as display:
        history.show(view, display)
        return follow(reader, display, interrupts, detach)


def _end(view: "RunView", run: "RunFolder", runs_dir: str | None, *, as_json: bool) -> None:
    """Tell how the run ended; raises RnntermError if it broke off."""
    from rnnterm.runs.result import TrainingResult

    finished = _finished(view)
    if finished is None:
        raise RnntermError(how_it_broke_off(view, run, runs_dir))
    summarize(TrainingResult.of(run, finished), runs_dir, as_json=as_json)


def _finished(view: "RunView") -> "Finished | None":
    """How the run ended well; its status tells where the log is damaged."""
    from rnnterm.runs.events import Finished

    told = [view.ended] if view.ended else view.status.last_words()
    return next((event for event in told if isinstance(event, Finished)), None)

"""What panels tell each other, through the tab that holds them; small, typed, immutable."""

from dataclasses import dataclass

from textual.message import Message

from rnnterm.runs.folder import RunFolder
from rnnterm.runs.reader import RunView
from rnnterm.text.corpus import Corpus
from rnnterm.training.recipe import Recipe


@dataclass
class CorpusOpened(Message):
    """Another corpus is on the bench."""

    corpus: Corpus


@dataclass
class RecipeChanged(Message):
    """A value of the recipe is another, and all of them are good."""

    recipe: Recipe


@dataclass
class RunAttached(Message):
    """Another run is watched from now on; None when none is."""

    run: RunFolder | None


@dataclass
class RunSeen(Message):
    """The watched run was looked at again."""

    view: RunView

    def can_replace(self, message: Message) -> bool:
        """An unread older look is out of date; one that brought news is kept."""
        return isinstance(message, RunSeen) and not message.view.news


@dataclass
class CheckpointChosen(Message):
    """A checkpoint of the watched run is to speak."""

    run: RunFolder
    step: int


@dataclass
class ModelSpeaks(Message):
    """Another model speaks; `label` tells which, such as `LSTM 1x512 · 1.3M parameters`."""

    name: str
    label: str

"""A run's state to disk and back: what a checkpoint of a run in training holds."""

import math
from typing import Any

import torch

from rnnterm.errors import RnntermError
from rnnterm.files import failing_as
from rnnterm.nn.modelfile import Model, load_model, model_bytes
from rnnterm.runs.checkpoints import Checkpoint, CheckpointStore
from rnnterm.runs.folder import RunFolder
from rnnterm.text.corpus import Corpus
from rnnterm.training.learner import Learner
from rnnterm.training.machine_watch import MachineWatch
from rnnterm.training.recipe import Recipe
from rnnterm.training.state import Counters, TrainerState
from rnnterm.training.world import World

_CHANGED = "threads_changed"
_LAST_DIGITS = "losses may differ in the last digits"
_INEXACT = {
    "world_size": "weights, optimizer, schedule, order of the data and carried state go on "
    "exactly; dropout masks and the last digits of sums do not"
}


class Checkpointing:
    """Saves and restores one run's learner and counters."""

    def __init__(
        self,
        run: RunFolder,
        recipe: Recipe,
        corpus: Corpus,
        learner: Learner,
        watch: MachineWatch,
    ) -> None:
        self._run, self._recipe, self._corpus, self._learner = run, recipe, corpus, learner
        self._watch = watch
        self._have_threads_changed = False  # in an earlier session
        self._store = CheckpointStore(run.checkpoints)

    def save(self, counters: Counters, *, best: bool, folder: RunFolder | None = None) -> None:
        """Write a checkpoint of a state that is known to be finite, or one into another folder.

        Raises RnntermError if it cannot be written.
        """
        learner = self._learner
        counters.loss_sum = learner.read_loss_sum()
        carried, rng = learner.streams_and_rng()
        state = TrainerState(
            counters=counters,
            optimizer=learner.optimizer_tensors(),
            carried=carried,
            machine=self.machine(),
            rng=rng,
        )
        files = {
            "model.safetensors": model_bytes(self.snapshot(counters)),
            "trainer.safetensors": state.to_bytes(),
        }
        store = self._store if folder is None else CheckpointStore(folder.checkpoints)
        what = f"cannot write a checkpoint of {self._run.name}"
        with failing_as(what):
            try:
                store.save(counters.step, files, counters.losses_here(), best=best)
            except RnntermError as error:  # the folder is a link, or no folder at all
                raise RnntermError(f"{what}: {error}") from None

    def restore_newest(self) -> tuple[Checkpoint, TrainerState, tuple[str, ...]]:
        """Put the learner back to the newest checkpoint that verifies; newer ones are set aside.

        Returns it with its state and why each newer one was passed over. Raises RnntermError if
        there is none, or it is of another network or alphabet.
        """
        found: dict[int, tuple[Model, TrainerState]] = {}

        def load(checkpoint: Checkpoint) -> None:
            model = load_model(checkpoint.model)
            try:
                state = TrainerState.from_bytes(checkpoint.read_trainer())
                if self._is_ours(model):
                    state.check_fits(model.spec, self._recipe.batch_size)
            except RnntermError as error:
                raise RnntermError(f"{checkpoint.path.name}: {error}") from None
            found[checkpoint.step] = model, state

        checkpoint, rejected = self._store.newest_verified(load)
        learner, (model, state) = self._learner, found[checkpoint.step]
        if not self._is_ours(model):
            raise RnntermError(
                f"run {self._run.name} has another network or alphabet: it resumes only as it was"
            )
        learner.restore(model.tensors, state.optimizer, state.carried, state.rng)
        learner.loss_sum.fill_(state.counters.loss_sum)
        self._store.set_aside_after(checkpoint.step)
        return checkpoint, state, rejected

    def _is_ours(self, model: Model) -> bool:
        return model.spec == self._learner.model.spec and model.vocab == self._corpus.vocab

    def best_model(self, counters: Counters) -> Model:
        """What the run's best checkpoint holds; the network as it is now if there is none."""
        checkpoint = self._store.best()
        if checkpoint is None:
            return self.snapshot(counters)
        checkpoint.check_files()
        return load_model(checkpoint.model)

    def snapshot(self, counters: Counters) -> Model:
        """The network as it is now, with all that its model file tells."""
        corpus, network = self._corpus, self._learner.model
        training = {
            "run": self._run.name,
            "corpus": {"name": corpus.name, "sha256": corpus.sha256, "characters": len(corpus)},
            "recipe": self._recipe.to_dict(),
            "step": counters.step,
            "seconds": counters.seconds,
            **counters.losses_here(),  # as the manifest tells them: none of earlier weights
        }
        return Model(network.spec, corpus.vocab, network.to_arrays(), training)

    def machine(self) -> dict[str, Any]:
        """What must stay the same for a resume that is exact to the bit."""
        return {
            "device": self._learner.device.type,
            "precision": self._learner.precision,
            "threads": self._watch.threads,
            "torch": torch.__version__,
            "world_size": World.current().size,
            _CHANGED: self._have_threads_changed or self._watch.has_changed_threads,
        }

    def changes(self, before: dict[str, Any]) -> list[str]:
        """What a checkpoint of another machine, with `machine()` as `before`, leaves inexact."""
        before = {"world_size": 1, _CHANGED: False} | before
        self._have_threads_changed = bool(before[_CHANGED])
        notes = [
            f"{key} was {before.get(key)}, is {value}: {_INEXACT.get(key, _LAST_DIGITS)}"
            for key, value in self.machine().items()
            if before.get(key) != value
        ]
        if self._have_threads_changed:
            notes.append(
                "the number of threads followed the load of the machine before: "
                f"{_LAST_DIGITS} from those of a run on a fixed number (threads=N)"
            )
        return notes

    def is_finite(self) -> bool:
        """Whether the losses, weights and moments are all still numbers."""
        return math.isfinite(self._learner.read_loss_sum()) and self._learner.is_finite()

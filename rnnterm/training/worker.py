"""The processes of a run that rank 0 leads: they open the corpus, learn their rows, and obey."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rnnterm.errors import RnntermError
from rnnterm.text.corpus import STDIN, Corpus, open_corpus, reopen_corpus
from rnnterm.training.batches import make_batches
from rnnterm.training.distributed import SharedLearner, Task, own_device, under
from rnnterm.training.exchange import (
    Operation,
    PeerLostError,
    await_order,
    joined,
    receive_bytes,
    receive_tensors,
    send_bytes,
    send_tensors,
)
from rnnterm.training.machine import training_settings
from rnnterm.training.recipe import Recipe
from rnnterm.training.state import carried_tensors, named_carried, rng_tensors
from rnnterm.training.world import World

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store


def serve(world: World, source: str | None, store: "Store | None" = None) -> bool:
    """Learn as rank 0 orders until it says that it is done; says nothing itself.

    Args:
        world: this process and how many there are.
        source: opens the corpus here, if it is named and not standard input; else what opens it
            at rank 0.
        store: where the processes meet; None where torchrun's environment says it.

    Returns:
        Whether the end was a good one: otherwise rank 0 knows the reason.
    """
    try:
        with joined(world, store), _stopped_by_rank_0_alone():
            if await_order().operation is Operation.END:
                return True
            worker = _Worker.enlist(world, source)
            with training_settings(worker.recipe.threads):
                worker.obey()
    except PeerLostError:
        return False
    return True


class _Worker:
    """A process that is not rank 0, ready to learn."""

    def __init__(self, task: Task, world: World, source: str | None) -> None:
        self.recipe = Recipe.from_dict(task.recipe)
        self._corpus = _open_same(task, source, lowercase=self.recipe.lowercase)
        split = self._corpus.split(self.recipe.val_fraction, self.recipe.test_fraction)
        self._batches = make_batches(self.recipe, split.train)
        device = own_device(task.device, world)
        spec = self.recipe.spec(len(self._corpus.vocab))
        self._learner = SharedLearner(self.recipe, spec, device, "fp32", world)
        # The weights will be those of rank 0; dropout masks must not.
        torch.manual_seed((self.recipe.rng_seed + world.rank) % 2**63)

    @classmethod
    def enlist(cls, world: World, source: str | None) -> "_Worker":
        """Set up what rank 0 asks for; raises PeerLostError when rank 0 ended over a complaint."""
        task = Task.from_bytes(receive_bytes(0))
        try:
            worker = cls(task, world, source)
        except RnntermError as error:
            send_bytes(str(error).encode(), 0)
            # torchrun ends everyone as soon as one fails: rank 0 first, once it has told why.
            await_order()
            raise
        send_bytes(b"", 0)
        return worker

    def obey(self) -> None:
        """Do what rank 0 orders, until END."""
        learner = self._learner
        while True:
            order = await_order()
            match order.operation:
                case Operation.BEGIN:
                    learner.connect()
                case Operation.LEARN:
                    learner.precision = "bf16" if order.bf16 else "fp32"
                    learner.learn(self._batches.at(order.step), order.rate)
                case Operation.READ_LOSS:
                    learner.collect_loss()
                    self._corpus.text.release_pages()
                case Operation.GATHER:
                    self._send_own()
                case Operation.RESTORE:
                    self._restore(receive_tensors(0))
                case _:
                    return

    def _send_own(self) -> None:
        carried = carried_tensors(self._learner.carried)
        own = {f"carried/{name}": value for name, value in carried.items()}
        own |= {f"rng/{name}": value for name, value in rng_tensors().items()}
        send_tensors(own, 0)

    def _restore(self, message: dict[str, Tensor]) -> None:
        weights = {name: value.numpy() for name, value in under("weights/", message).items()}
        carried = named_carried(under("carried/", message))
        # A checkpoint of fewer processes has no generators for this one: it keeps its own.
        rng = under("rng/", message) or rng_tensors()
        self._learner.restore(weights, under("optimizer/", message), carried, rng)
        self._learner.loss_sum.zero_()


def _open_same(task: Task, source: str | None, *, lowercase: bool) -> Corpus:
    """The corpus of rank 0, from this machine."""
    if source is None or source == STDIN:  # which rank 0 alone has read, into this machine's cache
        return reopen_corpus(task.name, task.source, task.sha256, lowercase=lowercase)
    corpus = open_corpus(source, lowercase=lowercase)
    if corpus.sha256 != task.sha256:
        raise RnntermError(
            f"its {source} is another text than that of process 0: give every machine the same"
        )
    return corpus


@contextmanager
def _stopped_by_rank_0_alone() -> Iterator[None]:
    """Ignore the signals that torchrun hands to every process: rank 0 saves, then says END."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

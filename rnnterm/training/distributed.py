"""One run on several processes: each learns from its rows of every batch, gradients are added up.

Rank 0 is the trainer: it alone has a run folder and decides what happens when. Its learner orders
each step, and each look at what the others hold; `worker` is how they obey.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from rnnterm.errors import RnntermError, UsageError
from rnnterm.nn.cells import Array
from rnnterm.nn.spec import NetworkSpec
from rnnterm.text.corpus import Corpus
from rnnterm.training.batches import Batch
from rnnterm.training.charrnn import Carried
from rnnterm.training.exchange import (
    PATIENCE,
    Operation,
    Order,
    add_up,
    before_leaving,
    give_order,
    lost_peers,
    receive_bytes,
    receive_tensors,
    send_bytes,
    send_tensors,
)
from rnnterm.training.learner import Learner
from rnnterm.training.machine import check_memory, pick_device, pick_precision
from rnnterm.training.recipe import Recipe
from rnnterm.training.state import carried_tensors, named_carried
from rnnterm.training.world import World


@dataclass(frozen=True)
class Task:
    """What rank 0 tells the others of a run: how to learn which corpus, on what kind of device."""

    recipe: dict[str, object]
    name: str
    source: str
    sha256: str
    device: str

    def to_bytes(self) -> bytes:
        """The task as a message."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Task":
        """The task that `to_bytes` wrote."""
        return cls(**json.loads(data))


def make_learner(recipe: Recipe, corpus: Corpus) -> Learner:
    """A learner for one process alone, or the leading one of the world that was joined.

    Raises UsageError or RnntermError for a device that is not here, a network too large for the
    memory, a batch that cannot be divided, or a process that cannot take part.
    """
    world = World.current()
    spec = recipe.spec(len(corpus.vocab))
    device = pick_device(recipe.device) if world.size == 1 else _leading_device(recipe, world)
    check_memory(spec)
    rows = max(1, recipe.batch_size // world.size)
    precision = pick_precision(replace(recipe, batch_size=rows), device)
    torch.manual_seed(recipe.rng_seed)
    if world.size == 1:
        return Learner(recipe, spec, device, precision)
    if recipe.batching == "streams" and recipe.batch_size % world.size:
        raise UsageError(
            f"{recipe.batch_size} streams cannot be shared equally by {world.size} processes: "
            f"choose a batch_size that is a multiple of {world.size}"
        )
    learner = LeadingLearner(recipe, spec, device, precision, world)
    learner.gather_team(corpus)
    return learner


class SharedLearner(Learner):
    """Learns from one process' rows of each batch, in step with those of the other processes.

    `carried` holds the rows of this process. Weights and moments are the same everywhere; the sum
    of the losses is in parts that `collect_loss` moves to rank 0.
    """

    def __init__(
        self,
        recipe: Recipe,
        spec: NetworkSpec,
        device: torch.device,
        precision: str,
        world: World,
    ) -> None:
        super().__init__(recipe, spec, device, precision)
        self._recipe, self._world = recipe, world

    def connect(self) -> None:
        """Take over the weights of rank 0, and add up gradients from now on; all do it at once."""
        # Here, for one process alone may have a torch without what this takes.
        from rnnterm.training.shared_mean import SharedMean

        on_gpu = self.device.type == "cuda"
        if on_gpu:
            torch.cuda.set_device(self.device)
        with lost_peers():
            self._network = network = DistributedDataParallel(
                self.model,
                device_ids=[self.device] if on_gpu else None,
                process_group=dist.new_group(backend="nccl", timeout=PATIENCE) if on_gpu else None,
            )
        before_leaving(self._disconnect)
        mean = SharedMean.among(self._world, self.device, self.model.spec.parameter_count)
        if mean:
            network.register_comm_hook(None, mean.reduce)
            before_leaving(mean.close)

    def _disconnect(self) -> None:
        self._network = self.model

    def learn(self, batch: Batch, rate: float) -> None:
        """One step down the gradient of the whole batch's mean loss. Raises PeerLostError."""
        with lost_peers():
            super().learn(batch, rate)

    def collect_loss(self) -> None:
        """Move all parts of the sum of the losses to rank 0; all do it at once."""
        # Losses are 32 bits and their sum 64, so that it is exact in whatever order they come.
        total = add_up(self.loss_sum)
        self.loss_sum.copy_(total if self._world.rank == 0 else torch.zeros_like(total))

    def _loss(self, batch: Batch) -> Tensor:
        """The part of the batch's mean loss that this process' rows make up."""
        rank, size, count = self._world.rank, self._world.size, len(batch.inputs)
        start, stop = rank * count // size, (rank + 1) * count // size
        # A short last batch may leave this process no row: it reads one that does not count.
        rows = batch.rows(start, stop) if stop > start else batch.rows(0, 1)
        part = super()._loss(rows) * ((stop - start) / count)
        # The gradients of the parts are to be added up, and DDP takes their mean.
        part.register_hook(lambda gradient: gradient * size)  # type: ignore[no-untyped-call]
        return part


class LeadingLearner(SharedLearner):
    """Rank 0's learner: whatever it does, it orders the other processes to do with it."""

    def gather_team(self, corpus: Corpus) -> None:
        """Have the other processes open the corpus and build the network.

        Raises RnntermError with the reason of one that cannot.
        """
        task = Task(
            recipe=self._recipe.to_dict(),
            name=corpus.name,
            source=corpus.source,
            sha256=corpus.sha256,
            device=self.device.type,
        )
        give_order(Order(Operation.SET_UP))
        # One after the other: processes on one machine cache the encoded text in the same place.
        for rank in self._others:
            send_bytes(task.to_bytes(), rank)
            complaint = receive_bytes(rank).decode()
            if complaint:
                raise RnntermError(f"process {rank} cannot take part: {complaint}")
        give_order(Order(Operation.BEGIN))
        self.connect()

    def learn(self, batch: Batch, rate: float) -> None:
        """See `SharedLearner.learn`."""
        give_order(Order(Operation.LEARN, batch.step, rate, self.precision == "bf16"))
        super().learn(batch, rate)

    def read_loss_sum(self) -> float:
        """See `Learner.read_loss_sum`."""
        give_order(Order(Operation.READ_LOSS))
        self.collect_loss()
        return super().read_loss_sum()

    def streams_and_rng(self) -> tuple[Carried | None, dict[str, Tensor]]:
        """See `Learner.streams_and_rng`; those of rank 1 are named `rank1/...`, and so on."""
        give_order(Order(Operation.GATHER))
        carried, rng = super().streams_and_rng()
        parts = [carried_tensors(carried)]
        for rank in self._others:
            received = receive_tensors(rank)
            parts.append(under("carried/", received))
            rng |= {f"rank{rank}/{name}": value for name, value in under("rng/", received).items()}
        rows = {
            name: torch.cat([part[name].cpu() for part in parts], dim=1)
            for name in carried_tensors(carried)
        }
        return named_carried(rows), rng

    def restore(
        self,
        weights: Mapping[str, Array],
        optimizer: dict[str, Tensor],
        carried: Carried | None,
        rng: dict[str, Tensor],
    ) -> None:
        """See `Learner.restore`; the state is one of `streams_and_rng`, in a world of any size."""
        give_order(Order(Operation.RESTORE))
        same = {f"weights/{name}": torch.from_numpy(value) for name, value in weights.items()}
        same |= {f"optimizer/{name}": value for name, value in optimizer.items()}
        for rank in self._others:
            own = carried_tensors(self._rows_of(rank, carried))
            message = same | {f"carried/{name}": value for name, value in own.items()}
            generators = under(f"rank{rank}/", rng)
            message |= {f"rng/{name}": value for name, value in generators.items()}
            send_tensors(message, rank)
        super().restore(weights, optimizer, self._rows_of(0, carried), rng)

    @property
    def _others(self) -> range:
        return range(1, self._world.size)

    def _rows_of(self, rank: int, carried: Carried | None) -> Carried | None:
        return carried and [
            tuple(part.chunk(self._world.size, dim=1)[rank] for part in layer) for layer in carried
        ]


def _leading_device(recipe: Recipe, world: World) -> torch.device:
    """Rank 0's device: its own GPU where the recipe lets it have one, else the CPU."""
    if recipe.device not in ("auto", "cuda", "cpu"):
        raise UsageError(
            f"device {recipe.device} is a single one: several processes take auto, cuda or cpu"
        )
    return own_device(pick_device(recipe.device).type, world)


def own_device(kind: str, world: World) -> torch.device:
    """The GPU of this process' number on its machine, or the CPU for any other kind of device."""
    return pick_device(f"cuda:{world.local_rank}" if kind == "cuda" else "cpu")


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those whose names begin so, by the rest of their names."""
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }

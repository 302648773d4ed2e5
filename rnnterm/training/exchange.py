"""How the processes of one run talk: the first one orders, the others obey.

All of this goes through a group of CPU processes (gloo), so that a process that waits keeps no GPU
busy. Tensors travel as safetensors.
"""

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from safetensors.torch import load, save
from torch import Tensor

from rnnterm.errors import RnntermError
from rnnterm.training.world import World

if TYPE_CHECKING:
    from torch._C._distributed_c10d import Store

PATIENCE = timedelta(days=1000)
"""How long one process waits for another: a run can pause, and an end is seen by other means."""

_holders = ExitStack()


class PeerLostError(RnntermError):
    """Another process of the run ended, so that this one cannot go on."""

    def __init__(self) -> None:
        super().__init__(
            "another process of this run ended: see what it said, then go on with --resume"
        )


class Operation(IntEnum):
    """What all processes are to do next."""

    SET_UP = 0
    BEGIN = 1
    LEARN = 2
    READ_LOSS = 3
    GATHER = 4
    RESTORE = 5
    END = 6


@dataclass(frozen=True)
class Order:
    """One operation; `step`, `rate` and `bf16` belong to LEARN."""

    operation: Operation
    step: int = 0
    rate: float = 0.0
    bf16: bool = False


@contextmanager
def joined(world: World, store: "Store | None" = None) -> Iterator[None]:
    """Meet the other processes; while it lasts, a closed terminal ends none of them.

    Args:
        world: this process and how many there are.
        store: where they meet; None where torchrun's environment says it.

    Raises:
        PeerLostError: they do not come.
    """
    hangup = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with lost_peers():
        if store is None:
            dist.init_process_group("gloo", timeout=PATIENCE)
        else:
            dist.init_process_group("gloo", None, PATIENCE, world.size, world.rank, store)
    well = False
    try:
        with world.made_current():
            yield
        well = True
    finally:
        _leave(well=well)
        signal.signal(signal.SIGHUP, hangup)


def before_leaving(let_go: Callable[[], None]) -> None:
    """Have something let go of the group of processes when this one leaves it."""
    _holders.callback(let_go)


def _leave(*, well: bool) -> None:
    _holders.close()
    # A group that outlives this can abort the interpreter on its way out, from a thread of its own.
    gc.collect()
    # After an error NCCL could wait for the others for ever: the end of this process tells them.
    if well or not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        dist.destroy_process_group()


@contextmanager
def leading(world: World, store: "Store | None" = None) -> Iterator[None]:
    """Join as rank 0, as `joined` does; at the end, unless it is an error, the others end well."""
    with joined(world, store):
        try:
            yield
        except BaseException:
            # This process ends, and is to say why before torchrun, which saw another end, ends it.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            raise
        give_order(Order(Operation.END))


@contextmanager
def lost_peers() -> Iterator[None]:
    """Turn torch's error about a broken connection into PeerLostError."""
    try:
        yield
    except RuntimeError as error:
        if not (isinstance(error, dist.DistError) or "gloo" in str(error)):
            raise
        raise PeerLostError from error


def give_order(order: Order) -> None:
    """Tell all other processes what to do; for rank 0. Raises PeerLostError."""
    _broadcast(torch.tensor([order.operation, order.step, order.rate, order.bf16], dtype=_EXACT))


def await_order() -> Order:
    """What rank 0 wants done. Raises PeerLostError."""
    values = torch.zeros(4, dtype=_EXACT)
    _broadcast(values)
    operation, step, rate, bf16 = values.tolist()
    return Order(Operation(int(operation)), int(step), rate, bool(bf16))


def send_bytes(data: bytes, rank: int) -> None:
    """Send one process a message that it awaits with `receive_bytes`. Raises PeerLostError."""
    with lost_peers():
        dist.send(torch.tensor([len(data)]), rank)
        if data:
            dist.send(torch.frombuffer(bytearray(data), dtype=torch.uint8), rank)


def receive_bytes(rank: int) -> bytes:
    """The message of one process. Raises PeerLostError."""
    size = torch.zeros(1, dtype=torch.int64)
    with lost_peers():
        dist.recv(size, rank)
        data = torch.empty(int(size), dtype=torch.uint8)
        if len(data):
            dist.recv(data, rank)
    return data.numpy().tobytes()


def send_tensors(tensors: dict[str, Tensor], rank: int) -> None:
    """Send one process tensors by name, from any device. Raises PeerLostError."""
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    send_bytes(save(plain), rank)


def receive_tensors(rank: int) -> dict[str, Tensor]:
    """The tensors of one process, on the CPU. Raises PeerLostError."""
    return load(receive_bytes(rank))


def add_up(value: Tensor) -> Tensor:
    """The sum over all processes, on the CPU. Raises PeerLostError."""
    total = value.detach().cpu().clone()
    with lost_peers():
        dist.all_reduce(total)
    return total


_EXACT = torch.float64  # holds every step up to 2^53, and a learning rate as Python has it


def _broadcast(values: Tensor) -> None:
    with lost_peers():
        dist.broadcast(values, 0)

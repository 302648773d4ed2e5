"""All that a trainer needs, beside the weights, to go on as if it had never stopped."""

import json
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from rnnterm.errors import RnntermError
from rnnterm.nn.spec import NetworkSpec
from rnnterm.training.charrnn import Carried

_TOO_MUCH = 2**53  # steps or seconds
_STATE_SIZES = {"lstm": 2}  # tensors of a layer's carried state, where not one


@dataclass
class Counters:
    """The numbers that advance while a run trains; times in seconds, losses in nats.

    Attributes:
        step: batches learnt from, over all sessions; the data cursor too.
        seconds: training time over all sessions.
        rate_scale: what the learning rate is multiplied by; each roll-back halves it.
        loss_sum, loss_steps: training losses since the last progress event.
        train_loss: the last point of the curve.
        smooth_loss: running mean of the training loss over the last points of the curve.
        val_loss, best_val_loss: the last estimate of the validation loss, and the lowest.
        val_loss_step: where the last estimate was made.
        reported_val_loss: the exact one, where it is known for just these weights.
        best_train_loss: the lowest running training loss at a checkpoint, which names the best
            checkpoint of a run without a validation part.
        marks: step and time at which each periodic duty was last done.
    """

    step: int = 0
    seconds: float = 0.0
    rate_scale: float = 1.0
    loss_sum: float = 0.0
    loss_steps: int = 0
    train_loss: float | None = None
    smooth_loss: float | None = None
    val_loss: float | None = None
    val_loss_step: int | None = None
    reported_val_loss: float | None = None
    best_val_loss: float | None = None
    best_train_loss: float | None = None
    marks: dict[str, tuple[int, float]] = field(default_factory=dict)

    @property
    def known_val_loss(self) -> float | None:
        """The exact validation loss, or else the last estimate."""
        return self.val_loss if self.reported_val_loss is None else self.reported_val_loss

    def losses_here(self) -> dict[str, float | None]:
        """The losses of just these weights, as far as they were measured at this step."""
        judged = self.reported_val_loss is not None or self.val_loss_step == self.step
        return {
            "train_loss": None if self.loss_steps else self.train_loss,
            "val_loss": self.known_val_loss if judged else None,
        }


@dataclass
class TrainerState:
    """The content of `trainer.safetensors`.

    Attributes:
        optimizer: moments and step counters by parameter name, as `name/moment`.
        carried: the states of all streams.
        machine: device, precision, threads, versions and number of processes, to tell what a
            resume keeps exact.
    """

    counters: Counters
    optimizer: dict[str, Tensor]
    carried: Carried | None
    machine: dict[str, Any]
    rng: dict[str, Tensor] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The state as a safetensors file."""
        tensors = {f"optimizer/{name}": value for name, value in self.optimizer.items()}
        tensors |= {f"rng/{name}": value for name, value in self.rng.items()}
        carried = carried_tensors(self.carried)
        tensors |= {f"carried/{name}": value for name, value in carried.items()}
        described = {"counters": asdict(self.counters), "machine": self.machine}
        contiguous = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        return save(contiguous, {"trainer": json.dumps(described)})

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainerState":
        """The state that `to_bytes` wrote."""
        header_size = int.from_bytes(data[:8], "little")
        try:
            header = json.loads(data[8 : 8 + header_size])
            described = json.loads(header["__metadata__"]["trainer"])
            counters, machine = Counters(**described["counters"]), dict(described["machine"])
            _check(counters)
            _check_machine(machine)
            parts: dict[str, dict[str, Tensor]] = {"optimizer": {}, "rng": {}, "carried": {}}
            for name, value in load(data).items():
                kind, _, rest = name.partition("/")
                parts[kind][rest] = value
            carried = named_carried(parts["carried"])
        except (
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            OverflowError,
            RecursionError,
            SafetensorError,
        ) as error:
            reason = str(error).split("\n")[0][:100]
            raise RnntermError(f"the trainer's state is damaged: {reason}") from None
        return cls(counters, parts["optimizer"], carried, machine, parts["rng"])

    def check_fits(self, spec: NetworkSpec, batch_size: int) -> None:
        """Raise RnntermError unless every tensor is one that a trainer of this network may have.

        The file may be anyone's, and torch fails, or learns nonsense, on tensors that do not fit.
        """
        for name, shape in spec.tensor_shapes().items():
            for moment in ("exp_avg", "exp_avg_sq"):
                _check_tensor(self.optimizer, f"{name}/{moment}", shape)
            _check_tensor(self.optimizer, f"{name}/step", ())
            for each in (f"{name}/exp_avg_sq", f"{name}/step"):
                if bool((self.optimizer[each] < 0).any()):
                    raise RnntermError(f"the trainer's state is damaged: {each} is below 0")
        _check_generators(self.rng)
        if self.carried is not None and not spec.window:
            sizes = [len(layer) for layer in self.carried]
            if sizes != [_STATE_SIZES.get(spec.cell, 1)] * spec.num_layers:
                raise RnntermError("the trainer's state is damaged: it carries another network's")
            carried = carried_tensors(self.carried)
            for name in carried:
                _check_tensor(carried, name, (1, batch_size, spec.hidden_size))


def _check_tensor(tensors: dict[str, Tensor], name: str, shape: tuple[int, ...]) -> None:
    """Raise RnntermError unless there is such a tensor, of finite numbers."""
    tensor = tensors.get(name)
    if tensor is None or tuple(tensor.shape) != shape or not tensor.is_floating_point():
        found = "missing" if tensor is None else f"of {tensor.dtype} and shape {[*tensor.shape]}"
        raise RnntermError(f"the trainer's state is damaged: {name} is {found}")
    if not bool(torch.isfinite(tensor).all()):
        raise RnntermError(f"the trainer's state is damaged: {name} holds NaN or infinity")


def _check_generators(states: dict[str, Tensor]) -> None:
    """Raise RnntermError unless torch's generators take the states, those of other ranks too."""
    if "torch" not in states:
        raise RnntermError("the trainer's state is damaged: rng/torch is missing")
    here = rng_tensors()
    for name, state in states.items():
        kind = name.rpartition("/")[2]  # of rank1/torch, say
        known = here.get(kind)
        if known is not None and (state.dtype, state.shape) != (known.dtype, known.shape):
            raise RnntermError(f"the trainer's state is damaged: rng/{name} is no generator's")
        if kind == "torch":
            try:
                torch.Generator().set_state(state)
            except (RuntimeError, TypeError):
                raise RnntermError(
                    f"the trainer's state is damaged: rng/{name} is no generator's"
                ) from None


def _check(counters: Counters) -> None:
    """Raise TypeError or ValueError unless the counters, which may be anyone's, can be used."""
    if type(counters.marks) is not dict:
        raise TypeError("marks are no object")
    for name, value in asdict(counters).items():
        if name == "marks":
            for step, seconds in value.values():
                _check_number(step, int)
                _check_number(seconds, int, float)
        elif name in ("step", "loss_steps"):
            _check_number(value, int)
        elif name in ("seconds", "rate_scale", "loss_sum"):
            _check_number(value, int, float)
        elif value is not None and type(value) not in (int, float):
            raise TypeError(f"{name} is not a number")
    if not 0 < counters.rate_scale <= 1:
        raise ValueError(f"rate_scale is {counters.rate_scale}")


def _check_number(value: Any, *kinds: type) -> None:
    if type(value) not in kinds:
        raise TypeError(f"{str(value)[:20]} is not a number")
    if not 0 <= value < _TOO_MUCH or not isfinite(value):
        raise ValueError(f"{str(value)[:20]} is too small or too large")


def _check_machine(machine: dict[str, Any]) -> None:
    """Raise TypeError unless what decides how training goes on is told as it should be."""
    for name in ("device", "precision"):
        if type(machine.get(name)) is not str:
            raise TypeError(f"its machine has no {name}")


def rng_tensors() -> dict[str, Tensor]:
    """The state of torch's generators; all other random choices follow from seed and step."""
    states = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        for index, state in enumerate(torch.cuda.get_rng_state_all()):
            states[f"cuda:{index}"] = state
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def restore_rng(states: dict[str, Tensor]) -> None:
    """Put back what `rng_tensors` took, for the devices that are here."""
    torch.set_rng_state(states["torch"])
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            if f"cuda:{index}" in states:
                torch.cuda.set_rng_state(states[f"cuda:{index}"], index)
    if torch.backends.mps.is_available() and "mps" in states:
        torch.mps.set_rng_state(states["mps"])


def carried_tensors(carried: Carried | None) -> dict[str, Tensor]:
    """The streams' states by name, as `layer/part`."""
    return {
        f"{layer}/{part}": value
        for layer, states in enumerate(carried or [])
        for part, value in enumerate(states)
    }


def named_carried(tensors: dict[str, Tensor]) -> Carried | None:
    """The streams' states that `carried_tensors` named."""
    layers: dict[int, dict[int, Tensor]] = {}
    for key, value in tensors.items():
        layer, _, part = key.partition("/")
        layers.setdefault(int(layer), {})[int(part)] = value
    return [
        tuple(layers[layer][part] for part in sorted(layers[layer])) for layer in sorted(layers)
    ] or None

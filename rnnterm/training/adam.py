"""Adam and AdamW over named parameters, by torch's own functions.

`torch.optim.Adam` loads torch's compiler as it is made, which makes every training start a second
later; the functions that it calls do not.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim.adam import adam
from torch.optim.adamw import adamw

from rnnterm.training.recipe import Recipe

_MOMENTS = ("exp_avg", "exp_avg_sq", "step")
"""Running means of a gradient and of its square, and of how many; named as torch names them."""


class Adam:
    """The recipe's optimizer: Kingma & Ba 2015, or AdamW, Loshchilov & Hutter 2019."""

    def __init__(self, recipe: Recipe, parameters: Mapping[str, Parameter]) -> None:
        self._recipe = recipe
        self._parameters = dict(parameters)
        self._moments: dict[str, dict[str, Tensor]] = {}
        self.restore({})

    def clear(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters.values():
            parameter.grad = None

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step down the gradients; each parameter has one."""
        recipe = self._recipe
        parameters: list[Tensor] = list(self._parameters.values())
        gradients = [each.grad for each in parameters if each.grad is not None]
        means, squares, counts = (
            [moments[name] for moments in self._moments.values()] for name in _MOMENTS
        )
        descend = {"adamw": adamw, "adam": adam}[recipe.optimizer]
        descend(
            parameters, gradients, means, squares, [], counts,
            fused=True, lr=rate, beta1=recipe.beta1, beta2=recipe.beta2, eps=recipe.epsilon,
            weight_decay=recipe.weight_decay, amsgrad=False, maximize=False,
        )  # fmt: skip

    def tensors(self) -> dict[str, Tensor]:
        """Moments and step counters as `parameter/moment`; clones, so that training may go on."""
        return {
            f"{name}/{moment}": value.clone()
            for name, moments in self._moments.items()
            for moment, value in moments.items()
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave; what is not there begins anew."""
        for name, parameter in self._parameters.items():
            fresh = (torch.zeros_like(parameter), torch.zeros_like(parameter), torch.tensor(0.0))
            self._moments[name] = {
                # Step counters, too: with a fused step they live beside the parameters.
                moment: tensors.get(f"{name}/{moment}", value).detach().to(parameter.device).clone()
                for moment, value in zip(_MOMENTS, fresh, strict=True)
            }

    def is_finite(self) -> bool:
        """Whether every moment is still a number."""
        return all(
            bool(torch.isfinite(value).all())
            for moments in self._moments.values()
            for value in moments.values()
        )

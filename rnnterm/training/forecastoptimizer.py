"""Adam and RMSprop for forecasters, by torch's own functions.

`torch.optim.Adam` and its kind load torch's compiler as they are made, which takes as long as many
a forecast's whole training; the functions that they call do not.
"""

from collections.abc import Iterable

import torch
from torch.nn import Parameter
from torch.optim.adam import adam
from torch.optim.rmsprop import rmsprop

from rnnterm.forecast.plan import ForecastPlan


class ForecastOptimizer:
    """The optimizer of a plan, what has no gradient stays as it is."""

    def __init__(self, plan: ForecastPlan, parameters: Iterable[Parameter]) -> None:
        self._name, self._epsilon = plan.optimizer, plan.epsilon
        self._parameters = list(parameters)
        # Running means of each parameter's gradient and of its square, and how many they are of.
        self._gradients = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._squares = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._counts = [torch.tensor(0.0) for _ in self._parameters]

    def clear(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """One step down the gradients."""
        learnt = [at for at, each in enumerate(self._parameters) if each.grad is not None]
        parameters, means, squares, counts = (
            [kept[at] for at in learnt]
            for kept in (self._parameters, self._gradients, self._squares, self._counts)
        )
        gradients = [each.grad for each in parameters if each.grad is not None]
        if self._name == "rmsprop":
            rmsprop(
                parameters, gradients, squares, [], [], counts, foreach=False,
                lr=learning_rate, alpha=0.9, eps=self._epsilon,
                weight_decay=0.0, momentum=0.0, centered=False,
            )  # fmt: skip
            return
        adam(
            parameters, gradients, means, squares, [], counts, foreach=False,
            lr=learning_rate, beta1=0.9, beta2=0.999, eps=self._epsilon,
            weight_decay=0.0, amsgrad=False, maximize=False,
        )  # fmt: skip

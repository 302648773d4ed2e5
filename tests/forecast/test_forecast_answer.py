"""What is said of a network beside its baselines."""

import math

import numpy as np
import pytest

from rnnterm.forecast.answer import verdict
from rnnterm.forecast.measures import measure


def rows(network, **others):
    """Rows of forecasters whose every test forecast is wrong by so much."""
    values = np.arange(20.0) % 3
    return [
        measure(name, values + error, values, 10)
        for name, error in {"LSTM 8": network, **others}.items()
    ]


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ({"network": 0.9, "last": 1.0, "ar": 1.2}, "beats every baseline: its test RMSE is 10.0%"),
        ({"network": 2.0, "last": 4.0, "ar": 1.0}, "does not beat ar: take ar, whose test RMSE is"),
        ({"network": 5.0, "last": 4.0, "ar": 1.0}, "beats no baseline: take ar, whose test RMSE"),
        ({"network": 1.0001, "last": 4.0, "ar": 1.0}, "take ar, which is as good and far simpler"),
        ({"network": 1.0, "ar": 1.0}, "The network beats no baseline"),
        ({"network": math.nan, "ar": 1.0}, "no test part"),
        ({"network": 0.1, "season": 0.0}, "take season, whose test RMSE is 100.0% lower"),
        ({"network": 0.0, "season": 0.0}, "take season, which is as good and far simpler"),
        ({"network": 0.0, "season": 0.1}, "beats every baseline: its test RMSE is 100.0%"),
    ],
)
def test_a_plain_sentence_tells_whether_the_network_was_worth_it(errors, told):
    assert told in verdict(rows(**errors))

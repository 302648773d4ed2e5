"""Sampling and cold starts, each beside the plainest thing that could do it."""

import argparse
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.results import table
from rnnterm.nn.modelfile import Model
from rnnterm.nn.spec import NetworkSpec
from rnnterm.sampling.generator import draw
from rnnterm.sampling.strategies import Strategy
from rnnterm.text.vocab import Vocabulary

NETWORKS = ((1, 256), (1, 512), (2, 512))
CHARACTERS = 2000
ROUNDS = 9
COMMAND = str(Path(sys.executable).with_name("rnnterm"))
IMPORTS = f"{sys.executable} -c 'import click, numpy, safetensors.numpy'"
STARTS = (
    (f"{COMMAND} generate --seed ROMEO: --length 500", IMPORTS, 2.5),
    (f"{COMMAND} --help", f"{sys.executable} -c 'import click'", 2.0),
)


def measure(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Characters a second of one stream and of 64; whole-process times of the command."""
    del options
    rows = []
    for layers, hidden in NETWORKS:
        model = _model(layers, hidden)
        ours, plain, bare, many, bare_many = _interleaved(
            [
                lambda model=model: _draw(model, 1, CHARACTERS),
                _torch_steps(layers, hidden),
                _bare_products(model, 1, CHARACTERS),
                lambda model=model: _draw(model, 64, CHARACTERS // 16),
                _bare_products(model, 64, CHARACTERS // 16),
            ]
        )
        many_each, bare_each = many * 16 / 64, bare_many * 16 / 64  # for CHARACTERS of one of 64
        rows.append(
            [
                f"{layers}x{hidden}",
                f"{CHARACTERS / ours:,.0f}",
                f"{CHARACTERS / plain:,.0f}",
                f"{plain / ours:.1f}x",
                f"{ours / bare:.2f}x",
                f"{CHARACTERS / many_each:,.0f}",
                f"{ours / many_each:.1f}x",
                f"{ours / bare_each:.1f}x",
            ]
        )
    header = [
        "network", "chars/s", "`nn.LSTM` steps", "faster by", "time / bare products",
        "64 at once", "gain of 64", "gain if products were all",
    ]  # fmt: skip
    starts = []
    for command, reference, limit in STARTS:
        ours, theirs = _interleaved([_process(command), _process(reference)])
        shown = command.replace(COMMAND, "rnnterm"), reference.replace(sys.executable, "python")
        starts.append(
            [f"`{shown[0]}`", f"{ours * 1000:.0f} ms", f"`{shown[1]}`", f"{theirs * 1000:.0f} ms",
             f"{ours / theirs:.2f}x (asked: {limit}x)"]
        )  # fmt: skip
    start_header = ["command", "whole process", "beside", "whole process", "ratio"]
    return "sampling and cold starts", [*table(header, rows), "", *table(start_header, starts)]


def _interleaved(sides: list[Callable[[], object]]) -> list[float]:
    """The median seconds of each side, all taken in turn, so that drift hits all alike."""
    times: list[list[float]] = [[] for _ in sides]
    for round_number in range(ROUNDS + 1):
        for side, seconds in zip(sides, times, strict=True):
            begun = time.perf_counter()
            side()
            if round_number:  # the first round warms up
                seconds.append(time.perf_counter() - begun)
    return [statistics.median(seconds) for seconds in times]


def _model(layers: int, hidden: int) -> Model:
    vocab = Vocabulary(map(chr, range(48, 113)))
    spec = NetworkSpec(vocab_size=len(vocab), hidden_size=hidden, num_layers=layers)
    rng = np.random.default_rng(0)
    tensors = {
        name: rng.normal(0, 0.05, shape).astype(np.float32)
        for name, shape in spec.tensor_shapes().items()
    }
    return Model(spec, vocab, tensors)


def _draw(model: Model, samples: int, characters: int) -> None:
    for _ in islice(draw(model, "a", Strategy(), 1, samples=samples), characters):
        pass


def _torch_steps(layers: int, hidden: int) -> Callable[[], None]:
    """One character at a time through `nn.LSTM`, as most scripts sample."""
    embedding, head = nn.Embedding(65, 64), nn.Linear(hidden, 65)
    lstm = nn.LSTM(64, hidden, layers, batch_first=True)

    @torch.inference_mode()
    def steps() -> None:
        index, state = torch.zeros(1, 1, dtype=torch.long), None
        for _ in range(CHARACTERS):
            output, state = lstm(embedding(index), state)
            chances = torch.softmax(head(output[:, -1]) / 0.8, dim=-1)
            index = torch.multinomial(chances, 1)

    return steps


def _bare_products(model: Model, samples: int, characters: int) -> Callable[[], None]:
    """Only the matrix products that those characters cannot do without."""
    layers = range(model.spec.num_layers)
    matrices = [model.tensors[f"rnn.{layer}.weight_hh"] for layer in layers]
    matrices += [model.tensors[f"rnn.{layer}.weight_ih"] for layer in layers if layer]
    matrices.append(model.tensors["head.weight"])
    shape = (samples, model.spec.hidden_size)
    state = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    def products() -> None:
        for _ in range(characters):
            for matrix in matrices:
                state @ matrix.T

    return products


def _process(command: str) -> Callable[[], object]:
    words = shlex.split(command)
    return lambda: subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

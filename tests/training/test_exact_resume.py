"""Promises 1 and 2: a kill at any moment loses at most a checkpoint interval, and nothing else."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, fields
from pathlib import Path

import pytest
import torch
from installed import run_command

import rnnterm
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.events import Finished, Progressed, Validated
from rnnterm.runs.folder import RunFolder, runs_root
from rnnterm.runs.lock import read_owner
from rnnterm.runs.metrics import read_metrics
from rnnterm.runs.reader import RunReader
from rnnterm.training.state import Counters, TrainerState

SMALL = {
    "hidden_size": 16,
    "num_layers": 2,
    "batch_size": 4,
    "bptt": 16,
    "dropout_output": 0.3,
    "log_every": 5,
    "warmup_steps": 5,
    "validate_every": 30,
    "sample_every": "never",
    "precision": "fp32",
}


def newest(run: str):
    return CheckpointStore(runs_root() / run / "checkpoints").newest_verified()[0]


def ending(run: str) -> tuple:
    """All that must be equal to the bit: weights, moments, carried state, generators, counters."""
    state = TrainerState.from_bytes(newest(run).trainer.read_bytes())
    counters = asdict(state.counters)
    del counters["seconds"]  # no two runs share a clock
    counters["marks"] = {duty: step for duty, (step, _) in state.counters.marks.items()}
    files = newest(run).trainer.read_bytes(), newest(run).model.read_bytes()
    tensors = tuple(hashlib.sha256(tensors_of(file)).hexdigest() for file in files)
    view = RunReader(RunFolder(runs_root() / run)).catch_up()
    return tensors, counters, view.train, view.val


def tensors_of(data: bytes) -> bytes:
    """A safetensors file without its header, which tells clock times."""
    return data[8 + int.from_bytes(data[:8], "little") :]


def test_killed_by_the_system_and_resumed_it_ends_as_if_nothing_had_happened(text):
    """2N steps at once, and N steps, SIGKILL, resume, the rest, through the command."""
    options = [part for key, value in SMALL.items() for part in ("--set", f"{key}={value}")]
    options += ["--set", "checkpoint_every=100", "--steps", "1200"]
    assert run_command("train", text, "--name", "whole", *options).code == 0
    answer = run_command("train", text, "--name", "killed", "--detach", *options)
    assert answer.out == "killed\n"
    log = runs_root() / "killed" / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while len(read_metrics(log)) < 80:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(read_owner(log.parent).pid, signal.SIGKILL)
    reached = read_metrics(log)[-1].event.step
    assert reached < 1200
    resumed = run_command("train", "--resume", "--name", "killed", "--json")
    assert resumed.code == 0, resumed.err
    assert json.loads(resumed.out)["steps"] == 1200
    assert ending("killed") == ending("whole")
    logs = {run: read_metrics(runs_root() / run / "metrics.jsonl") for run in ("whole", "killed")}
    losses = {
        run: {(e.event.step, e.event.train_loss) for e in log if isinstance(e.event, Progressed)}
        for run, log in logs.items()
    }
    assert losses["whole"] == losses["killed"]  # also those that were learnt twice
    assert {entry.session for entry in logs["killed"]} == {1, 2}


@pytest.fixture(scope="module")
def halfway(tmp_path_factory):
    """A run stopped in the middle, whose every counter is far from its default."""
    folder = tmp_path_factory.mktemp("halfway")
    (folder / "abc.txt").write_text("the cat sat on the mat. " * 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RNNTERM_CACHE", str(folder / "cache"))
        settings = SMALL | {"steps": 47, "validate_every": "never", "checkpoint_every": 1000}
        rnnterm.train(folder / "abc.txt", name="half", runs=folder / "runs", **settings)
    run = folder / "runs" / "half"
    shutil.rmtree(run / "checkpoints" / "step-0000000")
    save_counters(
        run, rate_scale=0.5, loss_sum=3.0, loss_steps=2, smooth_loss=2.0, best_val_loss=1e-3,
        best_train_loss=0.5, seconds=1000.0, marks={"validate": (40, 990.0)},
    )  # fmt: skip
    return run


def load_state(run):
    checkpoint = CheckpointStore(run / "checkpoints").all()[-1]
    return checkpoint, TrainerState.from_bytes(checkpoint.trainer.read_bytes())


def save_state(run, state, model=None):
    checkpoint, _ = load_state(run)
    files = {
        "model.safetensors": model or checkpoint.model.read_bytes(),
        "trainer.safetensors": state.to_bytes(),
    }
    CheckpointStore(run / "checkpoints").save(checkpoint.step, files, {}, best=True)


def save_counters(run, **values):
    _, state = load_state(run)
    for name, value in values.items():
        setattr(state.counters, name, value)
    save_state(run, state)


def go_on(run, name: str) -> tuple:
    """Resume a copy of the run for 40 steps; everything that can be told of its end."""
    copy = runs_root() / name
    copy.parent.mkdir(exist_ok=True)
    shutil.copytree(run, copy)
    events: list = []
    settings = {"steps": 87, "validate_every": 30, "checkpoint_every": 20}
    rnnterm.train(name=name, resume=True, report=events.append, **settings)
    finished = events[-1]
    assert isinstance(finished, Finished)
    looks = [(event.step, event.best) for event in events if isinstance(event, Validated)]
    curve = [(e.step, e.train_loss) for e in events if isinstance(e, Progressed)]
    return ending(name), looks, curve, finished.seconds > 1000, events[0].notes


def test_what_resumes_twice_ends_alike(halfway):
    assert go_on(halfway, "one") == go_on(halfway, "two")


DROPPED = ["carried", "rng/torch", "optimizer/exp_avg", "optimizer/exp_avg_sq", "optimizer/step"]
DROPPED += [f"counters/{field.name}" for field in fields(Counters)] + ["machine", "weights"]
TOLD = ("train_loss", "val_loss", "val_loss_step", "reported_val_loss")  # to people, and no more
DROPPED = [item for item in DROPPED if item.removeprefix("counters/") not in TOLD]


@pytest.mark.parametrize("item", DROPPED)
def test_each_part_of_the_state_is_needed(halfway, tmp_path, item):
    """With any of it dropped the run ends otherwise: nothing of it is saved in vain."""
    whole = go_on(halfway, "whole")
    poorer = tmp_path / "poorer"
    shutil.copytree(halfway, poorer)
    checkpoint, state = load_state(poorer)
    kind, _, name = item.partition("/")
    model = None
    if kind == "carried":
        state.carried = None
    elif kind == "rng":
        state.rng[name] = torch.Generator().manual_seed(0).get_state()
    elif kind == "optimizer":
        for key, value in state.optimizer.items():
            if key.endswith(f"/{name}"):
                state.optimizer[key] = torch.zeros_like(value)
    elif kind == "machine":
        state.machine["torch"] = "another"
    elif kind == "weights":
        model = changed_model(checkpoint.model)
    else:
        setattr(state.counters, name, getattr(Counters(), name))
    save_state(poorer, state, model)
    assert go_on(poorer, "poorer") != whole


@pytest.mark.parametrize(("estimate", "exact", "known"), [(1.5, None, 1.5), (1.5, 1.25, 1.25)])
def test_the_validation_loss_that_was_known_comes_back(halfway, estimate, exact, known):
    shutil.copytree(halfway, runs_root() / "copy")
    save_counters(runs_root() / "copy", val_loss=estimate, reported_val_loss=exact)
    events: list = []
    rnnterm.train(name="copy", resume=True, steps=50, report=events.append)
    assert (events[0].val_loss, events[0].best_val_loss) == (known, 1e-3)


def changed_model(path) -> bytes:
    from rnnterm.nn.modelfile import Model, load_model, model_bytes

    model = load_model(path)
    tensors = dict(model.tensors) | {"head.bias": model.tensors["head.bias"] + 0.1}
    return model_bytes(Model(model.spec, model.vocab, tensors, model.training))


DYING = """
import json, shutil, sys
from pathlib import Path
import torch
from dying import DIED, in_child
import rnnterm
from rnnterm.runs.checkpoints import CheckpointStore
from rnnterm.runs.folder import list_runs, runs_root

text, settings = sys.argv[1], json.loads(sys.argv[2])
CALLS = ("fsync", "rename", "replace", "mkdir", "rmdir", "unlink", "write", "ftruncate", "open")

def train():
    rnnterm.train(text, name="mine", **settings)

def recover():
    if not list_runs(runs_root()):
        return train()
    checkpoint, rejected = CheckpointStore(runs_root() / "mine" / "checkpoints").newest_verified()
    assert not rejected, rejected
    try:
        rnnterm.train(name="mine", resume=True)
    except rnnterm.UsageError as error:
        assert "spent its budget" in str(error), error

# What is imported and set up once is the children's, too.
rnnterm.train(text, name="first", **settings)
deaths, resumed, deadline = 0, 0, 0
while True:
    deadline += 1
    shutil.rmtree(runs_root(), ignore_errors=True)
    code = in_child(train, deadline, CALLS)
    resumed += bool(list_runs(runs_root()))
    assert in_child(recover) == 0, deadline
    newest = CheckpointStore(runs_root() / "mine" / "checkpoints").newest_verified()[0]
    data = newest.trainer.read_bytes()
    tensors = data[8 + int.from_bytes(data[:8], "little"):]
    print(newest.step, hash(tensors), flush=True)
    if code == 0:
        break
    assert code == DIED, code
    deaths += 1
print("deaths", deaths, "resumed", resumed)
"""


@pytest.mark.xdist_group("deaths")  # half a minute
def test_death_at_any_system_call_of_a_run_loses_nothing_that_was_safe(text):
    settings = SMALL | {"steps": 4, "checkpoint_every": 2, "hidden_size": 4, "num_layers": 1}
    settings |= {"validate_every": "never", "log_every": 1}
    path = os.pathsep.join(
        filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")])
    )
    done = subprocess.run(
        [sys.executable, "-c", DYING, str(text), json.dumps(settings)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *ends, counts = done.stdout.splitlines()
    assert len(set(ends)) == 1  # the same weights and moments, wherever it died
    assert ends[0].startswith("4 ")
    deaths, resumed = (int(part) for part in counts.split()[1::2])
    assert deaths > 60
    assert resumed > 40

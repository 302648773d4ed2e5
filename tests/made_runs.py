"""Run folders as a trainer leaves them, made in milliseconds."""

import hashlib
import json

from rnnterm.runs.events import Finished, Progressed, Started, Validated, event_to_json
from rnnterm.runs.folder import RunConfig, RunFolder
from rnnterm.runs.metrics import MetricsLog
from rnnterm.runs.status import StatusWriter
from rnnterm.text.corpus import open_corpus
from rnnterm.training.recipe import Recipe


def made_run(root, name, *, points=100, end="finished", events=(), recipe=None, **texts):
    """A run of `points` points of its curve, 10 steps apart, and of `events` before its end."""
    run = RunFolder(root / name)
    run.path.mkdir(parents=True)
    corpus = open_corpus("othello")
    about = {"name": corpus.name, "source": corpus.source, "sha256": corpus.sha256}
    about |= {"characters": len(corpus), "symbols": len(corpus.vocab)}
    recipe = recipe or Recipe(steps=10 * points)
    run.write_config(RunConfig(name, "2026-01-01T00:00:00+00:00", about, recipe.to_dict()))
    network = texts.get("network", "LSTM 1x8")
    with MetricsLog(run.metrics) as log:
        status = StatusWriter(run.status, log.session, clock=iter(range(10**9)).__next__)
        told = [Started(name, 0, network, 100, "cpu", "fp32", tuple(texts.get("notes", ())))]
        for point in range(1, points + 1):
            step, loss = 10 * point, 1.5 + 2.5 * 0.95**point
            told.append(
                Progressed(step, step / 500, point / points, step / 100, loss, 0.004, 44e3, 9.0)
            )
            if point % 20 == 0:
                told.append(Validated(step, loss + 0.2, best=True))
        told += events
        if end:
            told.append(Finished(end, 10 * points, 9.0, 1.5, 1.7, 1.7, 44e3))
        for event in told:
            log.append(event)
            status.report(event)
    return run


def log_a_million_steps(run, spike_at, spike=9.5):
    """Let a log tell a million steps, every tenth of them, with one loss far from the rest."""
    parts = json.dumps({"session": 1, "seq": 1, "time": 1.5e9} | event_to_json(
        Progressed(-1, 0.5, 0.5, 0.5, -2.5, 0.004, 44e3, 9.0)
    )).replace("-2.5", "%s").replace("-1", "%d")  # fmt: skip
    lines = (
        parts % (step, spike if step == spike_at else 2.0 + step % 70 / 700)
        for step in range(10, 1_000_001, 10)
    )
    run.metrics.write_text("\n".join(lines) + "\n")


def add_checkpoint(run, step, *, damaged=False, best=False):
    """A checkpoint that a list shows; it holds no network."""
    folder = run.checkpoints / f"step-{step:07}"
    folder.mkdir(parents=True)
    files = {}
    for name in ("model.safetensors", "trainer.safetensors"):
        (folder / name).write_bytes(b"x")
        files[name] = {"size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    facts = {"train_loss": 1.5, "val_loss": 1.75}
    manifest = "{" if damaged else json.dumps({"step": step, "facts": facts, "files": files})
    (folder / "manifest.json").write_text(manifest)
    if best:
        (run.checkpoints / "best.json").write_text(json.dumps({"step": step}))

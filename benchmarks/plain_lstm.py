"""The baseline: a plain `nn.LSTM` script, as short as one would write it by hand.

One layer of 512 units over an embedding, carried state, batch 16, BPTT 64, AdamW at 3e-3 with a
cosine to the end of the time, bf16 autocast where the processor has it. Prints one JSON object.
"""

import argparse
import json
import math
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

BATCH, BPTT, HIDDEN, RATE = 16, 64, 512, 3e-3


def main() -> None:
    """Train for the given seconds, then read the validation part once with carried state."""
    parser = argparse.ArgumentParser()
    parser.add_argument("text", type=Path)
    parser.add_argument("--seconds", type=float, default=75)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--validate-every", type=float, default=math.inf, metavar="SECONDS")
    parser.add_argument("--speed-only", action="store_true", help="do not validate at the end")
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    torch.set_flush_denormal(True)
    symbols = sorted(set(text := options.text.read_text()))
    index = {char: place for place, char in enumerate(symbols)}
    ids = torch.tensor([index[char] for char in text])
    train, val = ids[: int(0.9 * len(ids))], ids[int(0.9 * len(ids)) :]

    embedding = nn.Embedding(len(symbols), 64)
    lstm = nn.LSTM(64, HIDDEN, batch_first=True)
    head = nn.Linear(HIDDEN, len(symbols))
    parameters = [part for each in (embedding, lstm, head) for part in each.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=RATE)

    length = (len(train) - 1) // BATCH
    inputs, targets = (train[at : at + BATCH * length].view(BATCH, length) for at in (0, 1))

    def val_loss() -> float:
        with torch.no_grad():
            hidden, _ = lstm(embedding(val[None, :-1]))
            return F.cross_entropy(head(hidden)[0], val[1:]).item()

    has_bf16 = _has_bf16(lstm, embedding(inputs[:, :1]))
    curve, due = [], options.validate_every
    begun, place, steps, state = time.monotonic(), 0, 0, None
    while (spent := time.monotonic() - begun) < options.seconds:
        if place + BPTT > length:
            place, state = 0, None
        for group in optimizer.param_groups:
            group["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * spent / options.seconds))
        here = slice(place, place + BPTT)
        with torch.autocast("cpu", torch.bfloat16, enabled=has_bf16):
            hidden, state = lstm(embedding(inputs[:, here]), state)
            logits = head(hidden)
        state = tuple(part.detach() for part in state)
        loss = F.cross_entropy(logits.float().flatten(0, 1), targets[:, here].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        place, steps = place + BPTT, steps + 1
        if spent > due:
            looked = time.monotonic()
            curve.append((looked - begun, val_loss()))
            due += options.validate_every
            begun += time.monotonic() - looked  # the clock stands meanwhile
    speed = steps * BATCH * BPTT / (time.monotonic() - begun)
    told = {"steps": steps, "chars_per_second": speed, "curve": curve}
    print(json.dumps(told if options.speed_only else told | {"val_loss": val_loss()}))


def _has_bf16(lstm: nn.LSTM, read: torch.Tensor) -> bool:
    """Whether this processor has the layer in bf16; those without AVX-512 do not."""
    try:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            lstm(read)
    except RuntimeError:
        return False
    return True


main()

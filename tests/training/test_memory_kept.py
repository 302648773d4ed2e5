"""What a training step frees, the next one gets again without asking the system for it."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import torch
from rnnterm.training.machine import training_settings

def faults(steps):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        torch.ones(10, 1 << 20).sum()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

asked = faults(8)
with training_settings():
    faults(2)
    print(asked, faults(8))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only GNU's library can be told")
def test_pages_are_not_given_back_between_steps():
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    ).stdout
    asked, kept = map(int, told.split())
    assert asked > 50  # of any size; or else this test would show nothing
    # Now and then something small lands where the tensor lay, and one is asked for anew.
    assert kept < asked / 2

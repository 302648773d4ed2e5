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
        torch.ones(40, 1 << 20).sum()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

asked = faults(5)
with training_settings():
    faults(1)
    print(asked, faults(5))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only GNU's library can be told")
def test_pages_are_not_given_back_between_steps():
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    ).stdout
    asked, kept = map(int, told.split())
    assert asked > 50  # of any size; or else this test would show nothing
    assert kept < asked / 10

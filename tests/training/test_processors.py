"""What a training will run on, told from files and versions."""

import importlib.metadata
import sys

import pytest

from rnnterm.training import processors


@pytest.fixture(autouse=True)
def asked_anew():
    asked = (processors._has_bf16_products, processors._torch_is_for_cpus)
    for each in asked:
        each.cache_clear()
    yield
    for each in asked:
        each.cache_clear()


@pytest.mark.parametrize(
    ("told", "has"),
    [
        ("flags\t\t: fpu avx512f avx512_bf16 sse\n", True),
        ("flags\t\t: fpu amx_bf16\n", True),
        ("Features\t: fp asimd bf16 i8mm\n", True),
        ("flags\t\t: fpu avx2 avx512f\n", False),
        ("", False),
    ],
)
def test_products_in_bf16_are_known_by_the_processor_s_features(tmp_path, monkeypatch, told, has):
    path = tmp_path / "cpuinfo"
    path.write_text(told)
    monkeypatch.setattr(processors, "_PROCESSOR", path)
    assert processors.may_use_bf16("auto") is has
    assert processors.may_use_bf16("bf16") is has
    assert processors.may_use_bf16("fp32") is False


def test_where_no_file_tells_there_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr(processors, "_PROCESSOR", tmp_path / "missing")
    assert processors.may_use_bf16("auto") is False


@pytest.mark.skipif(sys.platform != "linux", reason="the driver's file is Linux's")
@pytest.mark.parametrize(
    ("release", "driver", "may"),
    [("2.13.0+cpu", True, False), ("2.13.0", True, True), ("2.13.0", False, False)],
)
def test_a_gpu_counts_where_torch_can_use_it(tmp_path, monkeypatch, release, driver, may):
    path = tmp_path / "version"
    if driver:
        path.touch()
    monkeypatch.setattr(processors, "_NVIDIA_DRIVER", path)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: release)
    assert processors.may_use_gpu("auto") is may
    assert processors.may_use_gpu("cpu") is False
    assert processors.may_use_gpu("cuda:1") is True

"""How much memory there is for us, and when it is short."""

import psutil
import pytest

from rnnterm.memory import MemoryLimit, memory_limit, shortage_before, shortage_now

MB = 1 << 20
V2 = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = "30 23 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"


@pytest.fixture(params=[1, 2], ids=["cgroup v1", "cgroup v2"])
def group(request, tmp_path):
    """A function that limits this process' cgroup, of either version."""
    is_first = request.param == 1
    base = tmp_path / ("sys/fs/cgroup/memory/a" if is_first else "sys/fs/cgroup/a")

    def limit(limit: str, used: int, cache: int = 0, swapped: int = 0) -> None:
        base.mkdir(parents=True)
        (base / ("memory.limit_in_bytes" if is_first else "memory.max")).write_text(limit)
        name = "memory.usage_in_bytes" if is_first else "memory.current"
        (base / name).write_text(str(used))
        key = "total_inactive_file" if is_first else "inactive_file"
        (base / "memory.stat").write_text(f"anon 5\n{key} {cache}\n")
        (tmp_path / "proc/self").mkdir(parents=True)
        (tmp_path / "proc/self/cgroup").write_text("3:memory:/a\n" if is_first else "0::/a\n")
        (tmp_path / "proc/self/mountinfo").write_text(V1 if is_first else V2)
        (tmp_path / "proc/self/status").write_text(f"VmRSS:\t1 kB\nVmSwap:\t{swapped} kB\n")

    return limit


def test_a_cgroup_limits_memory_and_its_cache_counts_as_free(group, tmp_path):
    group(str(500 * MB), 400 * MB, cache=150 * MB)
    assert memory_limit(tmp_path) == MemoryLimit(500 * MB, 250 * MB, 500 * MB, 250 * MB)


@pytest.mark.parametrize("none", ["max", "9223372036854771712", "rubbish"])
def test_without_a_limit_the_machine_is_all(group, tmp_path, none):
    group(none, 400 * MB)
    found = memory_limit(tmp_path)
    assert found.total == psutil.virtual_memory().total
    assert found.group_limit is None


def test_what_does_not_fit_is_said_before():
    limit = MemoryLimit(total=1000 * MB, available=100 * MB)
    assert shortage_before(90 * MB, limit) is None
    said = shortage_before(3 << 30, limit)
    assert "3.2 GB" in said
    assert "105 MB are free" in said
    assert "lower batch_size" in said


def test_a_group_near_its_limit_is_said_meanwhile(group, tmp_path):
    group(str(500 * MB), 490 * MB)
    assert "514 MB of the 524 MB" in shortage_now(tmp_path)


def test_a_process_that_is_swapped_out_is_said_meanwhile(group, tmp_path):
    group(str(500 * MB), 100 * MB, swapped=200 * 1024)
    assert "210 MB of this training are swapped out" in shortage_now(tmp_path)


def test_nothing_is_said_while_there_is_enough(group, tmp_path):
    group(str(500 * MB), 490 * MB, cache=200 * MB)
    assert shortage_now(tmp_path) is None

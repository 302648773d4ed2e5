"""How many cores there are for us: affinity, SMT, and cgroups of both versions, nested too."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rnnterm.cores import CoreLimit, cgroup_folders, core_limit, cpu_quota

V2 = "30 23 0:26 {top} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "32 31 0:27 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"


def machine(root: Path, groups: str, mounts: str, files: dict[str, str]) -> Path:
    """A machine's /proc and /sys as far as they are read."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    (root / "proc/self/mountinfo").write_text(mounts)
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("outer", "inner", "quota"),
    [
        (None, None, math.inf),
        ("max 100000", None, math.inf),
        (None, "200000 100000", 2.0),
        ("50000 100000", "max 100000", 0.5),
        ("300000 100000", "150000 100000", 1.5),
        (None, "rubbish", math.inf),
        (None, "0 0", math.inf),
    ],
)
def test_the_smallest_quota_of_all_groups_around_counts(tmp_path, outer, inner, quota):
    written = {"sys/fs/cgroup/a/cpu.max": outer, "sys/fs/cgroup/a/b/cpu.max": inner}
    files = {name: text for name, text in written.items() if text is not None}
    root = machine(tmp_path, "0::/a/b\n", V2.format(top="/"), files)
    assert cpu_quota(root) == quota


def test_the_first_version_of_cgroups_has_files_of_its_own(tmp_path):
    folder = "sys/fs/cgroup/cpu,cpuacct/docker/x"
    files = {f"{folder}/cpu.cfs_quota_us": "200000", f"{folder}/cpu.cfs_period_us": "100000"}
    files |= {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1"}
    groups = "4:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n0::/\n"
    root = machine(tmp_path, groups, V1.format(top="/"), files)
    assert cpu_quota(root) == 2.0


def test_a_container_that_sees_only_its_own_group_finds_its_quota(tmp_path):
    files = {"sys/fs/cgroup/cpu.max": "100000 100000"}
    root = machine(tmp_path, "0::/docker/x\n", V2.format(top="/docker/x"), files)
    assert cgroup_folders("cpu", root, version=2) == [root / "sys/fs/cgroup"]
    assert cpu_quota(root) == 1.0


def test_a_group_outside_of_what_is_mounted_has_the_top_for_its_limit(tmp_path):
    files = {"sys/fs/cgroup/cpu.max": "100000 100000"}
    root = machine(tmp_path, "0::/../elsewhere\n", V2.format(top="/docker/x"), files)
    assert cpu_quota(root) == 1.0


@pytest.mark.parametrize(
    ("cores", "quota", "threads"),
    [(64, 2, 2), (64, math.inf, 64), (2, 0.5, 1), (2, 0.1, 1), (2, 1.5, 2), (2, 1.4, 1), (1, 8, 1)],
)
def test_a_quota_gives_so_many_threads(cores, quota, threads):
    assert CoreLimit(cores, quota).threads == threads


def test_processors_that_share_a_core_count_once(tmp_path):
    files = {
        f"sys/devices/system/cpu/cpu{number}/topology/thread_siblings_list": "0-1"
        for number in os.sched_getaffinity(0)
    }
    root = machine(tmp_path, "", "", files)
    assert core_limit(root).cores == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux has affinity")
def test_affinity_counts():
    program = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); "
        "from rnnterm.cores import usable_threads; print(usable_threads())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"


def test_nothing_known_is_no_limit(tmp_path):
    assert cpu_quota(tmp_path) == math.inf
    assert core_limit(tmp_path).threads >= 1

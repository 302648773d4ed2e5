"""Every command over a run folder that is damaged in every kind of way."""

import pytest
from hostile_runs import ENTRIES, HEALTHY, HURT, SAMPLE, damaged, must_name, not_hanging, tree

COMMANDS = {
    "runs": ["runs"],
    "runs --json": ["runs", "--json"],
    "runs show": ["runs", "show", HURT],
    "runs show --json": ["runs", "show", HURT, "--json"],
    "runs compare": ["runs", "compare", HURT, HEALTHY],
    "log": ["log", HURT],
    "log --json": ["log", HURT, "--json"],
    "models list": ["models", "list"],
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_command_goes_on(hostile_root, entry, run_here):
    outside = tree(hostile_root.parent / "outside")
    for kind in damaged(hostile_root, entry, SAMPLE):
        for name, words in COMMANDS.items():
            with not_hanging():
                answer = run_here(*words)
            case = (entry, kind, name, answer)
            assert answer.code in (0, 1), case
            assert "--debug" not in answer.err, case  # which tells of an unforeseen exception
            assert len(answer.err.splitlines()) <= 2, case
            if name in ("runs", "runs --json", "models list"):
                assert answer.code == 0, case
                assert HEALTHY in answer.out, case
                assert "1.7" in answer.out, case
            if name == "runs" and must_name(entry, kind, "list_summaries"):
                assert entry.rsplit("/", maxsplit=1)[-1] in answer.out, case
    assert tree(hostile_root.parent / "outside") == outside

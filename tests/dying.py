"""Children that die, as if by SIGKILL, at one of their system calls that write."""

import os
import traceback
from collections.abc import Callable, Sequence

DIED = 9
STORING = ("fsync", "rename", "replace", "mkdir", "rmdir", "unlink")


def in_child(act: Callable[[], object], deadline: int = 0, calls: Sequence[str] = STORING) -> int:
    """The exit code of a fork that runs `act`; `DIED` where it came to its Nth such call."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    made = 0

    def dying(original):
        def call(*args, **kwargs):
            nonlocal made
            made += 1
            if made == deadline:
                os._exit(DIED)
            return original(*args, **kwargs)

        return call

    for name in calls if deadline else ():
        setattr(os, name, dying(getattr(os, name)))
    code = 1
    try:
        act()
        code = 0
    except BaseException:  # which must not reach the tests that go on in the parent
        traceback.print_exc()
    os._exit(code)

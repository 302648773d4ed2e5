"""A person's own regular expression over a text, so that no pattern can hold up the program.

Some patterns take for ever on some texts (`(a+)+$`), and nothing inside the process can stop a
match that has begun. So it runs in a child, which is ended when its time is over.
"""

import json
import subprocess
import sys

from rnnterm.errors import RnntermError

_SECONDS = 5.0
_CHILD = (
    "import json, re, sys; pattern, text = json.load(sys.stdin); "
    "json.dump([m.span() for m in re.finditer(pattern, text, re.MULTILINE)], sys.stdout)"
)


def find_spans(pattern: str, text: str, seconds: float = _SECONDS) -> list[tuple[int, int]]:
    """Where a pattern matches, from start to stop, in order; it must be one that compiles.

    Raises RnntermError where matching takes longer than `seconds`.
    """
    try:
        answer = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CHILD],
            input=json.dumps([pattern, text]),
            capture_output=True,
            encoding="ascii",
            timeout=seconds,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise RnntermError(
            f"the regular expression /{pattern}/ takes more than {seconds:g} seconds on this text: "
            "write it without repetitions inside repetitions, or choose a shorter text"
        ) from None
    except (OSError, subprocess.CalledProcessError) as error:
        status = getattr(error, "returncode", None)
        why = error if status is None else f"the search ended with status {status}"
        raise RnntermError(f"the regular expression could not be searched for: {why}") from None
    return [(start, stop) for start, stop in json.loads(answer.stdout)]

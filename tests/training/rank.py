"""One of several processes of a run, without torch's launcher: `python rank.py` trains on request.

Each line of standard input is a JSON object of environment variables and arguments; the answer is
a line with the exit code and what was said on standard error. Importing torch takes seconds, and
so the tests of what several processes learn share these.
"""

import contextlib
import io
import json
import os
import sys

from rnnterm.cli.main import main


def train(environment: dict[str, str], arguments: list[str]) -> tuple[int, str]:
    os.environ.update(environment)
    sys.argv = ["rnnterm", "train", *arguments]
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = main()
        except SystemExit as ended:
            code = ended.code
    return code or 0, said.buffer.getvalue().decode()


for line in sys.stdin:
    sys.stdout.write(json.dumps(train(**json.loads(line))) + "\n")
    sys.stdout.flush()

"""A long log at a glance: what its curves hang on, and evenly spaced points of them.

Reading every line of a run of a million steps takes half a minute. One pass at nearly the speed of
memory finds the rare lines, and of the many that only continue a curve a sample is read.
"""

from collections import deque
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rnnterm.runs.events import Finished, Failed, Progressed, RolledBack, Sampled, Started
from rnnterm.runs.events import Troubled, Validated
from rnnterm.runs.metrics import LogEntry, parse_entry

_MOST_POINTS = 8192  # of each curve
_MOST_NEWS = 20  # of samples, and of troubles: the last
_READ_WHOLE = 1 << 18  # bytes at the end, which hold the last of everything
_CHUNK = 1 << 22

# The names in every event that matters here have this letter, as in `best` and `rolledback`, and
# those in the common events have none: a single byte is found many times faster than a word.
_SIGN = b"b"

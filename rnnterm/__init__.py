"""rnnterm: recurrent networks in a terminal.

`rnnterm.train(...)` and `rnnterm.load(model).generate(seed)` are the command line's verbs.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnnterm.api import LoadedModel, load, train
    from rnnterm.errors import RnntermError, UsageError

__version__ = "0.1.0"
__all__ = ["LoadedModel", "RnntermError", "UsageError", "__version__", "load", "train"]


def __getattr__(name: str) -> Any:
    """Import the API when it is first used: `rnnterm --help` needs none of it."""
    if name in ("LoadedModel", "load", "train"):
        from rnnterm import api

        return getattr(api, name)
    if name in ("RnntermError", "UsageError"):
        from rnnterm import errors

        return getattr(errors, name)
    raise AttributeError(f"module 'rnnterm' has no attribute {name!r}")

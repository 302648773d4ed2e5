"""How many threads numpy's matrix products share."""

import os


def import_numpy_with_one_thread() -> None:
    """Let numpy do with one: for products of a matrix and a vector, of which reading is made.

    Several threads would wait for each other, beside a training many times longer than one needs.
    numpy's libraries read the number once, when they are imported: after that it is too late. The
    environment stays as it was: a trainer that is started from here wants all the cores.
    """
    names = [f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL")]
    unset = [name for name in names if name not in os.environ]
    os.environ.update(dict.fromkeys(unset, "1"))
    import numpy  # noqa: F401

    for name in unset:
        del os.environ[name]

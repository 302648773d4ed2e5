"""What can go wrong in a way that a person can mend."""


class RnntermError(Exception):
    """A failure with a cure: its text is one line that says what is wrong and what to do.

    The command line prints it and exits with `exit_code`; a traceback is for bugs only.
    """

    exit_code = 1


class UsageError(RnntermError):
    """The command was asked in a way that cannot be answered (exit code 2)."""

    exit_code = 2


class DivergedError(RnntermError):
    """The loss of a training is not a number, however small its steps."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error tells that there is not enough memory, on a GPU or the machine."""
    # torch raises a RuntimeError of its own for a GPU, and a plain one for the machine.
    text = str(error) if isinstance(error, RuntimeError) else ""
    return isinstance(error, MemoryError) or "out of memory" in text or "allocate memory" in text

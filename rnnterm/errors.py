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

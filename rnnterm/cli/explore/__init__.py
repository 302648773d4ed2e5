"""`rnnterm explore`: the command, one module a mode, and what the modes share to draw with."""

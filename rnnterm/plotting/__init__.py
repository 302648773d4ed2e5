"""Charts as text: pure functions from numbers to rows of characters, for commands and screens."""

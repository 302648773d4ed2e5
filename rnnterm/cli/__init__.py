"""The command line: one module a command, or a folder of them."""

"""Run rnnterm as `python -m rnnterm`."""

from rnnterm.cli.main import main

main()

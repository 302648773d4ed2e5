"""The tab Runs: all runs, their curves side by side."""

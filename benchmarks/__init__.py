"""Measurements, run by hand on a quiet machine: `python -m benchmarks NAME`."""

"""`python -m benchmarks NAME`: run one measurement and write it into RESULTS.md."""

import argparse
from importlib import import_module

from benchmarks.results import write_section

NAMES = {
    "train": "loss after 20 seconds, 75 seconds and 10 minutes",
    "corpora": "other texts, with a slice held out",
    "race": "loss against time, beside a plain script and the tutorials' recipe",
    "throughput": "training steps beside their matrix products",
    "ranks": "two processes beside one with two threads",
    "generate": "sampling and cold starts",
    "app": "the app in a pseudo-terminal",
    "memory": "memory against corpus size",
    "runs": "answers to requests, and the cost of reporting",
    "explore": "the hidden-state explorer",
    "folds": "forecasts chosen by the training part alone",
    "forecast": "forecasts beside baselines and published figures",
    "survival": "a hundred kills and fifty races",
}


def main() -> None:
    """Run the measurement that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument(
        "name", choices=NAMES, help="; ".join(f"{k}: {v}" for k, v in NAMES.items())
    )
    parser.add_argument("--seeds", type=int, default=1, help="repeat with seeds 1, 2, … (train)")
    parser.add_argument("--budgets", nargs="+", help="of 20s, 75s and 10m (train)")
    options = parser.parse_args()
    title, lines = import_module(f"benchmarks.{options.name}").measure(options)
    print("\n".join(lines))
    write_section(options.name, title, lines)


main()

"""`python -m benchmarks NAME`: run one measurement and write it into RESULTS.md.

A measurement has one section, but `train`: there each budget has its own, written once measured.
"""

import argparse
from importlib import import_module

from benchmarks import shared, train
from benchmarks.results import circumstances, write_section

NAMES = {
    "train": "loss after 20 seconds, 75 seconds and 10 minutes",
    "corpora": "other texts, with a slice held out",
    "race": "loss against time, beside a plain script and the tutorials' recipe",
    "throughput": "training steps beside matrix products",
    "shared": "training beside other busy programs, and under a quota",
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
    parser.add_argument(
        "--seeds",
        type=int,
        default=3,
        help="repeat with seeds 1, 2, … (train, race), or so many rounds (shared)",
    )
    parser.add_argument(
        "--budgets",
        nargs="+",
        choices=train.ASKED,
        default=list(train.ASKED),
        help="to measure, a section each (train)",
    )
    parser.add_argument(
        "--networks",
        nargs="+",
        choices=shared.SHAPES,
        default=list(shared.SHAPES),
        help="layers x units to measure (shared)",
    )
    options = parser.parse_args()
    taken = circumstances()
    if options.name == "train":
        for budget in options.budgets:
            _write(f"train {budget}", train.measure(budget, options.seeds), taken)
    else:
        module = import_module(f"benchmarks.{options.name}")
        _write(options.name, module.measure(options), taken)


def _write(section: str, measured: tuple[str, list[str]], taken: str) -> None:
    title, lines = measured
    print("\n".join(lines))
    write_section(section, title, lines, taken)


main()

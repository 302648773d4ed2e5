"""RESULTS.md: one section a measurement, each with the machine and the commit it was taken on."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
HEADING = (
    "# Results\n\nEach section is written by `python -m benchmarks NAME`, both sides in one run.\n"
)


def write_section(name: str, title: str, lines: list[str]) -> None:
    """Replace the section of a measurement, or add it."""
    text = RESULTS.read_text() if RESULTS.exists() else HEADING
    body = "\n".join(lines)
    section = f"\n## {name}: {title}\n\n{_circumstances()}\n\n{body}\n"
    pattern = re.compile(rf"\n## {name}: .*?(?=\n## |\Z)", re.DOTALL)
    text = pattern.sub(lambda _: section, text) if pattern.search(text) else text + section
    RESULTS.write_text(text)


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in [header, ["---"] * len(header), *rows]]


def _circumstances() -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    day = datetime.now(UTC).date().isoformat()
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"
    return f"{day}, commit {commit or 'unknown'}; {machine}, Python {platform.python_version()}."


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    for line in listing.read_text().splitlines() if listing.exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

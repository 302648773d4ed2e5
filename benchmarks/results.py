"""RESULTS.md: a section for each measurement or budget, and the machine and commit it ran on."""

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


def write_section(name: str, title: str, lines: list[str], taken: str) -> None:
    """Replace the section of a measurement, or add it; `taken` is what `circumstances` said."""
    text = RESULTS.read_text() if RESULTS.exists() else HEADING
    body = "\n".join(lines)
    section = f"\n## {name}: {title}\n\n{taken}\n\n{body}\n"
    pattern = re.compile(rf"\n## {re.escape(name)}: .*?(?=\n## |\Z)", re.DOTALL)
    text = pattern.sub(lambda _: section, text) if pattern.search(text) else text + section
    RESULTS.write_text(text)


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in [header, ["---"] * len(header), *rows]]


def circumstances() -> str:
    """The day, the commit and the machine; to be asked before a long measurement begins."""
    day = datetime.now(UTC).date().isoformat()
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"
    return f"{day}, {_commit()}; {machine}, Python {platform.python_version()}."


def _commit() -> str:
    """Which one is checked out, and whether tracked files differ from it."""
    commit = _git("rev-parse", "--short", "HEAD")
    if commit.returncode:
        return "commit unknown"
    # What an earlier measurement wrote into RESULTS.md changes nothing that is measured.
    changed = _git("diff", "--quiet", "HEAD", "--", ":/", f":!{RESULTS.name}").returncode
    return f"commit {commit.stdout.strip()}{' with uncommitted changes' if changed else ''}"


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["git", *arguments], cwd=RESULTS.parent, capture_output=True, text=True, check=False
    )


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    for line in listing.read_text().splitlines() if listing.exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()

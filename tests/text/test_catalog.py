"""What travels with rnnterm is there, is said to be what it is, and can be learnt."""

import csv
import re

import pytest

from rnnterm.bundled import bundled_folder
from rnnterm.text.catalog import bundled_texts, catalog, python_docs
from rnnterm.text.corpus import open_corpus

README = (bundled_folder("corpora") / "README.md").read_text(encoding="utf-8")
# | `name` | title | author | year | licence | source | characters | symbols |
ROWS = {row[0].strip("` "): row for row in re.findall(r"^\|" + r"([^|]*)\|" * 8, README, re.M)}


def test_what_there_is() -> None:
    assert {"othello", "pride-and-prejudice", "moby-dick", "python-docs"} <= set(bundled_texts())
    assert set(catalog()) - set(bundled_texts()) == {"sunspots"}
    assert catalog()["sunspots"].kind == "series"


@pytest.mark.parametrize("name", catalog())
def test_each_has_one_origin_and_says_where_from(name: str) -> None:
    entry = catalog()[name]
    assert entry.name == name
    assert (entry.file is None) != (entry.make is None)
    if entry.file is not None:
        assert entry.file.is_file()
        assert entry.file.parent == bundled_folder("corpora")
    assert entry.title
    assert entry.author
    assert entry.licence
    assert entry.source
    assert 1500 < entry.year < 2100


@pytest.mark.parametrize("name", catalog())
def test_each_is_in_the_readme(name: str) -> None:
    entry = catalog()[name]
    _, title, author, year, licence, *_ = (cell.strip() for cell in ROWS[name])
    assert (title, author, licence) == (entry.title, entry.author, entry.licence)
    assert year.startswith(str(entry.year))
    assert f"### {entry.file.name if entry.file else name}\n" in README


def test_nothing_else_lies_there() -> None:
    files = {entry.file.name for entry in catalog().values() if entry.file}
    found = {path.name for path in bundled_folder("corpora").iterdir()}
    assert found == files | {"README.md", "corpora.toml"}


@pytest.mark.parametrize("name", bundled_texts())
def test_every_text_opens_as_it_is(name: str) -> None:
    corpus = open_corpus(name)
    assert corpus.notes == ()  # no byte-order mark, no line ends but LF
    assert corpus.excerpt(len(corpus) - 1, len(corpus)) == "\n"
    entry = bundled_texts()[name]
    if entry.file:
        raw = entry.file.read_bytes()
        assert b"\r" not in raw
        assert corpus.vocab.decode(corpus.ids) == raw.decode()
        characters, symbols = (int(cell.replace(",", "")) for cell in ROWS[name][-2:])
        assert (len(corpus), len(corpus.vocab)) == (characters, symbols)


def test_the_python_docs_are_made_on_the_spot() -> None:
    text = python_docs()
    assert len(text) > 100_000
    assert "\r" not in text
    assert "generator" in text
    assert open_corpus("python-docs").excerpt(0, 2000) == text[:2000]
    assert catalog()["python-docs"].file is None


def test_sunspots_are_every_month_from_1749_to_1983() -> None:
    path = catalog()["sunspots"].file
    assert path is not None
    assert b"\r" not in path.read_bytes()
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["month", "sunspots"]
    months = [f"{year}-{month:02}" for year in range(1749, 1984) for month in range(1, 13)]
    assert [month for month, _ in rows] == months
    assert len(rows) == 2820
    numbers = [float(number) for _, number in rows]
    assert min(numbers) == 0
    assert max(numbers) == 253.8  # October 1957, the highest month on record
    assert months[numbers.index(253.8)] == "1957-10"

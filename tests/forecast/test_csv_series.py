"""CSV becomes a series, or one line says why not and where."""

import io
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnterm.errors import RnntermError, UsageError
from rnnterm.forecast.series import TimeSeries, open_header, open_series


@pytest.fixture
def read(tmp_path):
    def _read(text: str | bytes, column=None, date_column=None) -> TimeSeries:
        path = tmp_path / "shop.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return open_series(str(path), column, date_column)

    return _read


def months(count: int) -> list[str]:
    return [f"{2000 + at // 12}-{at % 12 + 1:02}" for at in range(count)]


def table(*rows: str, header: str = "date,sales") -> str:
    return "\n".join([header, *rows]) + "\n"


def test_a_plain_table(read):
    series = read(table(*(f"{month},{at}.5" for at, month in enumerate(months(24)))))
    assert series.values.tolist() == [at + 0.5 for at in range(24)]
    assert series.describe() == "shop.csv · 24 months, 2000-01 to 2001-12"
    assert (series.unit, series.notes) == ("sales", ())
    assert series.steps.label(24) == "2002-01"


@pytest.mark.parametrize(
    ("first", "second", "third", "told"),
    [
        ("1999", "2000", "2001", "3 years, 1999 to 2001"),
        ("1999-12", "2000-01", "2000-02", "3 months, 1999-12 to 2000-02"),
        ("1999/12", "2000/1", "2000/2", "3 months, 1999-12 to 2000-02"),
        ("199912", "200001", "200002", "3 months, 1999-12 to 2000-02"),
        ("1999-12-01", "2000-01-01", "2000-02-01", "3 months, 1999-12 to 2000-02"),
        ("2000-01-31", "2000-02-29", "2000-03-31", "3 months, 2000-01 to 2000-03"),
        ("Dec 1999", "January 2000", "Feb 2000", "3 months, 1999-12 to 2000-02"),
        ("1999Q4", "2000Q1", "2000Q2", "3 quarters, 1999-10 to 2000-04"),
        ("1999-12-31", "2000-01-01", "2000-01-02", "3 days, 1999-12-31 to 2000-01-02"),
        ("19991231", "20000101", "20000102", "3 days, 1999-12-31 to 2000-01-02"),
        ("31.12.1999", "1.1.2000", "2.1.2000", "3 days, 1999-12-31 to 2000-01-02"),
        ("12/31/1999", "1/1/2000", "1/2/2000", "3 days, 1999-12-31 to 2000-01-02"),
        ("31/12/1999", "1/1/2000", "2/1/2000", "3 days, 1999-12-31 to 2000-01-02"),
        ("1999-12-25", "2000-01-01", "2000-01-08", "3 weeks, 1999-12-25 to 2000-01-08"),
        (
            "1999-12-31T23:00", "2000-01-01T00:00", "2000-01-01T01:00",
            "3 hours, 1999-12-31T23:00:00 to 2000-01-01T01:00:00",
        ),
        (
            "1999-12-31 23:30:00+01:00", "1999-12-31 22:45:00Z", "2000-01-01 00:00:00+01:00",
            "3 steps of 15 minutes, 1999-12-31T22:30:00 to 1999-12-31T23:00:00",
        ),
        ("0.5", "0.75", "1.0", "3 steps of 0.25"),
    ],
)  # fmt: skip
def test_dates_in_many_forms(read, first, second, third, told):
    series = read(table(f"{first},1", f"{second},3", f"{third},2"))
    assert series.describe() == f"shop.csv · {told}"
    assert series.values.tolist() == [1, 3, 2]


def test_weekdays_have_no_gap_at_weekends(read):
    days = [date(2024, 1, 1) + timedelta(at) for at in range(28)]
    series = read(table(*(f"{day},{at}" for at, day in enumerate(days) if day.weekday() < 5)))
    assert series.describe() == "shop.csv · 20 weekdays, 2024-01-01 to 2024-01-26"
    assert series.notes == ()
    assert series.steps.label(20) == "2024-01-29"


def test_gaps_and_missing_values_are_filled_and_named(read):
    cells = {3: "", 4: "NA"}
    rows = [
        f"{month},{cells.get(at, at)}" for at, month in enumerate(months(24)) if at not in (6, 20)
    ]
    series = read(table(*rows))
    np.testing.assert_allclose(series.values, np.arange(24))
    assert series.notes == (
        "4 missing values filled along straight lines: 2000-04 to 2000-05, 2000-07, 2001-09",
    )


def test_without_dates_a_missing_value_is_named_by_its_row(read):
    series = read("1\n2\n\n4\n5\n6\n\n\n")
    assert series.values.tolist() == [1, 2, 3, 4, 5, 6]
    assert series.notes == ("1 missing value filled along straight lines: row 3",)


def test_missing_ends_are_left_out(read):
    series = read(table("2000-01,", "2000-02,5", "2000-03,6", "2000-04,8", "2000-05,"))
    assert series.describe() == "shop.csv · 3 months, 2000-02 to 2000-04"
    assert "2 missing values at the ends" in series.notes[0]


@pytest.mark.parametrize("text", ["5\n6\n7\n", "a\n5\n6\n7\n", "5\r\n6\r\n7", "\ufeffa\n5\n6\n7"])
def test_one_column_with_or_without_a_name(read, text):
    assert read(text).values.tolist() == [5, 6, 7]


def test_semicolons_and_decimal_commas(read):
    series = read("Datum;Wert\n1.1.2000;1.234,5\n2.1.2000;-0,25\n3.1.2000;7\n", "wert", "Datum")
    assert series.values.tolist() == [1234.5, -0.25, 7]


def test_quoted_thousands(read):
    assert read('a,b\n"1,234.5",x\n"-2,000",y\n7,z\n').values.tolist() == [1234.5, -2000, 7]


def test_columns_by_name_and_number(read):
    text = table("2000-01,1,7,x", "2000-02,2,9,y", "2000-03,3,8,z", header="date,a,2,name")
    first = read(text)
    assert first.unit == "a"
    assert first.notes == ("column 'a' is forecast; --column takes another, such as '2'",)
    assert read(text, "2").values.tolist() == [7, 9, 8]  # a name goes first
    assert read(text, "3").values.tolist() == [7, 9, 8]
    assert read(text, "A").notes == ()


def test_uneven_dates_can_be_left_out(read):
    text = table("2000-01-01,1", "2000-01-08,2", "2000-01-15,4", "2000-01-17,3")
    with pytest.raises(RnntermError, match=r"row 4 \(2000-01-15\) and row 5 .* 2 days apart"):
        read(text)
    assert read(text, date_column="none").values.tolist() == [1, 2, 4, 3]


BAD = {
    "empty": ("", "is empty"),
    "only a header": ("date,sales\n", "no values"),
    "text": (table("2000-01,1", "2000-02,many"), "row 3, column 'sales': 'many' is no number"),
    "NaN": (table("2000-01,1", "2000-02,nan"), "row 3, column 'sales': 'nan' is no number"),
    "infinite": (table("2000-01,1", "2000-02,1e999"), "'1e999' is no number"),
    "constant": (table("2000-01,7", "2000-02,7"), "constant, always 7"),
    "duplicate date": (
        table("2000-01,1", "2000-01,2", "2000-02,3"), r"row 2 \(2000-01\) and row 3 \(2000-01\)",
    ),
    "unordered": (
        table("2000-02,1", "2000-01,2", "2000-03,3"), "row 2 .* before row 3 .*: sort the rows",
    ),
    "no such day": (table("2000-02-28,1", "2000-02-30,2"), "row 3, column 'date': '2000-02-30'"),
    "half a date": (table("2000-01,1", "soon,2"), "row 3, column 'date': 'soon' is no date"),
    "day or month": (table("1/2/2000,1", "1/3/2000,2"), "may begin with a month or a day"),
    "mostly gaps": (table("2000-01,1", "2000-02,2", "2001-01,3"), "10 of 13 values are missing"),
    "mostly missing": (table("2000-01,1", "2000-02,", "2000-03,3"), "1 of 3 values are missing"),
    "a short row": (table("2000-01,1", "2000-02"), "row 3, column 'sales': .* only 1 cell"),
    "huge": (table("2000-01,1e200", "2000-02,2"), "rescale"),
    "UTF-16": (table("2000-01,1").encode("utf-16"), "UTF-16"),
    "binary": (bytes(range(256)), "byte 128"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_tables(read, kind):
    text, reason = BAD[kind]
    with pytest.raises(RnntermError, match=reason) as error:
        read(text)
    assert "shop.csv" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("head", "step", "labels"),
    [("t,v", 1, ("1", "9")), (",v", 1, ("1", "9")), ("index,v", 5, ("5", "45"))],
)
def test_a_column_that_counts_the_rows_is_their_steps(read, head, step, labels):
    rows = [f"{step * at},{at * at % 7}" for at in range(1, 10)]
    series = read("\n".join([head, *rows]))
    assert series.unit == "v"
    assert (series.steps.label(0), series.steps.label(8)) == labels
    assert not series.notes
    asked = read("\n".join([head, *rows]), column="1", date_column="none")
    assert asked.values[8] == 9 * step
    rising = read("\n".join([head, *(f"{at * at},{at}" for at in range(9))]))
    assert rising.values[8] == 64  # which does not count, and comes first


def test_what_stands_for_a_missing_value_can_be_said(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(
        table(
            "2000-01,1", "2000-02,NaN", "2000-03,3", *(f"2000-{at:02},{at}" for at in range(4, 13))
        )
    )
    series = open_series(str(path), missing=["nan"])
    assert series.values[1] == 2
    assert series.notes == ("1 missing value filled along straight lines: 2000-02",)
    with pytest.raises(RnntermError, match="with --missing"):
        open_series(str(path), missing=["-999"])


def test_rows_are_named_as_an_editor_counts_them(read):
    with pytest.raises(RnntermError, match="row 7, column 'sales': 'x'"):
        read("date,sales\n\n2000-01,1\n\n\n2000-02,2\n2000-03,x\n")


@pytest.mark.parametrize(
    ("column", "date_column", "reason"),
    [
        ("sale", None, "did you mean 'sales'"),
        ("3", None, "there are date, sales"),
        ("0", None, "no column '0'"),
        (None, "dat", "did you mean 'date'"),
        ("sales", "sales", "both values and dates"),
    ],
)
def test_wrong_columns(read, column, date_column, reason):
    with pytest.raises(UsageError, match=reason):
        read(table("2000-01,1", "2000-02,2"), column, date_column)


def test_wrong_sources(tmp_path):
    with pytest.raises(UsageError, match="no series 'gone"):
        open_series("gone.csv")
    with pytest.raises(UsageError, match="folder"):
        open_series(str(tmp_path))
    with pytest.raises(UsageError, match="no columns to choose"):
        open_series("sine", "a")


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"1\n2\n4\n")))
    assert open_series("-").values.tolist() == [1, 2, 4]
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="closed"):
        open_series("-")


def test_the_head_tells_what_can_be_forecast(tmp_path):
    path = tmp_path / "shop.csv"
    path.write_text(table("Ann,2000-01,1,5", "Bob,2000-02,2,6", header="who,when,a,b"))
    header = open_header(str(path))
    assert header.columns == ("who", "when", "a", "b")
    assert [header.columns[at] for at in header.numeric] == ["a", "b"]
    assert header.date == 1


def test_more_rows_than_a_chunk_and_where_one_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr("rnnterm.forecast.table._CHUNK", 7)
    path = tmp_path / "long.csv"
    told = []
    path.write_text(table(*(f"{1000 + at},{at}" for at in range(100)), header="year,v"))
    series = open_series(str(path), on_rows=told.append)
    assert series.values.tolist() == list(range(100))
    assert told == [*range(7, 100, 7), 100]
    path.write_text(path.read_text().replace(",77\n", ",?!\n"))
    with pytest.raises(RnntermError, match="row 79, column 'v'"):
        open_series(str(path))


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=40).filter(lambda v: min(v) < max(v)),
    st.sampled_from([",", ";", "\t", "|"]),
    st.booleans(),
)
def test_what_was_written_is_read(tmp_path_factory, values, delimiter, named):
    path = tmp_path_factory.mktemp("made") / "made.csv"
    rows = [f"{1800 + at}-01{delimiter}{value!r}" for at, value in enumerate(values)]
    path.write_text("\n".join([f"month{delimiter}value"][: int(named)] + rows))
    series = open_series(str(path))
    assert series.values.tolist() == values
    assert series.steps.named == "years"


@given(st.sets(st.integers(1, 98), max_size=15), st.integers(1, 5))
def test_gaps_along_a_line_are_filled_exactly(tmp_path_factory, gone, step):
    path = tmp_path_factory.mktemp("made") / "made.csv"
    start = date(2001, 1, 1)
    days = ((at, start + timedelta(at * step)) for at in range(100) if at not in gone)
    path.write_text(table(*(f"{day},{3 * at}" for at, day in days)))
    series = open_series(str(path))
    np.testing.assert_allclose(series.values, 3.0 * np.arange(100))
    assert series.steps.label(99) == str(start + timedelta(99 * step))
    assert len(series.notes) == bool(gone)


CELLS = st.sampled_from(
    ["", "1", "2.5", "-3", "x", "nan", "2000-01", "2000-02", "2000", "1/2/2000", '"', "NA", "1,5"]
)


@given(
    st.lists(st.lists(CELLS, max_size=4), max_size=8),
    st.sampled_from([",", ";", "\t", " "]),
    st.text(max_size=8),
    st.sampled_from([None, "1", "2", "none", "x"]),
)
def test_whatever_a_file_holds_is_a_series_or_an_error_in_words(
    tmp_path_factory, rows, delimiter, more, dates
):
    path = tmp_path_factory.mktemp("any") / "any.csv"
    text = "\n".join(delimiter.join(row) for row in rows) + more
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        series = open_series(str(path), date_column=dates)
    except RnntermError as error:
        assert "\n" not in str(error)
        return
    assert np.isfinite(series.values).all()
    assert series.describe()
    assert len(series.steps.axis(len(series))[0]) == len(series) > 1


def test_a_row_of_more_cells_than_columns_is_refused_by_its_number(read):
    for text in ("day,sales\n2000-01-01,1\n2000-01-02,1,234\n", "1,2\n3,4\n5,6,7\n"):
        with pytest.raises(RnntermError, match="row 3 has 3 cells, the first row only 2"):
            read(text)
    late = table(*(f"{month},{at}" for at, month in enumerate(months(1500)))) + "2200-01,1,5\n"
    with pytest.raises(RnntermError, match="row 1502 has 3 cells"):
        read(late)


def test_empty_cells_at_the_end_of_rows_are_left_out_and_said(read):
    series = read("day,sales\n2000-01-01,1,\n2000-01-02,2,,\n2000-01-03,4\n")
    assert series.values.tolist() == [1, 2, 4]
    assert any("beyond column 2 in 2 rows" in note for note in series.notes)
    assert not any("beyond" in note for note in read("day,a\n2000-01-01,1\n2000-01-02,2\n").notes)


def test_fractions_of_a_second_are_kept_to_the_third_decimal_and_else_said(read):
    rows = [f"2000-01-01T00:00:0{at // 2}.{'05'[at % 2]}00{{}},{at}" for at in range(12)]
    plain = read(table(*(row.format("") for row in rows)))
    assert plain.steps.label(1) == "2000-01-01T00:00:00.500"
    assert plain.notes == read(table(*(row.format("000") for row in rows))).notes
    fine = read(table(*(row.format("25") for row in rows)))
    assert any("third decimal" in note for note in fine.notes)

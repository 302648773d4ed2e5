"""`rnnterm explore`: units that follow a feature, that return, that are changed; two models."""

import json
from itertools import islice

import pytest
from installed import run_command

from rnnterm.cli.explore import match
from rnnterm.cli.explore.asked import ask
from rnnterm.explore.matching import scan_corpus

TEXT = "the cat [/red] sat on the mat. the cat sat"
CORPUS = "the cat [/red] sat\x1b[31m on the mat. " * 100


@pytest.fixture
def folders(trained) -> dict[str, str]:
    """The surroundings in which the text that `cat` learnt is at hand."""
    return {"RNNTERM_RUNS": str(trained), "RNNTERM_CACHE": str(trained.parent / "cache")}


@pytest.fixture
def explore(run_here, folders):
    def command(*arguments, env=None, text=TEXT):
        options = () if text is None else ("--text", text)
        return run_here("explore", "cat", *options, *arguments, env=env or folders)

    return command


def figures(answer):
    assert answer.code == 0, answer.err
    assert answer.out.isascii()
    return json.loads(answer.out)


def test_the_features_are_listed_without_a_text(explore):
    answer = explore("--find", "list", text=None)
    assert (answer.code, answer.err) == (0, "")
    names = [line.split()[0] for line in answer.out.splitlines()]
    assert names[0] == "quotes"
    assert names[-1] == "/PATTERN/"
    told = figures(explore("--find", "list", "--json", text=None))
    assert [one["name"] for one in told["features"]] == names[:-1]


def test_find_ranks_every_unit(explore):
    told = figures(explore("--find", "space", "--json"))
    assert sorted(one["unit"] for one in told["units"]) == list(range(24))
    sizes = [abs(one["score"]) for one in told["units"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 0.7  # a blank is what the model has just read
    assert set(told["probe"]["weights"]) <= {str(unit) for unit in range(24)}
    assert told["probe"]["held_out"] > 0.8
    answer = explore("--find", "/ca./", "--top", 3, "--show", "c")
    assert answer.code == 0, answer.err
    assert "/ca./  inside a match of your regular expression\nyes at 6 of 42" in answer.out
    listed = [line.split()[:2] for line in answer.out.splitlines() if line.startswith("unit ")]
    assert len(listed) == 4  # three, and the one that the text is tinted by
    assert listed[3] == listed[0]


def test_a_text_too_short_for_a_probe_still_has_its_units(explore):
    answer = explore("--find", "/mat/")
    assert answer.code == 0, answer.err
    assert "none: the probe needs a longer text" in answer.out
    assert figures(explore("--find", "/mat/", "--json"))["probe"] is None


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--find", "quote"], 2, "no feature 'quote'"),
        (["--find", "/(/"], 2, "wrong at character 1"),
        (["--find", "url"], 1, "no character of this text"),
        (["--match", "7"], 2, "is no span"),
        (["--match", "3:99"], 2, "characters 1 to 42"),
        (["--match", "5:7", "--threshold", "0.9999"], 1, "a threshold of"),
        (["--clamp", "24=1"], 2, "no unit 24: they go from 0 to 23"),
        (["--clamp", "hello"], 2, "write 73=0.5"),
        (["--clamp", "1=off", "--corpus", "nonesuch"], 2, "no corpus 'nonesuch'"),
        (["--compare", "nonesuch"], 2, "no model or run 'nonesuch'"),
        (["--threshold", "0.3"], 2, "part of --match"),
        (["--find", "space", "--clamp", "1=off"], 2, "two questions"),
        (["--find", "space", "--unit", "3"], 2, "--find does not depend on --unit"),
        (["--compare", "cat", "--layer", "1"], 2, "--compare does not depend on --layer"),
        (["--rng-seed", "1"], 2, "the view of the steps does not depend on --rng-seed"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(explore, options, code, says):
    answer = explore(*options)
    assert (answer.code, answer.out) == (code, "")
    assert says in answer.err
    assert len(answer.err.splitlines()) == 1


def test_match_finds_the_same_word_elsewhere(explore):
    told = figures(explore("--match", "5:7", "--open-ended", "--threshold", "0.2", "--json"))
    assert told["selected"] == "cat"
    assert told["searched"] == told["corpus_characters"] == len(CORPUS)
    assert told["corpus"] == "cat"
    place = told["places"][0]
    assert len(place["units"]) == len(told["units"])
    assert CORPUS[place["start"] - 1 : place["end"]] == place["text"]
    assert CORPUS[: place["start"] - 1].endswith(place["before"])
    counts = [len(one["units"]) for one in told["places"]]
    assert counts == sorted(counts, reverse=True)
    answer = explore("--match", "5:7", "--open-ended", "--threshold", "0.2", "--top", 3)
    rows = answer.out.split("mean", 1)[1].splitlines()[1:]
    assert len(rows) == 3
    assert all("⟨" in row and "⟩" in row and len(row) <= 80 for row in rows)
    begins = explore("--match", "1:1", "--open-ended", "--threshold", "0.01", "--top", 100)
    assert max(map(len, begins.out.splitlines())) <= 80  # also beside a text's first characters
    assert f"{len(CORPUS):,} of {len(CORPUS):,} characters of cat (100%)" in answer.out
    part = explore("--match", "5:7", "--open-ended", "--threshold", "0.2", "--characters", 1000)
    assert "searched 1,000 of 3,600 characters" in part.out


def test_nothing_found_offers_a_threshold_that_finds(explore):
    asked = ["--match", "5:7", "--open-ended", "--threshold", "0.2", "--json"]
    told = figures(explore(*asked, "--corpus-threshold", "0.99999"))
    assert told["places"] == []
    assert "nowhere else" in told["why_empty"]
    offered = told["offered_threshold"]
    assert figures(explore(*asked, "--corpus-threshold", offered))["places"]


def test_a_text_that_is_gone_is_replaced_and_said(explore, trained, tmp_path):
    gone = {"RNNTERM_RUNS": str(trained), "RNNTERM_CACHE": str(tmp_path)}
    answer = explore("--clamp", "3=off", "--length", 5, env=gone)
    assert answer.code == 0, answer.err
    assert "not at hand: moby-dick is read instead" in answer.err
    assert "held-out part of moby-dick" in answer.out


def test_clamp_is_reproducible_and_tells_its_cost(explore, folders):
    asked = ["--clamp", "0-11=off", "--clamp", "c:20=2", "--rng-seed", 7, "--length", 60, "--json"]
    told = figures(explore(*asked))
    assert told == figures(explore(*asked))
    assert len(told["untouched"]) == len(told["changed"]) == 60
    assert len(told["interventions"]) == 13
    assert told["interventions"][-1] == {
        "layer": 1, "state": "c", "unit": 20, "action": "set", "value": 2.0,
    }  # fmt: skip
    shared = told["shared_characters"]
    assert told["untouched"][:shared] == told["changed"][:shared]
    assert told["effect"]["bits"] > 0.05
    assert told["effect"]["corpus"] == "the held-out part of cat"
    plain = run_command(
        "generate", "--model", "cat", "--seed", TEXT, "--rng-seed", 7, "--length", 60, "--raw",
        env=folders,
    )  # fmt: skip
    assert plain.out == told["untouched"]
    answer = explore("--clamp", "3*1", "--rng-seed", 7, "--length", 60)
    assert "the same throughout" in answer.out
    assert "+0.0000 bits" in answer.out


def test_saturation_shows_every_gate(explore):
    told = figures(explore("--saturation", "--json"))
    assert list(told["gates"]) == ["i", "f", "o"]
    assert all(len(gate["open"]) == len(gate["shut"]) == 24 for gate in told["gates"].values())
    assert "the forget gate" in explore("--saturation").out


def test_compare_with_itself_and_with_another(explore):
    same = figures(explore("--compare", "cat", "--json"))
    assert same["bits_per_char"] == 0
    assert same["words"] == []
    answer = explore("--compare", "shakespeare", "--top", 4)
    assert "shakespeare does not know" in answer.err
    told = figures(explore("--compare", "shakespeare", "--json"))
    assert told["unknown_to_other_count"] == 3  # the brackets and the slash
    assert told["characters"] == len(TEXT) - 3
    assert told["bits_per_char"] > 1  # it is cat's own text
    mine, theirs = told["models"]
    assert theirs["bits"] - mine["bits"] == pytest.approx(sum(told["difference"]))
    assert [one["bits"] for one in told["words"]] == sorted(
        (one["bits"] for one in told["words"]), key=abs, reverse=True
    )
    rows = answer.out.split("where they differ most", 1)[1].splitlines()[1:]
    assert len(rows) == 4


@pytest.mark.parametrize(
    "question",
    [
        ["--find", "space"],
        ["--saturation"],
        ["--match", "5:7", "--open-ended", "--threshold", "0.2"],
        ["--clamp", "0-9=off", "--clamp", "12*3", "--length", "200"],
        ["--compare", "shakespeare"],
    ],
)
def test_no_line_is_wider_than_a_narrow_terminal(explore, folders, question):
    text = "the cat [/red] sat\x1b[31m on the mat. " * 4
    answer = explore(*question, text=text, env=folders | {"COLUMNS": "60"})
    assert answer.code == 0, answer.err
    assert "\x1b" not in answer.out
    assert max(map(len, answer.out.splitlines())) <= 60


def test_an_export_holds_the_answer(explore, tmp_path):
    page = tmp_path / "found.html"
    answer = explore("--find", "space", "--export", page)
    assert answer.code == 0, answer.err
    assert "unit " in page.read_text()


def test_ctrl_c_keeps_what_a_search_has_found(folders, monkeypatch, capsys):
    for name, value in folders.items():
        monkeypatch.setenv(name, value)

    def interrupted(*arguments, **more):
        search = scan_corpus(*arguments, **more)
        yield from islice(search, 30)
        raise KeyboardInterrupt

    monkeypatch.setattr(match, "scan_corpus", interrupted)
    asked = ask("cat", TEXT, layer=None, unit=None, step=None, show=None, rng_seed=1, runs_dir=None)
    given = dict.fromkeys(("corpus", "corpus_threshold", "characters", "top"))
    told = match.match(
        asked, given | {"match": "5:7", "open_ended": True, "threshold": 0.2}
    ).as_json()
    assert told["places"]
    assert 0 < told["searched"] < told["corpus_characters"]
    assert "ended at 29%" in capsys.readouterr().err

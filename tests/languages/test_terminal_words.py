"""What commands say in the terminal, in the language of the course; what programs read stays English."""

from __future__ import annotations

import pytest
from tiny import small_course

from grader import cli
from grader.errors import MachineryError, UsageError
from grader.exit_codes import AUTHORING, USAGE, exit_code
from grader.languages.extraction import of_source
from grader.languages.recorded import recorded, said
from grader.languages.translating import speaking


def in_language(paths, code):
    toml = paths.course_toml
    toml.write_text(f'language = "{code}"\n{toml.read_text(encoding="utf-8")}', encoding="utf-8")
    return paths


@pytest.fixture
def german(tmp_path, monkeypatch):
    """A small course in German that the commands of this process work on."""
    paths = in_language(small_course(tmp_path / "course"), "de")
    monkeypatch.setenv("GRADER_COURSE", str(paths.root))
    return paths


def test_an_error_is_said_in_the_language_of_the_course(german, capsys):
    assert cli.main(["grade", "tiny"]) == USAGE
    assert capsys.readouterr().err == (
        "grader: für tiny ist nichts eingesammelt; rufen Sie `grader collect tiny DOWNLOAD...` auf oder nennen Sie "
        "die Dateien oder Ordner, die zu bewerten sind\n"
    )


def test_where_the_course_cannot_be_read_that_is_said_in_english(german, capsys):
    german.course_toml.write_text('language = ["de"]')
    assert cli.main(["marks"]) == AUTHORING
    assert "component is missing" in capsys.readouterr().err
    german.course_toml.write_text("language = ")
    assert cli.main(["marks"]) == AUTHORING
    assert "not valid TOML" in capsys.readouterr().err


def test_what_stands_at_a_placeholder_is_translated_where_it_is_a_sentence_of_ours():
    with speaking("de"):
        assert said(UsageError("--submission a.ipynb: a link, not a file")) == (
            "--submission a.ipynb: ein Link, keine Datei"
        )
        assert said(UsageError("roster.csv has 3 students; add --replace to write a new one")) == (
            "roster.csv hat 3 Teilnehmende; ergänzen Sie --replace, um eine neue zu schreiben"
        )
        assert said(UsageError("the author's own: a sentence")) == "the author's own: a sentence"
    assert said(UsageError("a link, not a file")) == "a link, not a file"


def test_what_the_machine_says_of_a_file_has_a_sentence_of_ours_around_it(capsys):
    def lost():
        raise FileNotFoundError(2, "No such file or directory", "a.csv")

    with speaking("de"):
        assert exit_code(lost) == USAGE
    assert capsys.readouterr().err == (
        "grader: a.csv kann nicht gelesen oder geschrieben werden: No such file or directory\n"
    )


@pytest.mark.parametrize(
    ("raised", "templates"),
    [
        ('raise UsageError("which one?")', ["which one?"]),
        ('raise UsageError(f"{file}: {len(rows)} rows in {file}, {rows[0]} at {self.place!r}")',
         ["{file}: {rows} rows in {file}, {rows2} at {place}"]),
        ('raise UsageError(f"{a}: no {b!r}{did_you_mean(b, all)}")', ["{a}: no {b}{close}"]),
        ('raise UsageError("no link" if link else f"no {kind} of it")', ["no link", "no {kind} of it"]),
        ('errors.append(MachineryError(f"write {{}} at {n + 1}"))', ["write {{}} at {value}"]),
        ('raise UsageError(f"{where}: {why}")', []),
        ("raise UsageError(why)", []),
        ('def f():\n    how = f"; name {a}, or b" if a else ""\n    raise UsageError(f"no {b}{how}")',
         ["no {b}{how}", "name {a}, or b"]),
        ('raise UsageError(f"no {b} {f\'in {here} there\' if here else \'at all, anywhere\'}")',
         ["no {b} {value}", "in {here} there", "at all, anywhere"]),
        ('raise ValueError("not for people")', []),
    ],
)  # fmt: skip
def test_what_an_error_says_is_a_message_of_its_own(raised, templates):
    assert [(message.context, message.text) for message in of_source(raised, "x.py")] == [
        ("said", text) for text in templates
    ]


def test_an_error_is_made_in_english_for_it_may_go_on_record():
    with speaking("de"):
        assert str(MachineryError("the host of the workers ended")) == "the host of the workers ended"


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("'Anna' has handed in nothing for a1 and is not on the roster (did you mean 'Ann'?)",
         "'Anna' hat für a1 nichts abgegeben und steht nicht auf der Teilnehmerliste (meinten Sie 'Ann'?)"),
        ("'Anna' has handed in nothing for a1", "'Anna' hat für a1 nichts abgegeben"),
        ("roster.csv has 3 students; 2 of its students are not in a.csv: ada, bob; add --replace to write a new one",
         "roster.csv hat 3 Teilnehmende; davon fehlen 2 in a.csv: ada, bob; ergänzen Sie --replace, um eine neue zu "
         "schreiben"),
        ("course.toml: component[1] (a): best must be from 1 to 1, the number of items; got 3",
         "course.toml: component[1] (a): best muss von 1 bis 1 sein, der Zahl der Leistungen; angegeben ist 3"),
        ("marks/exam.csv, line 3, column exam: 55 is above the maximum of 50",
         "marks/exam.csv, Zeile 3, Spalte exam: 55 liegt über dem Maximum 50"),
        ("1100010: sorting open; left empty", "1100010: sorting offen; bleibt leer"),
    ],
)  # fmt: skip
def test_no_piece_of_a_sentence_stays_in_english(english, german):
    with speaking("de"):
        assert said(UsageError(english)) == german


def test_a_reason_of_several_pieces_stays_within_its_sentence():
    with speaking("de"):
        assert recorded("q1 3 -> 3.5 points by hand (a; b); comment: c") == (
            "q1 3 -> 3,5 Punkte von Hand (a; b); Kommentar: c"
        )
        assert recorded("all 0 -> 5 points by hand (a)") == "insgesamt 0 -> 5 Punkte von Hand (a)"

"""The catalogues against the sources: nothing stale, nothing untranslated, the same placeholders; how they are read."""

from __future__ import annotations

import gettext
import io
import string
from datetime import UTC, datetime

import pytest

from grader.course.config import read_course
from grader.errors import AuthoringError
from grader.languages import po
from grader.languages import recorded as recording
from grader.languages.__main__ import HERE, update
from grader.languages.extraction import messages, of_source
from grader.languages.formats import figure, listed, moment
from grader.languages.recorded import recorded
from grader.languages.translating import ENGLISH, Language, language, languages, speaking, spoken, tr, trc, trn
from grader.pages.markup import document, el, within
from grader.paths import Paths

TRANSLATED = [code for code in languages() if code != ENGLISH]
ADVICE = "run `python -m grader.languages`, then translate what it lists"


def catalogue(code: str) -> dict[str, list[po.Message]]:
    """Room -> the messages of its file, the head included."""
    return {file.stem: po.read(file.read_text(encoding="utf-8")) for file in sorted((HERE / code).glob("*.po"))}


def placeholders(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_catalogue_holds_what_the_sources_hold_and_nothing_else(code):
    held = {
        room: [po.without_forms(each) for each in several if each.text] for room, several in catalogue(code).items()
    }
    assert held == messages(), ADVICE


@pytest.mark.parametrize("code", TRANSLATED)
def test_everything_is_translated(code):
    missing = [each.text for several in catalogue(code).values() for each in several if not each.translated]
    assert missing == [], ADVICE


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_message(code):
    wrong = []
    for several in catalogue(code).values():
        for each in several[1:]:
            allowed = [placeholders(each.text), placeholders(each.plural or each.text)]
            wrong += [form for form in each.forms if placeholders(form) not in allowed]
            assert not any(set(form) & set("\r\x00") for form in each.forms)
    assert wrong == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_message_of_two_rooms_says_the_same_in_both(code):
    said: dict[tuple[str, str], tuple[str, ...]] = {}
    apart = []
    for several in catalogue(code).values():  # the heads among them
        apart += [each.text for each in several if said.setdefault(each.key, each.forms) != each.forms]
    assert apart == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_language_has_as_many_forms_as_its_head_says(code):
    head, *_ = catalogue(code)["languages"]
    count = int(head.forms[0].partition("nplurals=")[2].partition(";")[0])
    plurals = [each for several in catalogue(code).values() for each in several if each.plural]
    assert [each.text for each in plurals if len(each.forms) != count] == []
    assert f"Language: {code}\n" in head.forms[0]


def test_bringing_a_catalogue_up_to_date_changes_nothing_where_it_is(tmp_path):
    for file in (HERE / "de").glob("*.po"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    assert update(tmp_path, "de") == []
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == {
        file.name: file.read_bytes() for file in (HERE / "de").glob("*.po")
    }


def test_a_new_language_begins_with_every_message_untranslated(tmp_path):
    missing = update(tmp_path / "hi", "hi")
    assert len(missing) == sum(map(len, messages().values()))
    assert {file.stem for file in (tmp_path / "hi").glob("*.po")} == set(messages())


@pytest.mark.parametrize("source", ['tr(f"{n} pages")', 'tr("a" + b)', "mark(text)", 'trn("{n} page", n)'])
def test_what_is_no_literal_is_refused(source):
    with pytest.raises(ValueError, match=r"x\.py, line 1"):
        list(of_source(source, "x.py"))


# ------------------------------------------------------------------------------------------------ files


AWKWARD = po.Message(
    'a "quoted" \\ back\tslash\nand a second line', "{n} of them", "a context", ("x.py",), ("ä", "ö\n")
)


def test_what_is_written_is_read_back():
    long = po.Message("word " * 60 + "\n" + "x" * 200, forms=("wort " * 60,))
    head = po.Message("", forms=("Language: de\nPlural-Forms: nplurals=2; plural=(n != 1);\n",))
    assert po.read(po.written([head, AWKWARD, long])) == [head, AWKWARD, long]


@pytest.mark.parametrize("line", ['msgid "no end', '"nothing before"', "msgid bare", 'msgstr "a" "b"'])
def test_a_broken_file_is_said_to_be_one(line):
    with pytest.raises(ValueError, match="no line of a catalogue"):
        po.read(line)


def test_gettext_reads_what_is_compiled():
    head = po.Message(
        "", forms=("Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n > 1);\n",)
    )
    plural = po.Message("{n} page", "{n} pages", forms=("eine", "{n} viele"))
    words = [head, plural, po.Message("open", forms=("offen",)), po.Message("open", context="verb", forms=("öffnen",))]
    read = gettext.GNUTranslations(io.BytesIO(po.compiled([*words, po.Message("not yet", forms=("",))])))
    assert (
        read.ngettext("{n} page", "{n} pages", 0) == "eine" and read.ngettext("{n} page", "{n} pages", 2) == "{n} viele"
    )
    assert (read.gettext("open"), read.pgettext("verb", "open"), read.gettext("not yet")) == (
        "offen",
        "öffnen",
        "not yet",
    )


# ------------------------------------------------------------------------------------------------ speaking


def german(*messages: po.Message) -> Language:
    head = po.Message(
        "", forms=("Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n",)
    )
    return Language.of("de", [head, *messages])


def test_nothing_is_translated_unless_it_is_asked_for():
    with speaking(german(po.Message("{a} of {b}", forms=("von {b} sind es {a}",)))):
        assert tr("{a} of {b}", a=1, b=2) == "von 2 sind es 1" and tr("{a} or {b}", a=1, b=2) == "1 or 2"
        with speaking("en"):
            assert tr("{a} of {b}", a=1, b=2) == "1 of 2"
        assert spoken().code == "de"
    assert spoken().code == "en" and tr("{a} of {b}", a=1, b=2) == "1 of 2"


def test_forms_and_contexts():
    forms = po.Message(
        "{n} page of {book}", "{n} pages of {book}", forms=("eine Seite von {book}", "{n} Seiten von {book}")
    )
    with speaking(german(forms, po.Message("open", context="state", forms=("offen",)))):
        said = [trn("{n} page of {book}", "{n} pages of {book}", n, book="B") for n in (0, 1, 2)]
        assert said == ["0 Seiten von B", "eine Seite von B", "2 Seiten von B"]
        assert trc("state", "open") == "offen" and trc("verb", "open") == "open"


def test_a_sentence_with_markup_escapes_what_is_none():
    link = el("a", "cell <3>", href="#c")
    said = within("<see> {place}, {place} & {rest}", place=link, rest="<b>")
    assert said == f"&lt;see&gt; {link}, {link} &amp; &lt;b&gt;"


def test_numbers_and_times_are_written_as_in_the_language():
    when = datetime(2026, 3, 2, 14, 5, 9, tzinfo=UTC)
    assert (figure("12.5"), moment(when), listed("abc")) == ("12.5", "Mon 02 Mar 2026, 14:05:09 (UTC)", "a, b and c")
    with speaking("de"):
        assert (figure("12.5"), listed("abc")) == ("12,5", "a, b und c")
        assert moment(when) == "Mo, 02. März 2026, 14:05:09 Uhr (UTC)"


def test_a_page_says_in_which_language_it_is():
    assert '<html lang="en">' in document("t", el("p", "x"))
    with speaking("de"):
        assert '<html lang="de">' in document("t", el("p", "x"))


# ------------------------------------------------------------------------------------------------ on record


def on_record(template: str, form: str) -> po.Message:
    return po.Message(template, context="on record", forms=(form,))


def test_what_is_on_record_is_translated_by_its_template():
    known = german(
        on_record("{what} has shape {shape}, expected {shape2}.", "{what}: Form {shape2} erwartet, nicht {shape}."),
        on_record("{n} days late", "{n} Tage zu spät"),
        on_record("an int", "eine ganze Zahl"),
        on_record("{what} is {noun}, expected {noun2}.", "{what} ist {noun}, erwartet: {noun2}."),
        po.Message(".", context="decimal mark", forms=(",",)),
        on_record("cost {number} s", "kostet {number} s"),
    )
    with speaking(known):
        assert recorded("softmax has shape (3,), expected (3, 5).") == "softmax: Form (3, 5) erwartet, nicht (3,)."
        assert recorded("x is an int, expected a list.") == "x ist eine ganze Zahl, erwartet: a list."
        assert (
            recorded("2 days late; ill, says the doctor; cost 1.5 s")
            == "2 Tage zu spät; ill, says the doctor; kostet 1,5 s"
        )
        assert recorded("2 days latest") == "2 days latest" and recorded("") == ""
    assert recorded("2 days late") == "2 days late"


# ------------------------------------------------------------------------------------------------ the course


def test_the_course_names_its_language(course):
    toml = course / "course.toml"
    assert read_course(Paths(course)).language == "en"
    toml.write_text(f'language = "de"\n{toml.read_text()}')
    assert read_course(Paths(course)).language == "de"
    toml.write_text(toml.read_text().replace('"de"', '"klingon"', 1))
    with pytest.raises(AuthoringError, match=r"language must be one of de, en, got 'klingon'"):
        read_course(Paths(course))


def test_a_language_can_be_tried_before_it_is_part_of_the_program(tmp_path, monkeypatch):
    update(tmp_path / "qps", "qps")
    monkeypatch.setenv("GRADER_LANGUAGES", str(tmp_path))
    assert languages() == ("de", "en", "qps")
    assert language("qps").code == "qps"
    monkeypatch.delenv("GRADER_LANGUAGES")
    language.cache_clear()
    with pytest.raises(KeyError):
        language("qps")


@pytest.mark.parametrize(
    "text",
    ["a. " * 600 + "a", "a; a: " * 300 + "a", "x" * 100_000, ("a: a: a: a. " * 5 + "; ") * 30 + "a", "; . : ; . "],
)
def test_a_students_words_choose_little_of_what_translating_costs(text, monkeypatch):
    looked, whole = [], recording._whole
    monkeypatch.setattr(recording, "_whole", lambda piece, of: looked.append(piece) or whole(piece, of))
    with speaking("de"):
        assert recorded(text) == text
    assert len(looked) <= 1000  # pieces, each held against every template: a third of a second

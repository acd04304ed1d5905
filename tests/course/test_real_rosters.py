"""Lists of students as registrars, platforms and spreadsheets give them: read where certain, else a sentence."""

from __future__ import annotations

import pytest

from grader.course.roster_tables import students_of
from grader.course.sheets import Student, read_marks, read_roster, roster_at
from grader.errors import AuthoringError
from grader.paths import Paths

ZOE = ("0042", "Zoë Müller", "z@x.edu")
LEI = ("0042", "李 雷", "z@x.edu")


def students(raw, encoding="", **named):
    found = students_of(raw.encode() if isinstance(raw, str) else raw, "people.csv", encoding, named)
    return [(each.id, each.name, each.email) for each in found.students]


# --- the same student in every language and form


@pytest.mark.parametrize(
    ("table", "student"),
    [
        pytest.param("First name,Last name,ID number,Email address\nZoë,Müller,0042,z@x.edu\n", ZOE, id="English"),
        pytest.param("Vorname;Nachname;ID-Nummer;E-Mail-Adresse\nZoë;Müller;0042;z@x.edu\n", ZOE, id="German"),
        pytest.param(
            "Prénom;Nom de famille;Numéro d’identification;Adresse de courriel\nZoë;Müller;0042;z@x.edu\n", ZOE,
            id="French",
        ),
        pytest.param("Nombre,Apellido(s),Número de ID,Dirección de correo\nZoë,Müller,0042,z@x.edu\n", ZOE,
                     id="Spanish"),
        pytest.param("Nome;Cognome;Matricola;Indirizzo email\nZoë;Müller;0042;z@x.edu\n", ZOE, id="Italian"),
        pytest.param(
            "Nome,Sobrenome,Número de identificação,Endereço de email\nZoë,Müller,0042,z@x.edu\n", ZOE, id="Portuguese"
        ),
        pytest.param("Voornaam;Achternaam;Studentnummer;E-mailadres\nZoë;Müller;0042;z@x.edu\n", ZOE, id="Dutch"),
        pytest.param("名,姓,学号,电子邮件地址\n雷,李,0042,z@x.edu\n", LEI, id="Chinese, last name first"),
        pytest.param("学籍番号\t氏名\tメールアドレス\n0042\t李 雷\tz@x.edu\n", LEI, id="Japanese"),
        pytest.param(
            "Pre\u0301nom,Nom,Nume\u0301ro e\u0301tudiant,Courriel\nZoë,Müller,0042,z@x.edu\n", ZOE,
            id="a heading in other letters",
        ),
    ],
)  # fmt: skip
def test_a_list_of_students_in_the_language_of_the_site(table, student):
    for text in (table, table.replace("\n", "\r\n"), table.replace("\n", "\r"), table.rstrip("\n")):
        assert students(text) == [student]
    assert students(b"\xff\xfe" + table.encode("utf-16-le")) == [student]


@pytest.mark.parametrize(
    "table",
    [
        pytest.param('Name,ID number,Email\nZoë Müller,"=""0042""",z@x.edu\n', id="a formula that is text"),
        pytest.param('Name,ID number,Email\nZoë Müller,="0042",z@x.edu\n', id="that formula without quotes"),
        pytest.param("Name,ID number,Email\nZoë Müller,'0042,z@x.edu\n", id="an apostrophe for text"),
        pytest.param("Name,ID number,Email,,\nZoë Müller,0042,z@x.edu,,\n,,,,\n", id="empty columns and rows"),
        pytest.param("name,id NUMBER,EMAIL\nZoë Müller,0042,z@x.edu\n", id="headings in any case"),
        pytest.param("Name,ID number,Email\n\u200fZoë Müller\u200e,\ufeff0042\u200b, z@x.edu\xa0\n", id="no width"),
        pytest.param(
            "Class list CS101;;\nPrinted 2026-09-01, 10:00;;\n\nName;ID number;Email\nZoë Müller;0042;z@x.edu\n",
            id="lines above the header",
        ),
        pytest.param("CS101,Autumn\nName,ID number,Email\nZoë Müller,0042,z@x.edu\n", id="a merged row above"),
        pytest.param("sep=;\nName;ID number;Email\nZoë Müller;0042;z@x.edu\n", id="a line for Excel"),
        pytest.param(
            "Name,ID number,Email,Section,Section,Lecture section\nZoë Müller,0042,z@x.edu,A,B,C\n", id="sections twice"
        ),
        pytest.param("Name,ID number,Email\nZoë Müller,0042,z@x.edu\nTotal: 1,,\n", id="a total under the names"),
        pytest.param(
            "ID number,Name,Email\n0042,Zoë Müller,z@x.edu\nTotal students: 1,,\n", id="a total under the ids"
        ),
        pytest.param(
            "Student,ID,SIS User ID,SIS Login ID,Section,A1 (7),Current Score\n,,,,,Manual Posting,\n"
            '    Points Possible,,,,,10,(read only)\n"Zoë Müller",4001,0042,z@x.edu,"A and B",9,90\n'
            '"Student, Test",4999,,5f2b,A,,\n',
            id="Canvas's gradebook",
        ),
        pytest.param(
            "OrgDefinedId,Username,Last Name,First Name,Email,A1 Points Grade <Numeric MaxPoints:10>,"
            "End-of-Line Indicator\n#0042,#zm,Müller,Zoë,z@x.edu,9,#\n",
            id="Brightspace's grades",
        ),
        pytest.param(
            '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Email"\n"Müller"\t"Zoë"\t"zm"\t"0042"\t"z@x.edu"\n',
            id="Blackboard",
        ),
        pytest.param("Name,ID,Email\nZoë Müller,0042,z@x.edu\n", id="a column called ID"),
        pytest.param("SL,Roll No,Name\n1,0042,Zoë Müller\n", id="a list with numbers of its lines"),
        pytest.param(
            "ID,Vollständiger Name,ID-Nummer,E-Mail-Adresse,Bewertung\nTeilnehmer/in7,Zoë Müller,0042,z@x.edu,\n",
            id="Moodle's worksheet in German",
        ),
        pytest.param("Name,SID,Email,Role\nZoë Müller,0042,z@x.edu,Student\n", id="Gradescope's roster"),
    ],
)
def test_what_platforms_and_spreadsheets_put_around_a_student(table):
    found = [(student, name, mail or ZOE[2]) for student, name, mail in students(table)]
    assert found == [ZOE]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Zoë Müller", "cp1252"), ("李 雷", "big5"), ("李 雷", "gb18030"), ("表 太郎", "shift_jis"),
        ("김 민수", "cp949"), ("Łukasz Żak", "cp1250"), ("Иван Петров", "cp1251"), ("محمد علي", "cp1256"),
        ("Zoë Müller", "utf-16-le"),
    ],
)  # fmt: skip
def test_an_encoding_is_said_and_never_guessed(name, encoding):
    raw = f"Name,ID number\n{name},0042\n".encode(encoding)
    assert students(raw, encoding)[0][:2] == ("0042", name)
    with pytest.raises(AuthoringError, match=r"people.csv: .*; save it as CSV UTF-8, or say how it is written: --enc"):
        students(raw)


def test_a_column_may_be_named_where_its_heading_is_not_known():
    table = "Kód;Celé jméno;Pošta\n0042;Zoë Müller;z@x.edu\n"
    with pytest.raises(AuthoringError, match="there is: Kód, Celé jméno, Pošta; say which it is: --column 'student="):
        students(table)
    assert students(table, student="Kód", name="celé jméno", email="Pošta") == [ZOE]
    with pytest.raises(AuthoringError, match="--column student=Kod: no column 'Kod'; there is: Kód, "):
        students(table, student="Kod")


def test_what_stands_above_the_header_is_said():
    found = students_of(b"Class list\nCS101;;\nName;ID number\nZoe;0042\n\nTotal;\n", "people.csv")
    assert (found.above, found.left_out) == (("Class list", "CS101;;"), ("line 6: no ID number (Total)",))


# --- what is refused


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("Name,ID number\nA,1.23E+10\nB,1.24E+10\n", "line 2, column ID number: '1.23E+10' is a number that a spre"),
        ('Name,ID number\nA,"1,23E+10"\n', "line 2, column ID number: '1,23E+10' is a number that a spreadsheet ro"),
        (
            "Name,ID number\nA,20210042.0\n",
            "line 2, column ID number: '20210042.0' is a number that a spreadsheet gave",
        ),
        ("Name,ID number\nA,1\0\n", "it holds bytes of zero, as UTF-16 without its mark does"),
        ("<html><body><table><tr><td>ID number</td></tr></table>", "no column of ids"),
        ('Name,ID number\n"A,1\nB,2\n', "not a CSV table: "),
        ("x" * 300_000, "no column of ids"),
        ("ID,Vollständiger Name,Bewertung\nTeilnehmer/in7,Zoë Müller,\n", "no column of ids"),
        ('Name,"Matricu\nlation"\nA,1\n', "there is: Name, Matricu lation;"),
    ],
)
def test_what_cannot_be_certain_is_a_sentence(table, says):
    with pytest.raises(AuthoringError) as error:
        students(table)
    assert says in str(error.value) and "\n" not in str(error.value) and len(str(error.value)) < 700


@pytest.fixture
def paths(tmp_path):
    (tmp_path / "marks").mkdir()
    return Paths(tmp_path)


def test_a_roster_that_a_spreadsheet_spoilt_is_told_at_once(paths):
    paths.roster_csv.write_text("student,name\ncs01,Ann\n2.02E+10,Bo\n")
    with pytest.raises(
        AuthoringError, match=r"line 3, column student: '2.02E\+10' is a number that .* the format Text"
    ):
        read_roster(paths)


def test_known_headings_may_be_in_capitals(paths):
    paths.roster_csv.write_text("Student,NAME,Email\ncs01,Ann,a@x\n")
    assert read_roster(paths)[0].name == "Ann"
    (paths.marks_folder / "m.csv").write_text('Student,Name,Quiz\nmax,,10\n="cs01",Ann,7\n')
    assert list(read_marks(paths, ["quiz"], [], [Student("cs01")])["quiz"].entries) == ["cs01"]
    paths.roster_csv.write_text("student,Student\ncs01,Ann\n")
    with pytest.raises(AuthoringError, match="unknown column 'Student'"):
        read_roster(paths, None)


def test_nobody_is_asked_for_the_encoding_of_a_workbook() -> None:
    with pytest.raises(AuthoringError) as told:
        students_of(b"PK\x03\x04 a workbook", "people.xlsx")
    assert str(told.value) == "people.xlsx: a workbook, not a CSV table; save it as CSV UTF-8"


def test_a_roster_that_is_not_there_is_told_how_it_looks(tmp_path):
    with pytest.raises(AuthoringError) as told:
        roster_at(tmp_path / "roster.csv", [])
    assert "student,name,email,lms_id,group" in str(told.value) and "grader roster import FILE" in str(told.value)

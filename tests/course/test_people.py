"""Who of the roster is meant: exactly, or nobody."""

import pytest

from grader.course.people import Person, Roster
from grader.course.sheets import Student

ASHA, ASHA_DEVI, ARUN, ARUN2, JOSE = "CS21B001", "CS21B002", "CS21B003", "CS21B004", "CS21B005"
STUDENTS = [
    Student(ASHA, "Asha Rao", "asha.rao@iit.example", "4312"),
    Student(ASHA_DEVI, "\u0906\u0936\u093e \u0926\u0947\u0935\u0940", "devi@iit.example", "4313"),
    Student(ARUN, "Arun Kumar", "arun1@iit.example"),
    Student(ARUN2, "Arun Kumar", "arun2@iit.example"),
    Student(JOSE, "P\u00e9rez Garc\u00eda, Jos\u00e9", "jose@iit.example", "7"),
    Student("9", "Nine"),
    Student("4399", "Somebody Else"),
]
ROSTER = Roster(STUDENTS, {"Team Rocket": (ASHA, ARUN), "r.asha (guest)": (ASHA,)})


def text(value):
    return Person(texts=(value,), within=value)


@pytest.mark.parametrize(
    ("person", "student", "how"),
    [
        pytest.param(text("cs21b001"), ASHA, "id", id="id in another case"),
        pytest.param(text("Asha.Rao@IIT.example"), ASHA, "e-mail", id="e-mail"),
        pytest.param(text("asha.rao"), ASHA, "e-mail name", id="the name in the e-mail address"),
        pytest.param(Person(lms_id="4312"), ASHA, "LMS id", id="the platform's number"),
        pytest.param(text("4313"), ASHA_DEVI, "LMS id", id="the platform's number as a folder's name"),
        pytest.param(Person("ASHA  RAO"), ASHA, "name", id="name in capitals"),
        pytest.param(Person("Rao, Asha"), ASHA, "name", id="last name first"),
        pytest.param(Person("Rao Asha"), ASHA, "name, last name first", id="last name first, no comma"),
        pytest.param(Person("\u0906\u0936\u093e_\u0926\u0947\u0935\u0940"), ASHA_DEVI, "name", id="another script"),
        pytest.param(Person("Jose\u0301 Pe\u0301rez Garci\u0301a"), JOSE, "name", id="letters put together otherwise"),
        pytest.param(Person(glued="raoasha"), ASHA, "name", id="glued, last name first"),
        pytest.param(Person(glued="p\u00e9rezgarc\u00edajos\u00e9"), JOSE, "name", id="glued, two last names"),
        pytest.param(Person(within="a1_CS21B002_final"), ASHA_DEVI, "id in its name", id="id in a file's name"),
        pytest.param(text("R.Asha guest"), ASHA, "alias", id="alias, punctuation aside"),
        pytest.param(Person("Asha Rao", ("unknown", "asha.rao@iit.example")), ASHA, "e-mail", id="second key"),
    ],
)
def test_what_fits_exactly_is_taken_and_says_by_what(person, student, how):
    match = ROSTER.match(person)
    assert (match.students, match.how) == ((student,), how)


@pytest.mark.parametrize(
    ("person", "near"),
    [
        pytest.param(text("CS21B0O1"), ASHA, id="a letter for a digit"),
        pytest.param(text("CS21B001x"), ASHA, id="a letter too many"),
        pytest.param(Person("Asha Raoo"), ASHA, id="a letter doubled"),
        pytest.param(Person("Asha K Rao"), ASHA, id="a name between"),
        pytest.param(Person("Jose Perez Garcia"), JOSE, id="accents left out"),
        pytest.param(Person(glued="raoasa"), ASHA, id="glued, a letter missing"),
    ],
)
def test_what_is_near_is_proposed_and_never_taken(person, near):
    match = ROSTER.match(person)
    assert match.students == ()
    assert match.near[0] == near
    assert ROSTER.match(person, propose=False).near == ()


@pytest.mark.parametrize(
    "person",
    [
        Person("Zebulon Xyz"),
        Person(),
        text(""),
        Person(within="a 9 b"),  # an id of one digit stands in many names
        Person("4312x"),
        Person(lms_id="4399"),  # a platform's number is no id of ours, though one of ours looks like that
    ],
    ids=["stranger", "nothing", "empty", "a digit in a name", "number and letter", "number that is an id"],
)
def test_who_does_not_fit_is_nobody(person):
    assert ROSTER.match(person).students == ()


def test_two_students_of_one_name_are_told_apart_by_hand():
    match = ROSTER.match(Person("Arun Kumar"))
    assert (match.students, match.doubt, match.near) == ((), "2 students fit", (ARUN, ARUN2))
    assert ROSTER.match(Person("Arun Kumar", ("arun2@iit.example",))).students == (ARUN2,)


def test_an_id_and_a_name_of_two_people_are_nobodys():
    match = ROSTER.match(Person("Asha Rao", ("devi@iit.example",)))
    assert match.students == ()
    assert match.doubt == f"its e-mail is that of {ASHA_DEVI}, its name that of {ASHA}"
    assert set(match.near) == {ASHA, ASHA_DEVI}


def test_where_ids_differ_by_zeros_alone_an_id_needs_a_name_or_an_address_beside_it():
    roster = Roster(
        [Student("42", "Jurgen Muller", "j@x"), Student("0042", "J\u00fcrgen M\u00fcller"), Student("7", "Wei")]
    )
    for person in (Person("Jurgen Muller", ("42",)), Person("Jurgen E.", ("42", "j@x")), Person("", ("42",))):
        assert roster.match(person).students == ("42",), person
    held = roster.match(Person("J\u00fcrgen E. M\u00fcller", ("42",)))
    assert (held.students, held.near) == ((), ("42", "0042"))
    assert held.doubt == "its id is that of 42, 0042 differs by zeros alone, and its name is nobody's"
    assert roster.match(Person("Wei-Wei", ("7",))).students == ("7",)


def test_a_name_that_stands_for_several_is_a_group():
    assert ROSTER.match(Person("team_rocket")).students == (ASHA, ARUN)
    assert ROSTER.match(Person(glued="teamrocket")).students == ()


def test_of_a_name_that_many_have_all_are_named():
    roster = Roster([Student(f"s{number}", "Wei Zhang") for number in range(5)])
    match = roster.match(Person("Wei Zhang"))
    assert (match.doubt, match.near) == ("5 students fit", ("s0", "s1", "s2", "s3", "s4"))


def test_ids_of_two_people_in_one_name_are_nobodys():
    match = ROSTER.match(Person(within="CS21B001_CS21B002"))
    assert (match.students, match.doubt) == ((), "2 students fit")


def test_a_name_alone_is_a_student_only_if_it_fits_exactly():
    assert ROSTER.is_student("CS21B001") and ROSTER.is_student("Asha Rao")
    assert not ROSTER.is_student("") and not ROSTER.is_student("Asha Raoo") and not ROSTER.is_student("Arun Kumar")


# --- what a person has and a student has not


@pytest.mark.parametrize(
    ("person", "says"),
    [
        pytest.param(Person("Asha Rao", ("CS77",)), f"its name is that of {ASHA}, and the id CS77 is not", id="id"),
        pytest.param(
            Person("Asha Rao", ("other@x.edu",)), f"its name is that of {ASHA}, and the address other@x.edu is not",
            id="address",
        ),
        pytest.param(
            Person("Rao, Asha", lms_id="4777"), f"its name is that of {ASHA}, and the number 4777 is not", id="number"
        ),
        pytest.param(
            Person("A. R.", ("asha.rao",), lms_id="4777"),
            f"its e-mail name is that of {ASHA}, and the number 4777 is not",
            id="a login is no proof against the platform's number",
        ),
        pytest.param(
            Person("Asha Rao", (ASHA, "devi@iit.example")), f"its id is that of {ASHA}, its e-mail that of {ASHA_DEVI}",
            id="id and address of two",
        ),
    ],
)  # fmt: skip
def test_an_id_that_is_not_the_students_rules_the_name_out(person, says):
    match = ROSTER.match(person)
    assert (match.students, match.doubt) == ((), says) and ASHA in match.near


def test_what_nothing_speaks_against_is_taken_by_name_and_is_not_sure():
    nine = ROSTER.match(Person("Nine", ("nine@x.edu",)))  # nobody knows an address of that student
    assert (nine.students, nine.sure) == (("9",), False)
    assert ROSTER.match(Person("Nine", ("9",))).sure


def test_an_alias_of_a_name_that_somebody_else_has_settles_nothing():
    roster = Roster([Student("1", "Wei Zhang"), Student("2", "Ann Lee", "lee@x")], {"Wei Zhang": ("2",), "Lee": ("2",)})
    assert (roster.match(Person("Wei Zhang")).students, roster.match(Person("Lee")).students) == ((), ("2",))
    assert roster.match(Person("Wei Zhang", ("lee@x",))).students == ("2",)  # the address and the alias agree
    both = Roster([Student("1", "Wei Zhang"), Student("2", "Wei Zhang")], {"Wei Zhang": ("1", "2")})
    assert both.match(Person("Wei Zhang")).students == ("1", "2")


def test_an_alias_of_an_id_settles_whose_a_name_is():
    roster = Roster(STUDENTS, {"cs77": (ASHA,)})
    match = roster.match(Person("Asha Rao", ("CS77",)))
    assert (match.students, match.how) == ((ASHA,), "alias")


@pytest.mark.parametrize(
    ("students", "person"),
    [
        ([Student("rao", "", "lee@x"), Student("lee", "", "rao@x")], Person(texts=("rao",))),
        ([Student("1", "James Thomas"), Student("2", "Thomas James")], Person("Thomas James")),
        ([Student("1", "Ann Alee"), Student("2", "Anna Lee")], Person(glued="annalee")),
        ([Student("smith", "Lee Lee"), Student("2", "Smith")], Person(texts=("Smith",))),
        ([Student("smith1")], Person(texts=("j_smith1",), within="j_smith1")),
        ([Student("cs-100"), Student("cs10")], Person(within="cs100-cs-1")),
        ([Student("4312")], Person(within="20-4312")),
        ([Student("cs21b001")], Person(texts=("2-cs21b001",), within="2-cs21b001")),
        ([Student("0042")], Person(texts=("42",), within="42")),
    ],
    ids=[
        "an id and a login", "names the other way round", "names glued", "an id and a name", "a part of a login",
        "ids with a dash", "a number behind a number", "an id behind a number", "zeros lost",
    ],
)  # fmt: skip
def test_what_two_could_be_is_nobodys(students, person):
    assert Roster(students).match(person).students == ()


def test_a_comma_says_which_name_is_the_last():
    roster = Roster([Student("1", "James Thomas"), Student("2", "Thomas James")])
    assert roster.match(Person("James, Thomas")).students == ("2",)


@pytest.mark.parametrize(
    ("on_the_roster", "found", "how"),
    [
        ("Sean O'Brien", "Sean OBrien", "name"),
        ("Sean O\u2019Brien", "O'Brien, Sean", "name"),
        ("Ana Luz Garc\u00eda-L\u00f3pez", "Garc\u00eda-L\u00f3pez Ana Luz", "name, last name first"),
        ("\u674e \u96f7", "\u96f7 \u674e", "name, last name first"),
        ("\u674e \u96f7", "\u674e \u96f7".encode("gb18030").decode("cp437"), "name in another encoding"),
        ("Zo\u00eb M\u00fcller", "Zo\u00eb M\u00fcller".encode("cp1252").decode("cp437"), "name in another encoding"),
    ],
)  # fmt: skip
def test_a_name_is_known_in_the_forms_that_platforms_give_it(on_the_roster, found, how):
    match = Roster([Student("1", on_the_roster), Student("2", "Somebody Else")]).match(Person(found))
    assert (match.students, match.how) == (("1",), how)

"""Reading archives and folders: what may be read is read, everything else is refused with its reason."""

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib

import pytest

from grader.collect import archives, disk, tars, zips
from grader.collect.entries import DOWNLOAD, HANDED_IN, MIB, Caps, Entry
from grader.collect.names import checked_path, copy_number, is_litter, is_notebook, stem
from grader.errors import SubmissionError, UsageError
from grader.submission.text import letters
from grader.submission.wrong_files import MAX_FILE_BYTES


def zipped(files, method=zipfile.ZIP_DEFLATED):
    """A zip of {name or ZipInfo: content}; a list of pairs may hold a name twice."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, content)
    return target.getvalue()


def info(name, mode=0, system=3):
    made = zipfile.ZipInfo(name)
    made.external_attr, made.create_system = mode << 16, system
    return made


def tarred(*members, mode="w"):
    """A tar of (TarInfo, content) pairs or (name, content) pairs."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:
        for member, content in members:
            member = tarfile.TarInfo(member) if isinstance(member, str) else member
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def read(content, caps=HANDED_IN):
    return archives.contents(io.BytesIO(content), caps)


def held(contents):
    return {entry.path: entry.read() for entry in contents.entries}


def refused(contents):
    return {refusal.path: refusal.reason for refusal in contents.refused}


def why_not(content):
    with pytest.raises(SubmissionError) as caught:
        read(content)
    return str(caught.value)


# --- one bad file does not spoil the others

OUT = "its path leads out of the archive"
ABSOLUTE = "its path is absolute"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("../evil.py", OUT, id="out"),
        pytest.param("a/../../evil.py", OUT, id="out from within"),
        pytest.param("a/../b.py", OUT, id="up at all"),
        pytest.param("..\\evil.py", OUT, id="out with a backslash"),
        pytest.param("/etc/passwd", ABSOLUTE, id="absolute"),
        pytest.param("\\\\server\\share\\x", ABSOLUTE, id="a server"),
        pytest.param("C:\\x.py", ABSOLUTE, id="a drive"),
        pytest.param("c:x.py", ABSOLUTE, id="a drive without a slash"),
        pytest.param("a\nb.py", "its name holds control characters", id="a line break"),
        pytest.param("a\x1b[2J.py", "its name holds control characters", id="a terminal's command"),
        pytest.param("x" * 256 + ".py", "its name is too long (259 characters)", id="too long"),
        pytest.param("d/" * 30 + "x", "its path is too long (31 folders, 61 characters)", id="too deep"),
        pytest.param("a/ ./x.py", "it has no name", id="blanks for a name"),
    ],
)
def test_a_name_that_is_dangerous_is_refused_and_the_rest_is_read(name, reason):
    for packed in (zipped({name: b"evil", "a1.ipynb": b"good"}), tarred((name, b"evil"), ("a1.ipynb", b"good"))):
        found = read(packed)
        assert held(found) == {"a1.ipynb": b"good"}
        assert list(refused(found).values()) == [reason]


def test_a_name_is_cut_at_no_zero_byte():
    content = zipped({"aXb.py": b"x"}).replace(b"aXb.py", b"a\0b.py")
    assert list(refused(read(content)).values()) == ["its name holds control characters"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (stat.S_IFLNK, "a link, not a file"),
        (stat.S_IFCHR, "a device, not a file"),
        (stat.S_IFBLK, "a device, not a file"),
        (stat.S_IFIFO, "a pipe, not a file"),
        (stat.S_IFSOCK, "a socket, not a file"),
    ],
)
def test_a_zip_gives_regular_files_only(kind, reason):
    found = read(zipped({info("x", kind | 0o777): b"/etc/passwd", info("a1.ipynb", stat.S_IFREG | 0o644): b"good"}))
    assert (held(found), refused(found)) == ({"a1.ipynb": b"good"}, {"x": reason})


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "a link, not a file"),
        (tarfile.LNKTYPE, "a link, not a file"),
        (tarfile.CHRTYPE, "a device, not a file"),
        (tarfile.BLKTYPE, "a device, not a file"),
        (tarfile.FIFOTYPE, "a pipe, not a file"),
        (b"Z", "an unusual kind of entry, not a file"),
    ],
)
def test_a_tar_gives_regular_files_only(kind, reason):
    odd = tarfile.TarInfo("x")
    odd.type, odd.linkname = kind, "/etc/passwd"
    found = read(tarred((odd, b""), ("a1.ipynb", b"good")))
    if kind == b"Z":
        assert "a1.ipynb" in held(found)  # the library takes what it does not know for a file
    else:
        assert (held(found), refused(found)) == ({"a1.ipynb": b"good"}, {"x": reason})


TWICE = "this name is there twice; the first file is read"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("second", "reason"),
    [
        pytest.param("a1.ipynb", TWICE, id="twice"),
        pytest.param("./a1.ipynb", TWICE, id="twice, written otherwise"),
        pytest.param(
            "A1.IPYNB", "the same name as a1.ipynb but for upper and lower case; that file is read", id="case"
        ),
        pytest.param("a1.ipynb/x", "a file and a folder have this name", id="a folder of that name"),
    ],
)
def test_a_name_that_is_taken_is_refused(second, reason):
    for packed in (
        zipped([("a1.ipynb", b"first"), (second, b"second")]),
        tarred(("a1.ipynb", b"first"), (second, b"second")),
    ):
        found = read(packed)
        assert held(found) == {"a1.ipynb": b"first"}
        assert list(refused(found).values()) == [reason]


def test_two_forms_of_one_letter_are_one_name():
    found = read(zipped([("Jose\u0301.py", b"first"), ("Jos\u00e9.py", b"second")]))
    assert held(found) == {"Jos\u00e9.py": b"first"}
    assert list(refused(found).values()) == [TWICE]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_file_twice_is_there_once():
    found = read(zipped([("a1.ipynb", b"same"), ("a1.ipynb", b"same")]))
    assert (held(found), found.refused) == ({"a1.ipynb": b"same"}, ())


def test_a_notebook_that_is_a_folder_is_no_notebook():
    found = read(zipped({"a1.ipynb/": b"", "a1.ipynb/inside.txt": b"x"}))
    assert list(held(found)) == ["a1.ipynb/inside.txt"]


def test_an_encrypted_file_is_refused():
    content = bytearray(zipped({"secret.py": b"x", "a1.ipynb": b"good"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + at] |= 1
    found = read(bytes(content))
    assert held(found) == {"a1.ipynb": b"good"}
    assert refused(found) == {"secret.py": "encrypted; it has to be handed in without a password"}


@pytest.mark.parametrize(
    ("method", "name"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")], ids=["bzip2", "lzma"]
)
def test_only_methods_that_unpack_in_steps_are_read(method, name):
    (reason,) = refused(read(zipped({"a1.ipynb": b"x" * 100}, method))).values()
    assert reason == f"packed with {name}, which is not read; it has to be packed as an ordinary zip"


def test_a_damaged_file_is_refused_when_it_is_read_and_the_others_are_not():
    content = bytearray(zipped({"bad.py": b"x" * 50, "a1.ipynb": b"good"}, zipfile.ZIP_STORED))
    content[content.find(b"x" * 50)] ^= 1
    bad, good = read(bytes(content)).entries
    assert good.read() == b"good"
    with pytest.raises(SubmissionError, match="it is damaged in the zip"):
        bad.read()


# --- names


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("a\\b\\c.py", "a/b/c.py"),
        ("./a//b/./c.py", "a/b/c.py"),
        ("CON.txt", "_CON.txt"),
        ("a/lpt1/x", "a/_lpt1/x"),
        ("console.py", "console.py"),
        ("a1.ipynb:hidden", "a1.ipynb_hidden"),
        ("folder. /x.py ", "folder/x.py"),
        ("Ame\u0301lie.py", "Am\u00e9lie.py"),
        ("\u0906\u0936\u093e.py", "\u0906\u0936\u093e.py"),
        ("b\udcffd.py", "b\ufffdd.py"),
    ],
)
def test_a_name_is_mended_where_that_is_safe(raw, path):
    assert checked_path(raw) == path


def test_names_in_utf8_are_read_also_where_the_zip_does_not_say_so():
    name = "Jos\u00e9 \u0906\u0936\u093e.py"
    content = bytearray(zipped({name: b"x"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.find(mark) + at + 1] &= ~0x08
    assert list(held(read(bytes(content)))) == [name]


def test_a_name_in_its_own_field_is_believed_only_if_it_is_about_that_name():
    for checksum, expected in ((zlib.crc32(b"J_se.py"), "Jos\u00e9.py"), (0, "J_se.py")):
        entry = info("J_se.py")
        told = struct.pack("<BL", 1, checksum) + "Jos\u00e9.py".encode()
        entry.extra = struct.pack("<2H", 0x7075, len(told)) + told
        assert list(held(read(zipped({entry: b"x"})))) == [expected]


@pytest.mark.parametrize(
    "name",
    ["__MACOSX/._a1.ipynb", ".DS_Store", "a/.DS_Store", "._a1.ipynb", "Thumbs.db", "__pycache__/x.pyc", ".git/config",
     "~$notes.docx", "work/venv/lib/x.py"],
)  # fmt: skip
def test_what_systems_leave_behind_is_not_even_mentioned(name):
    assert is_litter(name)
    found = read(zipped({name: b"x", "a1.ipynb": b"good"}))
    assert (held(found), found.refused) == ({"a1.ipynb": b"good"}, ())


@pytest.mark.parametrize(
    ("name", "bare", "number"),
    [
        ("a1 (2).ipynb", "a1", 2),
        ("a1(3).ipynb", "a1", 3),
        ("a1-1.ipynb", "a1", 1),
        ("a1 copy.ipynb", "a1", 1),
        ("a1-Copy2.ipynb", "a1", 2),
        ("Copy of a1.ipynb", "a1", 1),
        ("a1.ipynb.txt", "a1", 0),
        ("a1.ipynb (1)", "a1", 0),
        ("a1_mlp.ipynb", "a1_mlp", 0),
        ("cs2021-1234.ipynb", "cs2021-1234", 0),
        ("(1).ipynb", "(1)", 0),
    ],
)
def test_copies_are_told_by_the_number_behind_the_name(name, bare, number):
    assert is_notebook(name)
    assert copy_number(stem(name)) == (bare, number)


def test_names_are_compared_by_letters_and_their_marks():
    assert letters(" Lovelace,  ADA_") == "lovelace ada"
    assert letters("\u0906\u0936\u093e \u0926\u0947\u0935\u0940") == "\u0906\u0936\u093e \u0926\u0947\u0935\u0940"
    assert letters("\u0d05\u0d7b\u200d") == letters("\u0d05\u0d7b")
    assert letters("Jos\u00e9") != letters("Jose")


# --- bombs

ZEROS = bytes(MIB)


def test_a_file_that_is_a_bomb_is_refused_unread():
    found = read(zipped({"weights.bin": ZEROS * 20, "a1.ipynb": b"good"}))
    assert held(found) == {"a1.ipynb": b"good"}
    (reason,) = refused(found).values()
    assert reason.startswith("20 MiB packed 10") and reason.endswith("times smaller, as only a bomb is")


def test_a_notebook_full_of_one_repeated_line_is_no_bomb():
    found = read(zipped({"a1.ipynb": b"epoch 1 loss 0.693147\\n" * 900_000}))
    assert [entry.size_bytes for entry in found.entries] == [900_000 * 23]


def test_a_file_larger_than_is_read_is_refused_whatever_its_kind():
    content = zipped({"a1.ipynb": b"x"})
    size = struct.pack("<L", MAX_FILE_BYTES + 1)
    at = content.find(b"PK\x01\x02")
    (reason,) = refused(read(content[: at + 24] + size + content[at + 28 :])).values()
    assert reason == "200 MiB, at most 200 MiB of one file are read"


def test_a_size_that_is_not_true_costs_no_memory():
    content = zipped({"a1.ipynb": ZEROS * 300})
    at = content.find(b"PK\x01\x02")
    (entry,) = read(content[: at + 24] + struct.pack("<L", 10) + content[at + 28 :]).entries
    with pytest.raises(SubmissionError, match="damaged in the zip"):
        entry.read()


def test_a_zip_that_says_it_is_huge_is_refused_as_a_whole():
    files = {f"{number}.bin": ZEROS for number in range(4)}
    with pytest.raises(SubmissionError, match="a zip that would be 4 MiB unpacked, at most 3 MiB are read"):
        read(zipped(files), Caps(files=10, total_bytes=3 * MIB))


def test_more_files_than_allowed_are_refused_and_the_first_ones_read():
    found = read(zipped({f"{number}.py": b"x" for number in range(7)}), Caps(files=5, total_bytes=MIB))
    assert len(found.entries) == 5
    assert set(refused(found).values()) == {"more than 5 files"}


def test_files_that_share_their_bytes_are_refused():
    content = bytearray(zipped({"a.txt": b"x" * 100, "b.txt": b"x" * 100, "a1.ipynb": b"good"}, zipfile.ZIP_STORED))
    second = content.find(b"PK\x01\x02", content.find(b"PK\x01\x02") + 4)
    content[second + 42 : second + 46] = struct.pack("<L", 20)  # into the bytes of the first
    found = read(bytes(content))
    assert held(found) == {"a1.ipynb": b"good"}
    assert set(refused(found).values()) == {"it shares its bytes with another file of the zip, as only a bomb does"}


def test_a_table_of_contents_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(zips, "MAX_DIRECTORY_BYTES", 100)
    assert why_not(zipped({"a" * 100: b""})).startswith("a zip whose table of contents alone is")


@pytest.mark.parametrize("packed", [gzip.compress, bz2.compress, lzma.compress], ids=["gz", "bz2", "xz"])
def test_a_packed_tar_is_read_and_a_bomb_found_while_it_is_small(packed, monkeypatch):
    assert held(read(packed(tarred(("a1.ipynb", b"good"))))) == {"a1.ipynb": b"good"}
    monkeypatch.setattr(tars, "MAX_UNPACKED_BYTES", 2 * MIB)
    assert why_not(packed(ZEROS * 4)) == "a tar of more than 2 MiB unpacked"


def test_a_tar_that_claims_more_than_it_holds_is_not_believed():
    huge = tarfile.TarInfo("a1.ipynb")
    huge.size = 1 << 40
    assert why_not(huge.tobuf() + bytes(1024)).startswith("the tar is damaged (unexpected end of data)")


# --- archives that cannot be used at all


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(zipped({"a": b"x"})[:-30], "the zip breaks off after", id="cut short"),
        pytest.param(b"PK\x05\x06" + bytes(5), "the zip breaks off after 9 bytes", id="cut shorter"),
        pytest.param(b"Rar!\x1a\x07", "a RAR archive, which is not read; unpack it by hand", id="RAR"),
        pytest.param(b"7z\xbc\xaf\x27\x1c", "a 7z archive, which is not read", id="7z"),
        pytest.param(b"\n<!DOCTYPE html><title>Log in", "a saved web page and no archive", id="web page"),
        pytest.param(b"", "no archive but an empty file", id="empty"),
        pytest.param(b"hello", "no archive of a kind that is read", id="text"),
        pytest.param(gzip.compress(b"hello"), "the tar is damaged", id="no tar in it"),
        pytest.param(gzip.compress(ZEROS)[:50], "the tar is damaged", id="gz cut short"),
    ],
)
def test_an_archive_that_cannot_be_used_says_what_it_is(content, reason):
    assert why_not(content).startswith(reason)


def test_no_zip_however_damaged_breaks_the_reader():
    whole = zipped({"a/x.py": b"print(1)" * 20, "a1.ipynb": b"good", "Jos\u00e9.txt": b"z"})
    for at in range(0, len(whole), 3):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]):
            try:
                for entry in read(damaged).entries:
                    entry.read()
            except SubmissionError as reason:
                assert str(reason)


# --- archives in archives


def entries(**files):
    return tuple(Entry(name.replace("__", "."), len(data), lambda data=data: data) for name, data in files.items())


def test_archives_in_archives_are_opened_below_their_names():
    inner = zipped({"a1/a1.ipynb": b"good", "a1/../evil": b"x"})
    found = archives.unfolded(entries(work__zip=zipped({"inner.zip": inner}), notes__txt=b"hi"))
    assert held(found) == {"work/inner/a1/a1.ipynb": b"good", "notes.txt": b"hi"}
    assert refused(found) == {"work/inner.zip: a1/../evil": OUT}


def test_archives_are_opened_so_deep_and_no_deeper():
    packed = zipped({"a1.ipynb": b"good"})
    for _ in range(4):
        packed = zipped({"x.zip": packed})
    found = archives.unfolded(entries(x__zip=packed))
    assert "a1.ipynb" not in " ".join(held(found))
    assert list(refused(found).values()) == ["archives in archives, more than 3 deep, are not opened"]


def test_so_many_archives_are_opened_and_no_more():
    packed = zipped({f"{number}.zip": zipped({"x.py": b"x"}) for number in range(40)})
    found = archives.unfolded(entries(x__zip=packed))
    assert sum(path.endswith("x.py") for path in held(found)) == archives.MAX_ARCHIVES - 1
    assert "more than 30 archives are in one submission" in next(iter(refused(found).values()))


def test_an_archive_that_cannot_be_opened_stays_a_file():
    found = archives.unfolded(entries(x__rar=b"Rar!", y__zip=b"nonsense"))
    assert held(found) == {"x.rar": b"Rar!", "y.zip": b"nonsense"}
    assert set(refused(found)) == {"x.rar", "y.zip"}


# --- the disk


def test_a_folder_gives_regular_files_in_order_and_follows_no_link(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.py").write_bytes(b"x")
    (tmp_path / "a1.ipynb").write_bytes(b"good")
    (tmp_path / ".hidden").write_bytes(b"")
    (tmp_path / "link.py").symlink_to("/etc/passwd")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    found = disk.folder(tmp_path, DOWNLOAD)
    assert held(found) == {"a1.ipynb": b"good", "b/x.py": b"x"}
    assert refused(found) == {
        "link.py": "a link, not a file",
        "loop": "a link, not a file",
        "pipe": "not a regular file",
    }


def test_a_file_that_became_a_link_meanwhile_is_not_followed(tmp_path):
    file = tmp_path / "a1.ipynb"
    file.write_bytes(b"good")
    (entry,) = disk.folder(tmp_path, DOWNLOAD).entries
    file.unlink()
    file.symlink_to("/etc/passwd")
    with pytest.raises(SubmissionError, match="cannot be read"):
        entry.read()


def test_a_file_that_grew_meanwhile_is_refused(tmp_path):
    (tmp_path / "a1.ipynb").write_bytes(b"good")
    (entry,) = disk.folder(tmp_path, DOWNLOAD).entries
    (tmp_path / "a1.ipynb").write_bytes(b"good and more")
    with pytest.raises(SubmissionError, match="should be 4 bytes long"):
        entry.read()


def test_a_file_cut_into_numbered_parts_is_read_as_one(tmp_path):
    whole = zipped({"a1.ipynb": os.urandom(5000), "x.py": b"x"})
    for number, start in enumerate(range(0, len(whole), 700), 1):
        (tmp_path / f"all.zip.{number:03}").write_bytes(whole[start : start + 700])
    parts = disk.parts_of(tmp_path / "all.zip.001")
    with disk.joined(parts) as stream:
        assert held(archives.contents(stream, DOWNLOAD)) == held(read(whole))
    assert disk.parts_of(tmp_path / "all.zip.002") == []
    (tmp_path / "all.zip.003").unlink()
    with pytest.raises(UsageError, match=r"part all\.zip\.003 is not there"):
        disk.parts_of(tmp_path / "all.zip.001")


def test_headers_in_headers_of_a_tar_are_no_trap():
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 2
    assert why_not((long_name.tobuf() + b"x\0".ljust(512, b"\0")) * 3000).startswith("the tar is damaged (headers in")


def test_a_name_that_is_no_text_can_be_printed(tmp_path):
    (tmp_path / "b\udcffd.py").symlink_to("x")
    assert list(refused(disk.folder(tmp_path, DOWNLOAD))) == ["b\ufffdd.py"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"PK\x07\x08PK\x03\x04" + bytes(200), "the first part of a split zip; join the parts", id="first"),
        pytest.param(
            b"data" + struct.pack("<4s4H2LH", b"PK\x05\x06", 2, 2, 0, 0, 0, 0, 0),
            "the last of 3 parts of a split zip; join the parts, then collect the whole: zip -s 0 NAME.zip --out "
            "whole.zip",
            id="last",
        ),
    ],
)
def test_a_split_zip_says_how_to_join_it(content, reason):
    assert why_not(content).startswith(reason)

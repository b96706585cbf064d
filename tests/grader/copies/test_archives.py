"""Archives from strangers: what is in them comes out, and nothing else ever does."""

from __future__ import annotations

import io
import struct
import tarfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packing import link, sparse, tarred, zip_link, zipped

from grader.copies import archives
from grader.copies.archives import ArchiveError, Budget

CLEAN = {"a/un.yml": "1", "deux.txt": "2"}


def budget(**other):
    return Budget(**{"members": 50, "total": 100_000, "member": 50_000} | other)


def out(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["c.zip", "c.tar", "c.tar.gz", "c.tgz", "c.tar.bz2", "c.tar.xz"])
def test_plain_files_come_out(tmp_path, name):
    mode = {"gz": "w:gz", "tgz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}.get(name.rpartition(".")[2], "w")
    archive = zipped(tmp_path / name, CLEAN) if name.endswith("zip") else tarred(tmp_path / name, CLEAN, mode)
    assert archives.is_archive(archive)
    assert archives.stem(archive) == "c"
    assert archives.unpack(archive, tmp_path / "o", budget()) == []
    assert out(tmp_path / "o") == CLEAN


@pytest.mark.parametrize(
    "name", ["../dehors.yml", "a/../../dehors.yml", "/etc/dehors.yml", "..\\dehors.yml", "C:\\dehors.yml", "a/" * 40 + "dehors.yml"]
)
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_no_path_leads_out(tmp_path, name, pack):
    archive = pack(tmp_path / ("c.zip" if pack is zipped else "c.tgz"), {name: "x", **CLEAN})
    before = set(tmp_path.rglob("*"))
    told = archives.unpack(archive, tmp_path / "o", budget())
    assert out(tmp_path / "o") == CLEAN
    assert "son chemin sort de l'archive" in told[0]
    assert {path for path in tmp_path.rglob("*") if "o" not in path.relative_to(tmp_path).parts} == before


def test_links_devices_and_pipes_stay_in_the_tar(tmp_path):
    odd = [
        link("s", "/etc/passwd"),
        link("h", "deux.txt", tarfile.LNKTYPE),
        link("p", "", tarfile.FIFOTYPE),
        link("d", "", tarfile.CHRTYPE),
    ]
    told = archives.unpack(tarred(tmp_path / "c.tgz", {**CLEAN, **dict.fromkeys(odd, "")}), tmp_path / "o", budget())
    assert out(tmp_path / "o") == CLEAN
    assert told == ["Laissé de côté dans l'archive : « s », « h », « p » et « d » (c'est un lien, un fichier creux ou un fichier spécial)."]


def test_a_file_under_a_link_is_no_way_out(tmp_path):
    (tmp_path / "cible").mkdir()
    archives.unpack(tarred(tmp_path / "c.tgz", {link("d", str(tmp_path / "cible")): "", "d/x.yml": "1"}), tmp_path / "o", budget())
    assert list((tmp_path / "cible").iterdir()) == []
    assert out(tmp_path / "o") == {"d/x.yml": "1"}


def test_links_stay_in_the_zip(tmp_path):
    told = archives.unpack(zipped(tmp_path / "c.zip", {zip_link("s"): "/etc/passwd", **CLEAN}), tmp_path / "o", budget())
    assert out(tmp_path / "o") == CLEAN
    assert "« s »" in told[0]


def test_a_sparse_file_is_left_out(tmp_path):
    assert "« creux »" in archives.unpack(sparse(tmp_path / "c.tgz"), tmp_path / "o", budget())[0]
    assert out(tmp_path / "o") == {}


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    ("members", "bounds", "told"),
    [
        ({f"{n}": "" for n in range(60)}, {}, "trop de fichiers"),
        ({"gros": "x" * 60_000}, {}, "trop gros"),
        ({f"{n}": "x" * 30_000 for n in range(4)}, {}, "trop grosse"),
        ({"zéros": "\0" * 40_000_000}, {"total": 10**8, "member": 10**8}, "sans mesure"),
    ],
)
def test_an_archive_past_its_bounds_is_refused(tmp_path, pack, members, bounds, told):
    archive = pack(tmp_path / ("c.zip" if pack is zipped else "c.tgz"), members)
    with pytest.raises(ArchiveError, match=told):
        archives.unpack(archive, tmp_path / "o", budget(**bounds))


def test_a_header_that_declares_gigabytes_is_not_read(tmp_path):
    """An extended header is read whole by tarfile: 8 GB of zeros take 8 MB once compressed."""
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 8_000_000_000
    with tarfile.open(tmp_path / "c.tgz", "w:gz") as archive:
        archive.fileobj.write(member.tobuf() + b"\0" * 2_000_000)
    with pytest.raises(ArchiveError, match="trop grosse"):
        archives.unpack(tmp_path / "c.tgz", tmp_path / "o", budget())


def test_a_directory_of_a_million_entries_is_not_loaded(tmp_path):
    archive = zipped(tmp_path / "c.zip", CLEAN)
    content = bytearray(archive.read_bytes())
    content[-10:-6] = struct.pack("<L", 50_000_000)
    archive.write_bytes(content)
    with pytest.raises(ArchiveError, match="trop de fichiers"):
        archives.unpack(archive, tmp_path / "o", budget())


@pytest.mark.parametrize("name", ["c.zip", "c.tgz", "c.tar.xz", "c.tar"])
@pytest.mark.parametrize("content", [b"", b"rien", b"PK\3\4rien", b"\x1f\x8brien", b"\xfd7zXZ\0rien", b"\0" * 512 + b"x" * 600])
def test_what_is_no_archive_is_one_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with suppress(ArchiveError):  # an empty tar is one
        archives.unpack(tmp_path / name, tmp_path / "o", budget())
    assert out(tmp_path / "o") == {}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_truncated_archive_is_one_sentence(tmp_path, pack):
    archive = pack(tmp_path / ("c.zip" if pack is zipped else "c.tgz"), {"a": "".join(str(n * n) for n in range(5000))})
    archive.write_bytes(archive.read_bytes()[:-3000])
    with pytest.raises(ArchiveError):
        archives.unpack(archive, tmp_path / "o", budget())


@pytest.mark.parametrize(
    ("pack", "name"), [(zipped, "c.zip"), (tarred, "c.tgz"), (lambda path, members: tarred(path, members, "w"), "c.tar")]
)
@given(changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=12), cut=st.integers(0, 10**6))
def test_a_damaged_archive_does_no_harm(pack, name, changes, cut):
    """Whatever bytes are changed or lost: one sentence at most, and nothing outside."""
    with TemporaryDirectory() as scratch:
        archive = pack(Path(scratch) / name, {"a/un.yml": "1" * 2000, "deux.txt": "2"})
        content = bytearray(archive.read_bytes())
        for place, value in changes:
            content[place % len(content)] = value
        archive.write_bytes(content[: len(content) - (cut % 40 if cut % 3 else 0)])
        with suppress(ArchiveError):
            archives.unpack(archive, Path(scratch) / "o", budget())
        assert {path.name for path in Path(scratch).iterdir()} <= {name, "o"}


def test_members_that_share_their_bytes_are_damage(tmp_path):
    archive = zipped(tmp_path / "c.zip", {"a.yml": "1" * 2000, "b.yml": "2"})
    content = bytearray(archive.read_bytes())
    struct.pack_into("<L", content, content.rindex(b"PK\1\2") + 42, 0)  # where the second begins: where the first does
    archive.write_bytes(content)
    with pytest.raises(ArchiveError):
        archives.unpack(archive, tmp_path / "o", budget())


def test_a_member_with_a_password_is_told(tmp_path):
    archive = zipped(tmp_path / "c.zip", {"a.yml": "x"})
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(content)
    assert "mot de passe" in archives.unpack(archive, tmp_path / "o", budget())[0]


def test_names_of_other_systems_are_read(tmp_path):
    """A French Windows writes cp850 without a word; some programs write UTF-8 without the flag; a Mac writes letters and accents apart."""
    for raw, meant in ((b"L\x82a.yml", "Léa.yml"), ("Léa.yml".encode(), "Léa.yml"), ("Le\u0301a.yml".encode(), "Léa.yml")):
        archive = zipped(tmp_path / "c.zip", {"#" * len(raw): "x"})
        archive.write_bytes(archive.read_bytes().replace(b"#" * len(raw), raw))
        archives.unpack(archive, tmp_path / meant / str(len(raw)), budget())
        assert list(out(tmp_path / meant / str(len(raw)))) == [meant]


def test_the_same_name_twice_gives_the_first(tmp_path):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for content in (b"1", b"2"):
            member = tarfile.TarInfo("a.yml")
            member.size = 1
            archive.addfile(member, io.BytesIO(content))
    (tmp_path / "c.tar").write_bytes(file.getvalue())
    assert "porte déjà ce nom" in archives.unpack(tmp_path / "c.tar", tmp_path / "o", budget())[0]
    assert out(tmp_path / "o") == {"a.yml": "1"}


def test_litter_is_not_even_told(tmp_path):
    archive = zipped(tmp_path / "c.zip", {"__MACOSX/._a": "x", ".DS_Store": "x", "a/.ipynb_checkpoints/b.ipynb": "x", **CLEAN})
    assert archives.unpack(archive, tmp_path / "o", budget()) == []
    assert out(tmp_path / "o") == CLEAN

"""Copies made for the tests: notebooks, archives good and bad, and answers to a small exercise of values."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile

import nbformat

from grader import trace

RIGHT, HALF, NONE = "a: 2\nb: 3\n", "a: 2\nb: 2\n", "- 2\n"


def notebook(path, *cells, left=()):
    """A notebook of these code cells; ``left``: traces that the exercise widget left in the output of a last cell."""
    made = [cell if isinstance(cell, dict) else nbformat.v4.new_code_cell(cell) for cell in cells]
    if left:
        outputs = [nbformat.v4.new_output("display_data", {"text/plain": "x"}, metadata=trace.written(one)) for one in left]
        made.append(nbformat.v4.new_code_cell('exercise("deux-nombres")', outputs=outputs))
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


def zipped(path, members):
    """A zip of texts or bytes by name; a ``ZipInfo`` may stand for a name."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path, members, mode="w:gz"):
    """A tar of texts by name; a ``TarInfo`` may stand for a name."""
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            member = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if member.isreg():
                member.size = len(content.encode())
            archive.addfile(member, io.BytesIO(content.encode()))
    return path


def link(name, target, kind=tarfile.SYMTYPE):
    """A member of a tar that is a link, or something else that is no file."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def zip_link(name):
    """A member of a zip that is a link; its content is the target."""
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return member


def sparse(path, name="creux", size=10_000_000_000):
    """A tar that holds a sparse file of 10 GB in a few hundred bytes."""
    member = tarfile.TarInfo(name)
    member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": name, "GNU.sparse.realsize": str(size)}
    return tarred(path, {member: f"1\n{size}\n0\n".ljust(512, "\0")})

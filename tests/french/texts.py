"""All that the project says in French, piece by piece, each with where it stands: what the tests of spelling and typography read.

Code is taken out of each piece: what stands between backquotes, addresses, template holes. Line numbers are those of the file.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt

from labs import paths
from labs.notebook import magic_cells

ROOT = paths.ROOT
ENGLISH = {"architecture.md"}  # documents for those who work on the code
EXERCISE_TEXTS = {"title", "statement", "success_msg", "fail_msg", "orient", "point", "show", "label", "unit", "choices"}
QUIZ_TEXTS = {"question", "text", "why"}

_FRENCH = re.compile(
    r"[àâçéèêëîïôùûüœÀÂÇÉÈÊÎÔÙŒ«»’]"
    r"|\b(?:le|la|les|un|une|des|du|est|et|pas|ne|pour|dans|sur|avec|ce|cette|que|son|sa|ses|vous|votre|vos|il|elle|au|aux|ou|par|en|de)\b"
    r"|\b[ldnsqc]'",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"(?:^|\s)#(?: ([^\s].*)|$)")
_NAME = re.compile(r"""^\s*-?\s*(?:name|msg|fail_msg|success_msg): (?!.*\{\{)["']?(\S+ .*?)["']?\s*$""")
_HOLES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\[\[ \w+ \]\]|\$?\{[^}\n]*\}", re.DOTALL)
_IN_HOLES = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_CODE = re.compile(r"```.*?```|`[^`]*`|\bhttps?://\S+", re.DOTALL)
_JS_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
_JS_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
_TAG = re.compile(r"<[^>]*>")
_LABEL = re.compile(r'aria-label="([^"]*)"')
_SH_STRING = re.compile(r'"([^"\n]*)"|^\./.*?  +(.*)$', re.MULTILINE)

_markdown = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Piece:
    """A stretch of French: ``text`` without its code. ``plain``: typed with plain spaces and apostrophes, typeset when it is shown."""

    where: str
    text: str
    plain: bool = False


@cache
def everything() -> tuple[Piece, ...]:
    """The pieces, read once."""
    return tuple(pieces())


def pieces() -> Iterator[Piece]:
    """Everything that learners and teachers read."""
    for path in documents():
        yield from of_markdown(path)
    for path in sorted((paths.NOTEBOOKS / "quiz").glob("*.yml")):
        yield from of_yaml(path, QUIZ_TEXTS)
    for path in sorted(ROOT.glob("grader/exercises/*/exercise.yml")):
        yield from of_yaml(path, EXERCISE_TEXTS, plain=True)
    for path in [*sorted(paths.PLAYBOOKS.glob("*.yml")), *sorted(ROOT.glob("grader/exercises/*/**/*.yml"))]:
        yield from of_playbook(path)
    for folder in ("labs", "grader"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from of_python(path)
        for path in sorted((ROOT / folder).rglob("*.js")):
            yield from of_javascript(path)
        for path in sorted((ROOT / folder).rglob("templates/*.html")):
            yield from of_template(path)
    yield from of_shell(ROOT / "start")


def documents() -> list[Path]:
    docs = [path for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in ENGLISH]
    return [ROOT / "README.md", *sorted((paths.NOTEBOOKS / "sources").glob("*.md")), *docs]


def of_markdown(path: Path) -> Iterator[Piece]:
    """Paragraphs, headings and table cells; in a lesson's cells, the texts given to its calls; in YAML, the comments."""
    text = path.read_text(encoding="utf-8")
    header = re.match(r"---\n.*?\n---\n|\*[A-Z][^\n]*\*\n", text, re.DOTALL)  # metadata; the README's one paragraph in English
    if header:
        text = "\n" * header.group().count("\n") + text[header.end() :]
    yield from _markdown_pieces(path, text)


def _markdown_pieces(path: Path, text: str) -> Iterator[Piece]:
    line = 0
    for token in _markdown.parse(text):
        line = token.map[0] + 1 if token.map else line
        if token.type == "inline":
            prose = "".join(_inline(child) for child in token.children or [])
            yield Piece(_place(path, line), prose)
        elif token.type == "fence" and token.info.startswith("{code-cell}"):
            yield from _of_cell(path, line, token.content)
        elif token.type == "fence" and token.info.startswith(("yaml", "ini")):
            yield from _of_comments(path, line, token.content, plain=True)


def _inline(token: Any) -> str:
    if token.type == "text":
        return str(token.content)
    return {"code_inline": "`…`", "softbreak": "\n", "hardbreak": "\n"}.get(token.type, "")


def _of_cell(path: Path, line: int, code: str) -> Iterator[Piece]:
    if not magic_cells.read(code):
        yield from _of_strings(path, ast.parse(code), line)


def of_yaml(path: Path, keys: set[str], *, plain: bool = False) -> Iterator[Piece]:
    """The values of these keys, however deep."""
    for trail, text in _values(yaml.safe_load(path.read_text(encoding="utf-8")), keys, ()):
        yield Piece(f"{_place(path)} {'/'.join(trail)}", prose(text), plain)
        yield from (Piece(f"{_place(path)} {'/'.join(trail)}", prose(said), plain) for said in _said_in_holes(text))


def _values(node: Any, keys: set[str], trail: tuple[str, ...], *, inside: bool = False) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(node, str) and inside:
        yield trail, node
    elif isinstance(node, list):
        for place, value in enumerate(node):
            name = value.get("id", str(place)) if isinstance(value, dict) else str(place)
            yield from _values(value, keys, (*trail, str(name)), inside=inside)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _values(value, keys, (*trail, str(key)), inside=key in keys)


def prose(text: str) -> str:
    """A text without its template holes and its code."""
    return _CODE.sub("`…`", _HOLES.sub("…", text))


def _said_in_holes(text: str) -> Iterator[str]:
    """Conditions write sentences too: ``{{ 'aucun job' if … }}``."""
    for hole in _HOLES.findall(text):
        yield from (said for said in map("".join, _IN_HOLES.findall(hole)) if " " in said or is_french(said))


def of_playbook(path: Path) -> Iterator[Piece]:
    """Comments, and the names of plays and tasks."""
    if path.name == "exercise.yml":
        return
    yield from _of_comments(path, 1, path.read_text(encoding="utf-8"), plain=True)


def _of_comments(path: Path, first: int, text: str, *, plain: bool = False) -> Iterator[Piece]:
    for line, content in enumerate(text.splitlines(), first):
        found = _COMMENT.search(content) or _NAME.match(content)
        if found and found[1] and "noqa" not in found[1]:
            yield Piece(_place(path, line), prose(found[1]), plain)


def of_python(path: Path) -> Iterator[Piece]:
    """The strings that are sentences, or words shown: neither docstrings nor patterns."""
    yield from _of_strings(path, ast.parse(path.read_text(encoding="utf-8")), 0, plain=True)


def _of_strings(path: Path, tree: ast.AST, before: int, *, plain: bool = False) -> Iterator[Piece]:
    hidden = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            hidden.add(id(node.value))
        hidden |= {id(inner) for inner in _not_shown(node)}
        if isinstance(node, ast.JoinedStr):
            hidden |= {id(inner) for inner in node.values}
            text = "".join(part.value if isinstance(part, ast.Constant) else _hole(part) for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden:
            text = node.value
        else:
            continue
        if is_french(text):
            yield Piece(_place(path, before + node.lineno), prose(text), plain)


def _not_shown(node: ast.AST) -> Iterator[ast.AST]:
    """Patterns, keys, what a value is compared with, exported names."""
    if isinstance(node, ast.Call) and re.match(r"re\.|.*\.get$|TypeVar$", ast.unparse(node.func)):
        yield from node.args
    elif isinstance(node, ast.Compare):
        yield from (node.left, *node.comparators)
    elif isinstance(node, ast.Subscript):
        yield node.slice
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
        yield from ast.walk(node.value)


def _hole(part: ast.expr) -> str:
    """What stands for a value in an f-string: itself when it is a space."""
    return " " if ast.unparse(part).rpartition(".")[2].strip("{}'\" ") in {"NBSP", "THIN", "f"} else "…"


def of_javascript(path: Path) -> Iterator[Piece]:
    source = path.read_text(encoding="utf-8")
    bare = _JS_COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), source)
    yield from _of_quoted(path, _JS_STRING, bare)


def of_template(path: Path) -> Iterator[Piece]:
    """What a page says between its tags, and the names that are read aloud."""
    for line, content in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        said = [_TAG.sub("\n", _HOLES.sub("…", content)), *_LABEL.findall(content), *_said_in_holes(content)]
        yield from (Piece(_place(path, line), prose(text)) for text in said if is_french(text))


def of_shell(path: Path) -> Iterator[Piece]:
    yield from _of_quoted(path, _SH_STRING, path.read_text(encoding="utf-8"))


def _of_quoted(path: Path, pattern: re.Pattern[str], text: str) -> Iterator[Piece]:
    for found in pattern.finditer(text):
        said = "".join(group or "" for group in found.groups()).replace("\\u00a0", "\u00a0").replace("\\n", "\n")
        if is_french(said):
            yield Piece(_place(path, text.count("\n", 0, found.start()) + 1), prose(said), plain=True)


def is_french(text: str) -> bool:
    """A sentence, an accented word or a word on a button; neither markup, nor a pattern, nor an identifier."""
    if re.search(r"[{;]\s*[\w-]+:|</|\(\.\*\)|\(\\S|^[\w./-]+$", text):
        return bool(re.fullmatch(r"[A-ZÀÉÊ][a-zà-ÿœ]{2,}", text))
    return bool(_FRENCH.search(text))


def _place(path: Path, line: int | None = None) -> str:
    where = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(path.name)
    return f"{where}:{line}" if line else str(where)

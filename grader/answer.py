"""An answer out of a file or a folder: looked at, copied aside, read. Nothing of it is run here, and it is never modified."""

from __future__ import annotations

import configparser
import fnmatch
import os
import re
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from grader import fields, parameters
from grader.errors import AnswerError
from grader.french import NBSP
from grader.spec import Exercise, Kind, LabPlan
from labs import yaml_text
from labs.lab import DEFAULT_NODES

ENTRIES = {
    Kind.PLAYBOOK: "answer.yml",
    Kind.ADHOC: "answer.txt",
    Kind.CONFIG: "ansible.cfg",
    Kind.VALUE: "answer.yml",
}
MOST_TEXT = 250_000  # bytes of the main file, which is read here and now
MOST_PATTERN = 1000  # characters of a pattern of hosts
MOST_DEPTH = 20  # folders in folders
MOST_FILES = 200  # a folder given by mistake (a home, a disk) is refused before it is walked to its end
LOCAL_NAMES = {"localhost", "127.0.0.1", "::1"}  # Ansible's implicit localhost
GROUPS = {"all", "ungrouped", "*"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer copied aside. ``data`` is what its entry says: plays, command lines, sections of options, or values by name."""

    folder: Path
    entry: Path
    text: str
    data: Any


@contextmanager
def opened(path: Path, exercise: Exercise) -> Iterator[Answer]:
    """The answer at ``path`` in a scratch folder that lives as long as the context.

    Raises AnswerError, in one French sentence with what to do, for whatever is not an answer to this exercise.
    """
    name = ENTRIES[exercise.kind]
    source = _entry(path, name)
    _measure(path, exercise.limits.answer_bytes)
    with TemporaryDirectory(prefix="contrepoint-reponse-") as scratch:
        folder = Path(scratch) / "answer"
        _copy(path, folder, name)
        if exercise.keeps(path):
            parameters.fill_folder(folder, exercise.parameters)
        text = _text(folder / name, source)
        yield Answer(folder, folder / name, text, _READERS[exercise.kind](text, exercise))


# -- the files


def _entry(path: Path, name: str) -> Path:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise AnswerError(f"Il n'y a pas de réponse à {path}.", "Vérifiez le chemin donné.") from None
    except (OSError, ValueError) as error:
        raise AnswerError(f"La réponse {path} ne peut pas être lue ({error}).", "Vérifiez le chemin et les droits.") from None
    if stat.S_ISREG(mode):
        return path
    if not stat.S_ISDIR(mode):
        raise AnswerError(f"{path} n'est ni un fichier ni un dossier.", "Donnez le fichier de votre réponse, ou son dossier.")
    if not (path / name).is_file():
        raise AnswerError(
            f"Le dossier {path} ne contient pas de fichier {name}.", f"Donnez ce nom au fichier principal de votre réponse{NBSP}: {name}."
        )
    return path / name


def _measure(path: Path, most: int) -> None:
    """Sizes and kinds of all files, from the directory alone: nothing is read yet."""
    total = 0
    for count, file in enumerate(_files(path), start=1):
        status = file.lstat() if file != path else file.stat()
        if stat.S_ISLNK(status.st_mode):
            raise AnswerError(f"La réponse contient un lien symbolique, {file.name}.", "Mettez-y le fichier lui-même.")
        if not stat.S_ISREG(status.st_mode):
            raise AnswerError(f"La réponse contient {file.name}, qui n'est pas un fichier ordinaire.", "Retirez-le.")
        total += status.st_size
        if total > most:
            raise AnswerError(f"La réponse dépasse la taille permise, {_size(most)}.", "N'y laissez que ce que le playbook utilise.")
        if count > MOST_FILES:
            raise AnswerError(f"Le dossier {path} contient plus de {MOST_FILES} fichiers.", "Donnez le dossier de la seule réponse.")


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        if len(Path(folder).relative_to(path).parts) > MOST_DEPTH:
            raise AnswerError(f"Le dossier {path} emboîte plus de {MOST_DEPTH} dossiers.", "Donnez le dossier de la seule réponse.")
        yield from (Path(folder) / name for name in names)
        yield from (Path(folder) / name for name in folders if (Path(folder) / name).is_symlink())


def _copy(path: Path, folder: Path, name: str) -> None:
    try:
        if path.is_dir():
            shutil.copytree(path, folder, symlinks=True)
        else:
            folder.mkdir()
            shutil.copyfile(path, folder / name)
    except (OSError, shutil.Error) as error:
        raise AnswerError(f"La réponse n'a pas pu être copiée ({error}).", "Vérifiez les droits et la place sur le disque.") from None


def _text(file: Path, source: Path) -> str:
    if file.stat().st_size > MOST_TEXT:
        raise AnswerError(f"{source} dépasse la taille permise, {_size(MOST_TEXT)}.", "Une réponse tient en quelques pages.")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise AnswerError(f"{source} n'est pas du texte en UTF-8 (ligne {line}).", "Enregistrez-le en UTF-8.") from None
    if not text.strip():
        raise AnswerError(f"{source} est vide.", "Écrivez-y votre réponse.")
    return text


def _size(count: int) -> str:
    return f"{count / 1e6:g} Mo".replace(".", ",") if count >= 100_000 else f"{count} octets"


# -- what they say


def _plays(text: str, exercise: Exercise) -> list[dict[str, Any]]:
    data = _yaml(text)
    if not isinstance(data, list):
        raise AnswerError(
            "La réponse n'est pas une liste de plays.", "Un playbook commence par « - name : » et « hosts : », au bord gauche."
        )
    for number, play in enumerate(data, start=1):
        _check_play(number, play, exercise)
    return data


def _check_play(number: int, play: Any, exercise: Exercise) -> None:
    if not isinstance(play, dict):
        raise AnswerError(
            f"L'élément {number} de la réponse n'est pas un play.", "Un play est une table qui a au moins « hosts » et « tasks »."
        )
    if any(str(key).endswith("import_playbook") for key in play):
        return
    if "hosts" not in play:
        raise AnswerError(
            f"L'élément {number} de la réponse n'a pas de « hosts » : ce sont peut-être des tâches sans leur play.",
            "Ajoutez au-dessus « - hosts : all » et « tasks : », et décalez les tâches.",
        )
    if len(str(play["hosts"])) > MOST_PATTERN:
        raise AnswerError(f"Le play {number} vise des nœuds par un motif trop long.", "« all » les désigne tous.")
    unknown = unknown_hosts(play["hosts"], _nodes(exercise))
    if unknown:
        raise AnswerError(
            f"Le play {number} vise {', '.join(f'« {name} »' for name in unknown)}, que l'inventaire ne connaît pas.",
            f"Les nœuds sont {', '.join(_nodes(exercise))} ; « all » les désigne tous.",
        )


def _nodes(exercise: Exercise) -> tuple[str, ...]:
    """Those that an answer may name: the ones of a learner's lab, of which some exercises need fewer. Ansible leaves out those that are not there."""
    return LabPlan(nodes=max(exercise.lab.nodes, DEFAULT_NODES)).names


def unknown_hosts(hosts: Any, nodes: tuple[str, ...]) -> list[str]:
    """The parts of a ``hosts:`` pattern that match no node, no group and no localhost. Templates are left to Ansible."""
    patterns = hosts if isinstance(hosts, list) else [hosts]
    return [name for pattern in patterns for name in _names(str(pattern)) if not _matches(name, nodes)]


def _names(pattern: str) -> list[str]:
    """``node1:!node2,web[0]`` -> node1, node2, web; regular expressions (``~``) and templates name nobody for certain."""
    if "{{" in pattern or pattern.startswith("~"):
        return []
    words = pattern.split(",") if "," in pattern else re.findall(r"(?:[^\s:\[\]]|\[[^\]]*\])+", pattern)
    bare = (re.sub(r"\[[^\]]*\]$", "", word.strip().lstrip("!&")) for word in words)
    return [word for word in bare if word and not word.startswith("~")]


def _matches(name: str, nodes: tuple[str, ...]) -> bool:
    return name in GROUPS | LOCAL_NAMES or any(fnmatch.fnmatchcase(node, name) for node in nodes)


def _lines(text: str, exercise: Exercise) -> tuple[str, ...]:
    lines = tuple(line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    if not lines:
        raise AnswerError("La réponse ne contient aucune commande.", "Écrivez une commande « ansible … » par ligne.")
    least, most = exercise.lab.commands
    if not least <= len(lines) <= most:
        given = "une seule commande" if len(lines) == 1 else f"{len(lines)} commandes"
        raise AnswerError(f"La réponse contient {given}.", f"Cet exercice en attend {_wanted(least, most)}.")
    return lines


def _wanted(least: int, most: int) -> str:
    if least != most:
        return f"de {least} à {most}"
    return "une seule" if most == 1 else str(most)


def _sections(text: str, _exercise: Exercise) -> dict[str, dict[str, str]]:
    # The same settings as Ansible's own reader of ansible.cfg.
    parser = configparser.ConfigParser(inline_comment_prefixes=(";",), interpolation=None)
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise AnswerError(
            f"La réponse a une option hors de toute section, ligne {error.lineno}.", "Commencez par une section : « [defaults] »."
        ) from None
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next((line for line, _ in getattr(error, "errors", [])), None)
        where = f" (ligne {line})" if line else ""
        raise AnswerError(f"La réponse n'est pas un fichier de configuration{where}.", "Une option s'écrit « nom = valeur ».") from None
    if not parser.sections():
        raise AnswerError("La réponse ne contient aucune section.", "Écrivez « [defaults] », puis l'option en dessous.")
    return {name: dict(parser[name]) for name in parser.sections()}


def _values(text: str, exercise: Exercise) -> Mapping[str, Any]:
    data = _yaml(text)
    if not isinstance(data, dict):
        raise AnswerError("La réponse n'est pas une table de valeurs.", "Une ligne par valeur : « nom : valeur ».")
    return fields.typed(data, exercise.fields) if exercise.fields else data


def _yaml(text: str) -> Any:
    try:
        data = yaml_text.parse(text, "La réponse")
    except yaml_text.YamlError as error:
        raise AnswerError(error.message, error.remedy) from None
    if data is None:
        raise AnswerError("La réponse est vide : elle ne contient que des commentaires.", "Écrivez-y votre réponse.")
    return data


_READERS = {Kind.PLAYBOOK: _plays, Kind.ADHOC: _lines, Kind.CONFIG: _sections, Kind.VALUE: _values}

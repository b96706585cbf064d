"""Timelines as JSON files: the format that docs/architecture.md describes, read by older and newer code."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from labs.errors import LabError
from labs.timeline import metrics
from labs.timeline.model import Timeline

FORMAT = "contrepoint/timeline"
VERSION = 1  # raised only when an older reader would misunderstand; a field more does not raise it

_ADAPTER = TypeAdapter(Timeline)


def dump(timeline: Timeline) -> str:
    """The JSON document of a Timeline, its totals included, indented for a human reader."""
    document = {
        "format": FORMAT,
        "version": VERSION,
        **_ADAPTER.dump_python(timeline, mode="json"),
        "totals": asdict(metrics.totals(timeline)),
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def load(text: str | bytes) -> Timeline:
    """The Timeline of a JSON document. Fields that this version does not know are ignored; totals are computed anew.

    Raises LabError for what is no such document, or one of a version that cannot be read.
    """
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabError("Ce fichier n’est pas du JSON lisible.", "Donnez un fichier écrit par « labs run --timeline ».") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise LabError("Ce fichier JSON n’est pas une chronologie.", f"Son champ « format » devrait valoir « {FORMAT} ».")
    if document.get("version") != VERSION:
        raise LabError(
            f"Cette chronologie est de version {document.get('version')}, et ce kit lit la version {VERSION}.",
            "Mettez le kit à jour, ou enregistrez la chronologie à nouveau.",
        )
    try:
        return _ADAPTER.validate_python(document, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LabError(f"Chronologie illisible : champ « {where} ».", "Enregistrez-la à nouveau.") from error


def save(timeline: Timeline, path: str | os.PathLike[str]) -> None:
    """Write the document to a file, whole or not at all. Raises LabError when it cannot be written."""
    target = Path(path)
    draft = None
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=target.parent, prefix=f".{target.name}.", delete=False) as draft:
            draft.write(dump(timeline))
        Path(draft.name).chmod(0o644)
        Path(draft.name).replace(target)
    except OSError as error:
        if draft is not None:
            Path(draft.name).unlink(missing_ok=True)
        raise LabError(f"Impossible d’écrire {target} : {error.strerror}.", "Vérifiez le dossier, les droits et la place libre.") from error


def read(path: str | os.PathLike[str]) -> Timeline:
    """The Timeline of a file. Raises LabError when it cannot be read or is no Timeline."""
    source = Path(path)
    try:
        text = source.read_bytes()
    except OSError as error:
        raise LabError(f"Impossible de lire {source} : {error.strerror}.", "Vérifiez le chemin et les droits.") from error
    try:
        return load(text)
    except LabError as error:
        raise LabError(f"{source} : {error.message}", error.remedy) from error

"""The file in which a node keeps the state of an asynchronous job: read on the node as the job runs, and told version by version."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from labs.errors import LabError
from labs.notebook.pieces import NBSP, code
from labs.timeline.model import Mode
from labs.timeline.words import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labs.lab import Lab
    from labs.timeline.model import Timeline

FOLDER = ".ansible_async"  # where Ansible keeps them, in its user's home


def present(lab: Lab) -> dict[str, tuple[str, ...]]:
    """The jids whose files are on each node now, the latest first. Raises LabError when a node cannot be asked."""
    nodes = lab.nodes
    if not nodes:
        raise LabError("Le labo n’a pas encore de nœuds.", f"Cliquez sur «{NBSP}Réparer le labo{NBSP}».")
    with ThreadPoolExecutor(len(nodes)) as pool:
        return dict(zip(nodes, pool.map(lambda node: _present(lab, node), nodes), strict=True))


def _present(lab: Lab, node: str) -> tuple[str, ...]:
    names = lab.execute(node, ["ls", "-t", str(lab.home(node) / FOLDER)]).text.split()
    return tuple(name for name in names if not name.endswith(".tmp"))


@dataclass(frozen=True, slots=True)
class Version:
    """What the file held from ``at`` on, in seconds since the run's start; ``content`` is None once the file was gone."""

    at: float
    content: str | None


class Follower:
    """Reads the file of the run's last asynchronous job of ``node`` whenever it is told to, and keeps each version that it finds."""

    def __init__(self, lab: Lab, node: str) -> None:
        self._lab, self.node = lab, node
        self.path = ""
        self.versions: list[Version] = []
        self.readings = 0

    def look(self, timeline: Timeline) -> None:
        """One reading, by the engine and not by SSH; none before the node has shown a job. ``timeline`` is the run as it stands."""
        # A job that no task claims was launched by another run: one that a learner detached just before, say.
        jobs = [job for job in timeline.on(self.node) if job.mode is not Mode.SYNC and job.confirmed and job.task is not None]
        if not jobs:
            return
        self.path = str(self._lab.home(self.node) / FOLDER / jobs[-1].id)
        read = self._lab.read(self.node, self.path)
        content = None if read is None else read.decode("utf-8", "replace")
        self.readings += 1
        if content != (self.versions[-1].content if self.versions else None):
            self.versions.append(Version(timeline.end, content))


def dumped(path: str, versions: Sequence[Version]) -> str:
    """JSON to keep with a recorded run; ``loaded`` reads it."""
    told = [{"at": round(version.at, 2), "content": version.content} for version in versions]
    return json.dumps({"path": path, "versions": told}, indent=1, ensure_ascii=False) + "\n"


def loaded(text: str) -> tuple[str, list[Version]]:
    """The path of the file and its versions."""
    kept = json.loads(text)
    return kept["path"], [Version(**version) for version in kept["versions"]]


# -- told ---------------------------------------------------------------------------------------------------------------


def bundle(node: str, path: str, versions: Sequence[Version]) -> dict[str, Any]:
    """Each version under the moment when it was first read, with what it says."""
    if not versions:
        return {"text/plain": "", "text/html": ""}
    where = f"{path}, sur {node}"
    told = [_told(place, version) for place, version in enumerate(versions)]
    text = "\n".join(f"{heading}\n{version.content or ''}".rstrip() for heading, version in zip(told, versions, strict=True))
    html = "".join(f"<li><p>{escape(heading)}</p>{_content(version)}</li>" for heading, version in zip(told, versions, strict=True))
    return {
        "text/plain": f"{where}\n{text}",
        "text/html": f'<section aria-label="Le fichier du job"><p>Le fichier <code>{escape(where)}</code></p><ol>{html}</ol></section>',
    }


def _told(place: int, version: Version) -> str:
    when = f"Lu à {seconds(version.at)}"
    if version.content is None:
        return f"{when}{NBSP}: le fichier n’existe plus. Quelqu’un l’a effacé."
    size = f"{len(version.content.encode())}{NBSP}octets"
    state = _parsed(version.content)
    if state is None:
        return f"{when}{NBSP}: {size}, illisibles."
    if state.get("finished") is False:
        return f"{when}{NBSP}: {size}. Le job tourne."
    if state.get("msg") == "Timeout exceeded":
        return f"{when}{NBSP}: {size}. Le nœud a arrêté le job, sa limite dépassée."
    replaced = " Son résultat a pris la place de l’ancien contenu." if place else ""
    return f"{when}{NBSP}: {size}. Le job est fini.{replaced}"


def _content(version: Version) -> str:
    """The file's JSON, a line a field; what the module was given is left to who opens the raw text."""
    if version.content is None:
        return ""
    state = _parsed(version.content)
    if state is None:
        return code(version.content, "Le contenu du fichier")
    lines = [f"  {json.dumps(name)}: {_short(name, value)}" for name, value in state.items()]
    raw = f'<details><summary style="cursor:pointer">Le texte exact du fichier</summary>{code(version.content, "Le texte exact")}</details>'
    return code("{\n" + ",\n".join(lines) + "\n}", "Le contenu du fichier") + raw


def _short(name: str, value: Any) -> str:
    return "{…}" if name in {"invocation", "exception"} else json.dumps(value, ensure_ascii=False)


def _parsed(content: str) -> dict[str, Any] | None:
    try:
        state = json.loads(content)
    except ValueError:
        return None
    return state if isinstance(state, dict) else None

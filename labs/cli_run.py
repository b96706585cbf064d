"""What ``labs run`` and ``labs adhoc`` do: refuse early what cannot work, show the run as it goes, say what came out of it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import typer
import yaml
from rich.console import Console

from labs import terminal
from labs.errors import LabError
from labs.jobs.command import Command
from labs.lab import Lab
from labs.recording import Recording, record
from labs.timeline import store
from labs.timeline.model import Timeline
from labs.timeline.words import NBSP, listed, summary

# Ansible warns and goes on, as if nothing had been asked of those hosts.
_UNMATCHED = re.compile(r"^\[WARNING\]:\s+Could\s+not\s+match\s+supplied\s+host\s+pattern,\s+ignoring:\s+(\S+)", re.MULTILINE)


def launch(lab: Lab, command: Command, timeline_file: Path | None, figure_file: Path | None) -> None:
    """Run a command to its end and write the files asked for. Exits with 1 when the run did not do all that it was asked."""
    console = Console()
    drawn = terminal.drawable(console)
    recording = record(lab, command)
    recorded = _followed(recording, console if drawn else None)
    print(recording.stdout)
    console.print(terminal.Lanes(recorded)) if drawn else print(summary(recorded))
    _save(recorded, timeline_file, figure_file)
    unknown = unmatched(recording.stdout)
    for pattern in unknown:
        print(unmatched_words(pattern, lab), file=sys.stderr)
    if unknown or recorded.status != "successful":
        raise typer.Exit(1)


def _followed(recording: Recording, console: Console | None) -> Timeline:
    """Wait for the end of a run, in front of its lanes where they can be drawn. Ctrl+C ends the run and its jobs."""
    try:
        if console:
            terminal.follow(recording, console)
        return recording.wait()
    except KeyboardInterrupt:
        print(f"Interruption{NBSP}: les processus et les jobs de ce lancement sont arrêtés…", file=sys.stderr)
        recording.cancel()
        return recording.wait()


def unmatched(stdout: str) -> list[str]:
    """The host patterns for which Ansible found no host, each once, in the order of its warnings."""
    return list(dict.fromkeys(_UNMATCHED.findall(stdout)))


def unmatched_words(pattern: str, lab: Lab) -> str:
    """What to say of such a pattern."""
    return (
        f"Aucun nœud ne correspond à «{NBSP}{pattern}{NBSP}»{NBSP}: Ansible n’y a rien fait, et n’en dit qu’un avertissement. "
        f"Les nœuds du labo{NBSP}: {listed(lab.nodes)}."
    )


# -- before -------------------------------------------------------------------------------------------------------------


def check_playbook(path: Path) -> None:
    """Raise LabError for what cannot be a playbook, with the line where it stops making sense."""
    try:
        document = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        known = path.exists() and not path.is_dir()
        said = f"ne peut pas être lu ({error.strerror})" if known else "n’est pas un fichier" if path.is_dir() else "n’existe pas"
        raise LabError(f"Le playbook «{NBSP}{path}{NBSP}» {said}.", "Vérifiez son chemin.") from error
    except UnicodeDecodeError as error:
        raise LabError(f"Le playbook «{NBSP}{path}{NBSP}» n’est pas du texte en UTF-8.", "Enregistrez-le dans ce codage.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", à la ligne {mark.line + 1}" if mark else ""
        raise LabError(
            f"Le playbook «{NBSP}{path}{NBSP}» n’est pas du YAML lisible{where}.",
            "Regardez l’indentation, les deux-points et les crochets.",
        ) from error
    if not isinstance(document, yaml.SequenceNode):
        raise LabError(
            f"«{NBSP}{path}{NBSP}» n’est pas un playbook{NBSP}: un playbook est une liste de «{NBSP}plays{NBSP}».",
            f"Son premier élément commence par «{NBSP}- hosts:{NBSP}».",
        )


def refuse_unwritable(timeline_file: Path | None, figure_file: Path | None) -> None:
    """Before the run rather than after it."""
    for path in (timeline_file, figure_file):
        if path and not path.resolve().parent.is_dir():
            raise LabError(f"Le dossier «{NBSP}{path.parent}{NBSP}» n’existe pas.", "Créez-le, ou choisissez-en un autre.")
        if path and path.is_dir():
            raise LabError(f"«{NBSP}{path}{NBSP}» est un dossier.", "Ajoutez le nom du fichier à écrire.")
    if figure_file:
        from labs.timeline.plot import refuse_format  # matplotlib is slow to load

        refuse_format(figure_file)


# -- after --------------------------------------------------------------------------------------------------------------


def _save(recorded: Timeline, timeline_file: Path | None, figure_file: Path | None) -> None:
    if timeline_file:
        store.save(recorded, timeline_file)
    if figure_file:
        from labs.timeline import figure

        figure.save(recorded, figure_file)

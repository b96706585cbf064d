"""Asking Ansible for the value of one setting, under an ansible.cfg and a variable that the learner writes."""

from __future__ import annotations

import asyncio
import shlex
from functools import lru_cache
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from labs.effective import Effective, effective
from labs.notebook import toolkit
from labs.notebook.pieces import NBSP, code, note, problem

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIG = "ansible.cfg"
_ROWS = 3  # of the file's field
_INVITATION = "Exécutez cette cellule (Maj+Entrée) pour écrire un ansible.cfg ou une variable, et demander à Ansible ce qu’il en retient."


class SettingPanel:
    """The widget: a file, a variable, a button. ``name`` is the setting's name in Ansible's dump, ``variable`` that of its variable."""

    def __init__(self, name: str, variable: str) -> None:
        self._name, self._variable = name, variable
        self.config = toolkit.lines(f"{CONFIG} (vide{NBSP}: pas de fichier)", _ROWS)
        self.value = toolkit.text(f"{variable} (vide{NBSP}: pas définie)")
        self.command = toolkit.html()
        self.answer = toolkit.html(note(""))
        self.button = toolkit.button("Demander à Ansible", self.ask, main=True)
        self.widget = toolkit.column(self.config, self.value, self.command, toolkit.row(self.button), self.answer)
        self.value.observe(lambda _: self._show_command(), "value")
        self._show_command()

    async def ask(self) -> None:
        """Say what Ansible holds for true; a failure is told, never raised."""
        self.button.disabled = True
        self.answer.value = note("Ansible lit sa configuration…")
        try:
            found = await asyncio.to_thread(self._found)
            line = dumped(self._name, found)
            self.answer.value = code(line, "La réponse d’Ansible") + note(told(self._name, found), "⚠" if found.refusal else "✓")
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            self.answer.value = problem(error)
        finally:
            self.button.disabled = False

    def _found(self) -> Effective:
        environment = {self._variable: self.value.value} if self.value.value.strip() else {}
        written = self.config.value
        return _under(written, environment) if written.strip() else effective(environment=environment)

    def _show_command(self) -> None:
        self.command.value = code(_line(self._name, self._variable, self.value.value.strip()), "La ligne de commande")


def dumped(name: str, found: Effective) -> str:
    """The dump's own line, or Ansible's refusal; a file is called by its name alone."""
    if found.refusal:
        return f"ERROR: {_without_folder(found.refusal)}"
    setting = found.settings[name]
    return f"{name}({_without_folder(setting.origin)}) = {setting.value}"


def told(name: str, found: Effective) -> str:
    """The same in words."""
    if found.refusal:
        return f"Ansible refuse cette configuration{NBSP}: avec elle, aucune commande ne se lancerait."
    setting = found.settings[name]
    if setting.origin == "default":
        return f"{setting.value} est la valeur d’origine d’Ansible{NBSP}: ni fichier ni variable ne la change."
    if setting.origin.startswith("env: "):
        return f"{setting.value} vient de la variable {setting.origin.removeprefix('env: ')}."
    return f"{setting.value} vient du fichier {Path(setting.origin).name}."


def setting(name: str, *, variable: str) -> None:
    """Let the learner ask for the setting ``name``, which ``variable`` and an ansible.cfg may change."""
    toolkit.place(still(name, variable=variable), SettingPanel(name, variable).widget)


def still(name: str, *, variable: str) -> dict[str, Any]:
    """What stands in the notebook where no widget can: the question, and the answer when nothing is set."""
    line, found = _line(name, variable, ""), _untouched()
    answer = dumped(name, found)
    html = code(line, "La ligne de commande") + code(answer, "La réponse d’Ansible") + note(told(name, found))
    return {
        "text/plain": f"{line}\n{answer}\n{told(name, found)}\n{_INVITATION}",
        "text/html": f"{html}<p><em>{escape(_INVITATION)}</em></p>",
    }


@lru_cache(maxsize=1)
def _untouched() -> Effective:
    """Ansible's settings when no file and no variable changes them, whatever this machine's own files say."""
    return _under("", {})


def _under(written: str, environment: Mapping[str, str]) -> Effective:
    """Ansible's settings under an ansible.cfg that says what is ``written``."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / CONFIG
        file.write_text(written, encoding="utf-8")
        return effective(file, environment)


def _line(name: str, variable: str, value: str) -> str:
    front = f"{variable}={shlex.quote(value)} " if value else ""
    return f"{front}ansible-config dump | grep -w {name}"


def _without_folder(text: str) -> str:
    return " ".join(_bare(word) for word in text.split(" "))


def _bare(word: str) -> str:
    """``'/somewhere/ansible.cfg'`` as ``'ansible.cfg'``."""
    before, found, after = word.rpartition(f"/{CONFIG}")
    return f"{before[:1] if before[:1] in {chr(39), '('} else ''}{CONFIG}{after}" if found else word

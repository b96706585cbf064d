"""What Ansible answered to an ad hoc command, node by node: read out of what it printed, and shown so that each field explains itself.

Plain HTML (``<details>``), as the mini-quiz is: keyboard and screen readers know it, it needs no kernel, and it stays in a saved notebook.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from labs.notebook.pieces import NBSP

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEAD = re.compile(r"^(?P<host>\S+) \| (?P<word>[A-Z]+)!? => (?=\{)", re.MULTILINE)
_PLAIN = re.compile(r"^(?P<host>\S+) \| (?P<word>[A-Z]+)!? \| rc=(?P<rc>-?\d+) >>\n?", re.MULTILINE)
_HEADS = {"CHANGED": "CHANGED", "SUCCESS": "SUCCESS", "FAILED": "FAILED!", "UNREACHABLE": "UNREACHABLE!"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one node, ``host``, was made to say. ``word`` is Ansible's verdict: CHANGED, SUCCESS, FAILED or UNREACHABLE."""

    host: str
    word: str
    fields: dict[str, Any]

    @property
    def jid(self) -> str:
        """The job that it speaks of; empty when it speaks of none."""
        return str(self.fields.get("ansible_job_id", ""))

    @property
    def failed(self) -> bool:
        return self.word in {"FAILED", "UNREACHABLE"}


def answers(stdout: str) -> list[Answer]:
    """The nodes' answers in what ``ansible`` printed, in the order of the nodes' names; warnings and errors around them are left out.

    A command that ran synchronously answers in plain text: its return code is then its only field.
    """
    read = json.JSONDecoder()
    found = [Answer(head["host"], head["word"], read.raw_decode(stdout, head.end())[0]) for head in _HEAD.finditer(stdout)]
    found += [Answer(head["host"], head["word"], {"rc": int(head["rc"])}) for head in _PLAIN.finditer(stdout)]
    return sorted(found, key=lambda answer: answer.host)


def bundle(found: Sequence[Answer]) -> dict[str, Any]:
    """The answers as HTML, the first one open, each field opening on its meaning; and as the text that Ansible printed."""
    asked = "Ouvrez un champ pour savoir ce qu’il veut dire. La réponse est telle qu’Ansible l’a donnée."
    html = "".join(_as_html(answer, opened=place == 0) for place, answer in enumerate(found))
    return {
        "text/plain": "\n".join(_as_text(answer) for answer in found),
        "text/html": f'<section aria-label="La réponse de chaque nœud">{_STYLE}<p><em>{asked}</em></p>{html}</section>' if found else "",
    }


def listed(found: Iterable[Answer]) -> str:
    """One line a node: its verdict and its jid, as one would note them."""
    return "\n".join(f"{answer.host}{NBSP}: {_HEADS[answer.word]} {answer.jid}".rstrip() for answer in found)


_STYLE = """<style>
.cp-answer { font-family: var(--jp-code-font-family, monospace); line-height: 1.5; margin: 4px 0; }
.cp-answer .cp-fields { margin: 2px 0 2px 1.6em; }
.cp-answer summary { cursor: pointer; overflow-wrap: anywhere; }
.cp-answer p { font-family: var(--jp-content-font-family, sans-serif); line-height: 1.5; max-width: 46em; margin: 2px 0 8px 1.2em;
  padding-left: 10px; border-left: 3px solid var(--jp-brand-color1, #1976d2); }
</style>"""


def _as_html(answer: Answer, *, opened: bool) -> str:
    lines = list(answer.fields.items())
    fields = "".join(
        f"<details><summary><code>{escape(_line(name, value, last=place == len(lines)))}</code></summary>"
        f"<p>{meaning(answer, name)}</p></details>"
        for place, (name, value) in enumerate(lines, 1)
    )
    head = f"<summary><code>{escape(f'{answer.host} | {_HEADS[answer.word]} => {{')}</code></summary>"
    return f'<details class="cp-answer"{" open" if opened else ""}>{head}<div class="cp-fields">{fields}</div><code>}}</code></details>'


def _as_text(answer: Answer) -> str:
    return f"{answer.host} | {_HEADS[answer.word]} => {json.dumps(answer.fields, indent=4, ensure_ascii=False)}"


def _line(name: str, value: Any, *, last: bool) -> str:
    return f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}{'' if last else ','}"


# -- what the fields mean -----------------------------------------------------------------------------------------------

_MEANINGS = {
    "started": "Le job a été lancé. Comme <code>finished</code>, c’est un booléen depuis Ansible 2.19, et c’était 1 avant.",
    "cmd": "Le programme qui a été exécuté, et ses arguments.",
    "start": "L’heure du début, selon l’horloge du nœud. Seuls <code>command</code> et <code>shell</code> la donnent.",
    "end": "L’heure de la fin, selon l’horloge du nœud.",
    "delta": "La durée du travail, mesurée sur le nœud. Ni le lancement, ni l’attente du contrôleur n’y sont comptés.",
    "stdout": "Ce que le travail a écrit sur sa sortie. Vide tant qu’il tourne, ou s’il n’a rien écrit.",
    "stderr": "Ce que le travail a écrit sur sa sortie d’erreur.",
    "stdout_lines": "La sortie, découpée en lignes.",
    "stderr_lines": "La sortie d’erreur, découpée en lignes.",
    "child_pid": "Le numéro du processus que le nœud a arrêté, parce que la limite donnée par <code>-B</code> était dépassée.",
    "erased": "Le fichier que <code>mode=cleanup</code> devait effacer. Cela n’arrête pas un job qui tourne encore.",
}


def meaning(answer: Answer, name: str) -> str:
    """What a field says in this very answer, as HTML."""
    told = {"ansible_job_id": _jid, "finished": _finished, "changed": _changed, "results_file": _file, "rc": _rc, "msg": _msg}
    if name in told:
        return told[name](answer)
    return _MEANINGS.get(name, "Un champ propre à ce module. La documentation du module l’explique.")


def _jid(answer: Answer) -> str:
    if _unknown(answer):
        return f"Le jid que vous avez demandé. <strong>{escape(answer.host)} ne le connaît pas</strong>{NBSP}: ce job est celui d’un autre nœud."
    return (
        f"Le nom du job, son <strong>jid</strong>. C’est <strong>{escape(answer.host)}</strong> qui l’a donné, et lui seul le connaît. "
        "Le nombre après le point est le numéro du processus qui a pris le job en charge sur le nœud."
    )


def _finished(answer: Answer) -> str:
    if "erased" in answer.fields:
        return f"Ne vous y fiez pas ici{NBSP}: la réponse à <code>mode=cleanup</code> ne dit pas si le job était fini."
    if _unknown(answer):
        said = f"Un piège{NBSP}: pour un jid inconnu, Ansible répond «{NBSP}fini{NBSP}». Lisez aussi <code>msg</code>."
    elif answer.fields["finished"]:
        said = f"Le job est fini, bien ou mal{NBSP}: c’est <code>rc</code> ou <code>msg</code> qui le dira."
    else:
        said = "Le job tournait encore quand cette réponse a été écrite. Elle ne se mettra pas à jour."
    return (
        f"{said} La valeur est un booléen, <code>true</code> ou <code>false</code>, depuis Ansible 2.19. "
        "Les textes plus anciens montrent <code>1</code> ou <code>0</code>."
    )


def _changed(answer: Answer) -> str:
    if "cmd" in answer.fields or "erased" in answer.fields or answer.failed:
        return f"Ce que le module dit avoir changé sur le nœud. Une commande qui a réussi compte pour un changement{NBSP}: Ansible ne sait pas ce qu’elle a fait."
    if answer.fields["changed"]:
        return "Pour un lancement, toujours <code>true</code>. Cela ne dit rien du succès du job, qui commence à peine."
    return "Demander l’état d’un job ne change rien sur le nœud."


def _file(answer: Answer) -> str:
    return (
        f"Le fichier où <strong>{escape(answer.host)}</strong> tient l’état du job. Il est sur le nœud, pas sur le contrôleur, "
        "et son nom est le jid. <code>async_status</code> ne fait que le lire."
    )


def _rc(answer: Answer) -> str:
    done = answer.fields["rc"] == 0
    return f"Le code de retour de la commande{NBSP}: {'0, elle a réussi' if done else 'différent de 0, elle a échoué'}."


def _msg(answer: Answer) -> str:
    if _unknown(answer):
        return f"Le nœud n’a aucun fichier de ce nom{NBSP}: le job est à un autre nœud, ou son fichier a été effacé."
    if not answer.fields["msg"]:
        return f"Rien à signaler{NBSP}: ce champ explique les échecs."
    return "L’explication de l’échec, telle que le module la donne."


def _unknown(answer: Answer) -> bool:
    return answer.fields.get("msg") == "could not find job"

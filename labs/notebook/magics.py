# mypy: disable-error-code="no-untyped-call"
# (IPython's registration of magics is not typed)
"""The magics of the lessons as IPython knows them: their names, how a cell waits for them, where they are registered.

A magic here is a coroutine: while its run goes on, the kernel serves the widgets, and an interruption reaches the run. IPython does
not await what a magic returns, so the cell's own code is given the word (``awaited``): a cell ends with its run, and « run all » runs
the cells one after the other.
"""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython
from IPython.core.magic import no_var_expand

from labs.notebook import background

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Work = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Magic:
    """``home`` names the module and the coroutine function that do the work, loaded at first use; ``told`` is what ``%name?`` shows.

    A ``%%`` magic gets the rest of its line and the cell's text, a ``%`` magic the rest of its line.
    """

    name: str
    home: str
    told: str

    @property
    def kind(self) -> str:
        return "cell" if self.name.startswith("%%") else "line"

    def work(self, *typed: str) -> Coroutine[Any, Any, None]:
        module, function = self.home.split(":")
        made: Coroutine[Any, Any, None] = getattr(import_module(module), function)(*typed)
        return made


MAGICS = (
    Magic(
        "%ansible",
        "labs.notebook.magics_ansible:adhoc",
        "Lance une commande ad hoc sur le labo, avec les options d’un terminal.\n\n    %ansible all -B 60 -P 0 -a '/bin/sleep 5'",
    ),
    Magic(
        "%ansible-playbook",
        "labs.notebook.magics_ansible:playbook",
        "Lance un playbook sur le labo, avec les options d’un terminal.\n\n    %ansible-playbook playbooks/asynchrone.yml -f 2",
    ),
    Magic(
        "%%playbook",
        "labs.notebook.magics_playbook:playbook",
        "Lance le playbook écrit dans la cellule. Avec un nom, il est gardé dans travail/playbooks/.\n\n    %%playbook essai -f 1",
    ),
    Magic(
        "%ansible-doc",
        "labs.notebook.magics_ansible:doc",
        "Affiche la documentation d’un module.\n\n    %ansible-doc ansible.builtin.async_status",
    ),
    Magic(
        "%lab",
        "labs.notebook.magics_lab:lab",
        "Montre le labo, ou fait ce que fait la commande labs.\n\n    %lab\n    %lab reset\n    %lab cut node2",
    ),
)


def teach(magics: tuple[Magic, ...] = MAGICS) -> None:
    """Make magics known to the shell that this code runs in, if any."""
    shell = get_ipython()
    if shell is not None:
        register(shell, magics)


def register(shell: InteractiveShell, magics: tuple[Magic, ...] = MAGICS) -> None:
    """Make magics known to a shell. Doing it twice changes nothing."""
    for magic in magics:
        shell.register_magic_function(_function(magic), magic.kind, magic.name.lstrip("%"))  # type: ignore[arg-type]
    if awaited not in shell.input_transformers_post:
        shell.input_transformers_post.append(awaited)
    _awaitable.update(magic.name.lstrip("%") for magic in magics)


def _function(magic: Magic) -> Callable[..., Any]:
    @no_var_expand  # {{ }} is Ansible's
    def run(*typed: str) -> Any:
        work = magic.work(*typed)
        return background.start(work) if background.possible() else asyncio.run(work)

    run.__doc__ = magic.told
    return run


_awaitable: set[str] = set()
_CALL = re.compile(r"^(\s*(?:\w+\s*=\s*)?)(get_ipython\(\)\.run_(?:line|cell)_magic\('([\w-]+)')")


def awaited(lines: list[str]) -> list[str]:
    """The lines of a cell, IPython's own transformations done, with the calls of our magics awaited.

    A cell where Python allows no ``await``, such as one that defines a function, is left as it is: its runs go on by themselves.
    """
    changed = [_CALL.sub(_await, line) for line in lines]
    try:
        compile("".join(changed), "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError):
        return lines
    return changed


def _await(call: re.Match[str]) -> str:
    return f"{call[1]}await {call[2]}" if call[3] in _awaitable else call[0]

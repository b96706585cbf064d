# mypy: disable-error-code="no-untyped-call"
# (IPython's registration of magics is not typed)
"""The magics of the lessons as IPython knows them: their names, how a cell waits for them, what completes their lines.

A magic here is a coroutine: while its run goes on, the kernel serves the widgets, and an interruption reaches the run. IPython does
not await what a magic returns, so the cell's own code is given the word (``awaited``): a cell ends with its run, and « run all » runs
the cells one after the other.
"""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.core.getipython import get_ipython
from IPython.core.magic import no_var_expand

from labs.notebook import background

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

Work = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Magic:
    """``home`` is the coroutine function that does the work, ``offers`` the one that completes its line (see completion.py).

    Both are named ``module:function`` and loaded at first use. A ``%%`` magic gets the rest of its line and the cell's text, a ``%``
    magic the rest of its line. ``told`` is what ``%name?`` shows.
    """

    name: str
    home: str
    offers: str
    told: str

    @property
    def kind(self) -> str:
        return "cell" if self.name.startswith("%%") else "line"

    def work(self, *typed: str) -> Coroutine[Any, Any, None]:
        made: Coroutine[Any, Any, None] = _function_of(self.home)(*typed)
        return made

    def next_words(self, words: Sequence[str], fragment: str) -> Sequence[str]:
        offered: Sequence[str] = _function_of(self.offers)(words, fragment)
        return offered


def _function_of(place: str) -> Callable[..., Any]:
    module, function = place.split(":")
    found: Callable[..., Any] = getattr(import_module(module), function)
    return found


MAGICS = (
    Magic(
        "%ansible",
        "labs.notebook.magics_ansible:adhoc",
        "labs.notebook.completion:adhoc",
        "Lance une commande ad hoc sur le labo, avec les options d’un terminal.\n\n    %ansible all -B 60 -P 0 -a '/bin/sleep 5'",
    ),
    Magic(
        "%ansible-playbook",
        "labs.notebook.magics_ansible:playbook",
        "labs.notebook.completion:playbook",
        "Lance un playbook sur le labo, avec les options d’un terminal.\n\n    %ansible-playbook playbooks/asynchrone.yml -f 2",
    ),
    Magic(
        "%%playbook",
        "labs.notebook.magics_playbook:playbook",
        "labs.notebook.completion:playbook_cell",
        "Lance le playbook écrit dans la cellule. Avec un nom, il est gardé dans travail/playbooks/.\n\n    %%playbook essai -f 1",
    ),
    Magic(
        "%ansible-doc",
        "labs.notebook.magics_ansible:doc",
        "labs.notebook.completion:doc",
        "Affiche la documentation d’un module.\n\n    %ansible-doc ansible.builtin.async_status",
    ),
    Magic(
        "%lab",
        "labs.notebook.magics_lab:lab",
        "labs.notebook.completion:lab",
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
    if completed not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(completed)
    _known.update({magic.name: magic for magic in magics})


def _function(magic: Magic) -> Callable[..., Any]:
    @no_var_expand  # {{ }} is Ansible's
    def run(*typed: str) -> Any:
        work = magic.work(*typed)
        return background.start(work) if background.possible() else asyncio.run(work)

    run.__doc__ = magic.told
    return run


_known: dict[str, Magic] = {}
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
    return f"{call[1]}await {call[2]}" if {f"%{call[3]}", f"%%{call[3]}"} & set(_known) else call[0]


_TYPED = re.compile(r"\s*(?:\w+\s*=\s*)?(%%?[\w-]+)\s+(.*)", re.DOTALL)


@context_matcher()  # type: ignore[untyped-decorator]
def completed(context: CompletionContext) -> SimpleMatcherResult:
    """What our magics offer at the cursor; nothing anywhere else."""
    words = _offered(context)
    return {
        "completions": [SimpleCompletion(text=word, type="magic") for word in words or ()],
        "suppress": words is not None,  # Python has nothing to say on such a line
        "ordered": True,
    }


def _offered(context: CompletionContext) -> list[str] | None:
    from labs.notebook import completion  # loaded when somebody asks

    lines = context.full_text.split("\n")
    if context.cursor_line and lines[0].startswith("%%playbook"):
        return completion.matching(completion.yaml_line(context.text_until_cursor), context.token)
    before = "\n".join([*lines[: context.cursor_line], context.text_until_cursor]).replace("\\\n", " ")
    typed = _TYPED.fullmatch(before.rpartition("\n")[2])
    magic = _known.get(typed[1]) if typed else None
    if typed is None or magic is None:
        return None
    words = typed[2].removesuffix(context.token).split()
    return completion.matching(magic.next_words(words, context.token), context.token)

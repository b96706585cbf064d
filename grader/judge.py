"""Conditions and messages of an exercise, evaluated in Jinja2's sandbox over what was observed.

A condition that cannot be evaluated, or that gives anything but true or false, is a fault of the exercise: ExerciseError, never a mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from grader import french
from grader.checks import Node, Observed
from grader.errors import ExerciseError
from grader.report import CheckReport
from grader.spec import Check, Exercise, Kind
from labs.timeline import words

FILTERS = {"seconds": words.seconds, "duration": words.duration, "number": words.number, "listing": french.listing, "times": french.times}
MOST_QUOTED = 80  # characters of a faulty expression in a message
_NAMES = {"answer", "parameters"}
_RUN_NAMES = {"timeline", "nodes", "runs"}

_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True)
_environment.globals.clear()  # a condition has the names that are documented, and no other
_environment.filters.update(FILTERS)


def verify(exercise: Exercise) -> None:
    """Raise ExerciseError, naming the field, for a condition or a message that could never be evaluated."""
    names = _NAMES | _told_by_runs(exercise)
    for position, check in enumerate(exercise.checks):
        known = names | ({"node"} if check.each_node else set())
        for index, condition in enumerate(check.that):
            _verify(f"{exercise.id} : checks[{position}].that[{index}]", f"{{{{ {condition} }}}}", known)
        _verify(f"{exercise.id} : checks[{position}].success_msg", check.success_msg, known)
        _verify(f"{exercise.id} : checks[{position}].fail_msg", check.fail_msg, known)


def _told_by_runs(exercise: Exercise) -> set[str]:
    if exercise.kind is Kind.VALUE:
        return {"timeline"} if exercise.run else set()
    return _RUN_NAMES


def _verify(where: str, template: str, known: set[str]) -> None:
    try:
        tree = _environment.parse(template)
        unknown = meta.find_undeclared_variables(tree) - known
        _environment.from_string(template)
    except TemplateSyntaxError as error:
        raise ExerciseError(f"{where} : une expression Jinja2 est attendue ({error.message}).", "Corrigez exercise.yml.") from None
    if unknown:
        raise ExerciseError(f"{where} : {', '.join(sorted(unknown))} n'est pas connu.", f"Les noms permis sont {', '.join(sorted(known))}.")


def judge(exercise: Exercise, observed: Observed) -> tuple[CheckReport, ...]:
    """One report a check, in their order. Raises ExerciseError when a condition or a message cannot be evaluated."""
    reports: dict[str, CheckReport] = {}
    for check in exercise.checks:
        needed = reports.get(check.needs or "")
        reports[check.id] = _postponed(check, needed) if needed and not needed.passed else _examined(check, observed)
    return tuple(reports.values())


def _postponed(check: Check, needed: CheckReport) -> CheckReport:
    message = french.typeset(f"Pas encore examiné : ce point dépend de « {needed.title} ».")
    return CheckReport(id=check.id, title=french.typeset(check.title), passed=False, points=0, max=check.points, message=message)


def _examined(check: Check, observed: Observed) -> CheckReport:
    passed, message = _for_each_node(check, observed) if check.each_node else _once(check, observed.context)
    return CheckReport(
        id=check.id,
        title=french.typeset(check.title),
        passed=passed,
        points=check.points if passed else 0,
        max=check.points,
        message=french.typeset(message),
        hint=None if passed else french.typeset(check.hints.orient),
    )


def _once(check: Check, context: Mapping[str, Any]) -> tuple[bool, str]:
    passed = all(_holds(check, condition, context) for condition in check.that)
    return passed, _say(check, check.success_msg if passed else check.fail_msg, context)


def _for_each_node(check: Check, observed: Observed) -> tuple[bool, str]:
    """All nodes must pass; when some do not, only they are spoken of."""
    verdicts = {node: _once(check, observed.context | {"node": node}) for node in observed.nodes.values()}
    passed = all(good for good, _ in verdicts.values())
    messages = {node: message for node, (good, message) in verdicts.items() if good == passed}
    return passed, _grouped(messages, len(verdicts))


def _grouped(messages: Mapping[Node, str], count: int) -> str:
    """One line a message, before it the nodes that it speaks of: « node1 et node3 : … »."""
    by_message: dict[str, list[str]] = {}
    for node, message in messages.items():
        by_message.setdefault(message, []).append(node.name)
    return "\n".join(f"{_whose(names, count)} : {message}" for message, names in by_message.items())


def _whose(names: Sequence[str], count: int) -> str:
    return "Sur chaque nœud" if len(names) == count > 1 else french.listing(names)


def _holds(check: Check, condition: str, context: Mapping[str, Any]) -> bool:
    try:
        result = _environment.compile_expression(condition, undefined_to_none=False)(**context)
    except Exception as error:  # noqa: BLE001 - whatever an expression raises is the exercise's fault
        raise _faulty(check, condition, error) from None
    if isinstance(result, Undefined):
        raise _faulty(check, condition, result._undefined_message)  # noqa: SLF001 - the only place that says which name is missing
    if not isinstance(result, bool):
        raise _faulty(check, condition, f"true ou false est attendu, pas {type(result).__name__}")
    return result


def _say(check: Check, template: str, context: Mapping[str, Any]) -> str:
    try:
        return " ".join(_environment.from_string(template).render(**context).split())
    except Exception as error:  # noqa: BLE001 - as above
        raise _faulty(check, template, error) from None


def _faulty(check: Check, source: str, why: object) -> ExerciseError:
    return ExerciseError(
        f"Le point « {check.id} » n'a pas pu être évalué : {_short(source)} ({why}).",
        "C'est un défaut de l'exercice, pas de votre réponse : signalez-le.",
    )


def _short(source: str) -> str:
    return source if len(source) <= MOST_QUOTED else f"{source[:MOST_QUOTED]}…"

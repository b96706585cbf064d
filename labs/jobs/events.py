"""Typed events out of ansible-runner's: what the controller says, in the terms of this course. Times are epoch seconds.

The gaps of the raw events are those measured on ansible-core 2.19 to 2.21: an ad hoc command has no task start; the poll that
finds a job finished makes no poll event but an ``async_ok`` or ``async_failed``; polls carry a synthetic task id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class TaskStarted:
    at: float
    task: str
    name: str
    action: str


@dataclass(frozen=True, slots=True)
class HostStarted:
    """The controller turns to a host for a task."""

    at: float
    host: str
    task: str
    name: str
    action: str


@dataclass(frozen=True, slots=True)
class Launched:
    """A job was detached (poll 0); ``item`` is the loop's, as text, or empty."""

    at: float
    host: str
    task: str
    jid: str
    item: str


@dataclass(frozen=True, slots=True)
class Polled:
    """The controller learnt a job's state. ``task`` is empty for the polls of ``poll: P``, whose ids are synthetic."""

    at: float
    host: str
    task: str
    jid: str
    finished: bool
    waited_by_status: bool  # asked by an async_status task, not by poll: P


@dataclass(frozen=True, slots=True)
class ItemEnded:
    """A turn of a loop ended on a host, for the controller."""

    at: float
    host: str
    task: str


@dataclass(frozen=True, slots=True)
class HostEnded:
    """A task ended on a host, for the controller. ``outcome``: "ok", "failed", "unreachable" or "skipped"."""

    at: float
    host: str
    task: str
    outcome: str
    message: str
    rc: int | None


Event = TaskStarted | HostStarted | Launched | Polled | ItemEnded | HostEnded

OUTCOMES = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
}
ITEM_OUTCOMES = ("runner_item_on_ok", "runner_item_on_failed")
SINGLE_OR_ITEM = ("runner_on_ok", "runner_on_failed", *ITEM_OUTCOMES)
MOST_TEXT = 1000  # characters of a name
UNKNOWN_JOB = "could not find job"  # async_status then says finished, of a job that may well run: it looked elsewhere


def typed(raw: Mapping[str, Any]) -> Iterator[Event]:
    """The typed events that a raw one holds: none, or some."""
    name, data = raw.get("event", ""), _table(raw.get("event_data"))
    at, host, task = _epoch(raw.get("created", "")), _text(data.get("host")), _text(data.get("task_uuid"))
    result = _table(data.get("res"))
    jid = _text(data.get("jid") or result.get("ansible_job_id"))
    asked_by_task = _action(data) == "async_status"
    match name:
        case "playbook_on_task_start":
            yield TaskStarted(at, task, _text(data.get("name") or data.get("task")), _action(data))
        case "runner_on_start":
            yield HostStarted(at, host, task, _text(data.get("task")), _action(data))
        case "runner_on_async_poll":
            yield Polled(at, host, "", jid, finished=False, waited_by_status=False)
        case "runner_on_async_ok" | "runner_on_async_failed" if jid:  # without one, the controller gave up asking
            yield Polled(at, host, task, jid, finished=True, waited_by_status=False)
        case "runner_retry" if asked_by_task:
            yield Polled(at, host, task, jid, finished=False, waited_by_status=True)
    if name in SINGLE_OR_ITEM and jid:
        if asked_by_task:
            finished = bool(result.get("finished")) and result.get("msg") != UNKNOWN_JOB
            yield Polled(at, host, task, jid, finished=finished, waited_by_status=True)
        elif not result.get("finished"):
            yield Launched(at, host, task, jid, _item(result))
    yield from _endings(name, at, host, task, result)


def _endings(name: str, at: float, host: str, task: str, result: Mapping[str, Any]) -> Iterator[Event]:
    if name in ITEM_OUTCOMES:
        yield ItemEnded(at, host, task)
    if name in OUTCOMES:
        yield HostEnded(at, host, task, OUTCOMES[name], _message(result), _rc(result))


# What follows takes nothing of an event for granted: a run that nobody vouches for may print any.


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value[:MOST_TEXT] if isinstance(value, str) else ""


def _action(data: Mapping[str, Any]) -> str:
    """The action's short name: ``ansible.builtin.command`` and ``command`` are one."""
    return _text(data.get("resolved_action") or data.get("task_action")).rpartition(".")[2]


def _item(result: Mapping[str, Any]) -> str:
    variable = _text(result.get("ansible_loop_var")) or "item"
    item = result.get("_ansible_item_label", result.get(variable, ""))
    return "" if isinstance(item, dict | list) else str(item)[:MOST_TEXT]


def _message(result: Mapping[str, Any]) -> str:
    return str(result.get("msg") or "")[:500]


def _rc(result: Mapping[str, Any]) -> int | None:
    rc = result.get("rc")
    return rc if isinstance(rc, int) else None


def _epoch(created: str) -> float:
    return datetime.fromisoformat(created).timestamp() if created else 0.0

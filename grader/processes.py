"""The nodes' process tables as they were seen during a run, and the questions that the grader puts to them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Protocol

EMBEDDED_SSHD = ("-m", "labs.engines.embedded_sshd")  # the SSH server of a node of the embedded lab
PAUSE = ("sleep", "0")  # what Ansible itself adds to the commands that it sends, so that none of their output is lost


class Process(Protocol):
    """A process of a node (``labs.evidence.records.ProcessRun``); times in seconds since the run's start, ``end`` None while it lives."""

    @property
    def host(self) -> str: ...
    @property
    def pid(self) -> int: ...
    @property
    def ppid(self) -> int: ...
    @property
    def argv(self) -> tuple[str, ...]: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float | None: ...


class ProcessTable:
    """The processes of one node, those that have ended included."""

    def __init__(self, host: str, processes: Iterable[Process]) -> None:
        self._all = sorted((process for process in processes if process.host == host), key=lambda process: process.start)
        self._by_pid: dict[int, list[Process]] = {}
        for process in self._all:
            self._by_pid.setdefault(process.pid, []).append(process)

    def __iter__(self) -> Iterator[Process]:
        return iter(self._all)

    def executions(self, command: str) -> list[Process]:
        """The executions of a command, in order of start: same program name, same arguments.

        ``sleep 8`` and ``/bin/sleep 8`` are one command; a shell whose text contains it is no execution of it.
        """
        wanted = _normal(shlex.split(command))
        return [process for process in self._all if _normal(process.argv) == wanted]

    def programs(self, name: str) -> list[Process]:
        """The executions of a program, whatever its arguments, in order of start; those of Ansible's own making left out."""
        wanted = PurePosixPath(name).name
        return [process for process in self._all if process.argv and _normal(process.argv)[0] == wanted and _normal(process.argv) != PAUSE]

    def ancestry(self, process: Process) -> list[Process]:
        """A process, then its parent and so on, as far as they were seen."""
        line = [process]
        while (parent := self._parent(line[-1])) is not None and parent not in line:
            line.append(parent)
        return line

    def detached(self, process: Process) -> bool:
        """Whether it belongs to a job that Ansible put in the background."""
        return any("async_wrapper" in argument for ancestor in self.ancestry(process) for argument in ancestor.argv)

    def in_session(self, process: Process) -> bool:
        """Whether it lives now, within an SSH session that lives now."""
        living = all(ancestor.end is None for ancestor in self.ancestry(process))
        return living and not is_sshd(process) and any(is_sshd(ancestor) for ancestor in self.ancestry(process))

    def visiting(self, process: Process) -> bool:
        """Whether it is, or was, Ansible's work within an SSH session: a module, or what comes before and after one."""
        from_ssh = any(is_sshd(ancestor) for ancestor in self.ancestry(process))
        return from_ssh and not is_sshd(process) and not self.detached(process)

    def launching(self, process: Process) -> bool:
        """Whether it is the shell that an SSH session starts a background job with: it ends when the job is on its own."""
        shell = process.argv[1:2] == ("-c",) and "async_wrapper" in process.argv[-1]
        return shell and any(is_sshd(ancestor) for ancestor in self.ancestry(process))

    def _parent(self, process: Process) -> Process | None:
        # A number can serve again: the parent is the one that lived when the child was born.
        candidates = [parent for parent in self._by_pid.get(process.ppid, ()) if parent.start <= process.start]
        return next((parent for parent in reversed(candidates) if parent.end is None or parent.end >= process.start), None)


def is_sshd(process: Process) -> bool:
    if process.argv[1:3] == EMBEDDED_SSHD:
        return True
    # A session renames itself: its whole title, "sshd: root@pts/0", is then its only argument.
    return bool(process.argv) and PurePosixPath(process.argv[0].split(" ")[0]).name.startswith("sshd")


def is_python(process: Process) -> bool:
    """Ansible's modules are python programs, whatever they do."""
    return bool(process.argv) and PurePosixPath(process.argv[0]).name.startswith("python")


def _normal(argv: Sequence[str]) -> tuple[str, ...]:
    return (PurePosixPath(argv[0]).name, *argv[1:]) if argv else ()

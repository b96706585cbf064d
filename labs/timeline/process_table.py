"""What a node's process table and job files say of the modules run there.

Pure reading of command lines, as ansible-core 2.19 to 2.21 write them: ``python3 …/AnsiballZ_command.py`` for a synchronous module, ``python3
…/async_wrapper.py j123 60 …/AnsiballZ_command.py _`` for an async one, whose wrapper forks itself several times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from labs.evidence.records import JobFile
from labs.timeline.model import State

PROGRAM_MODULES = frozenset({"command", "shell"})
MODULE_PREFIX = "AnsiballZ_"
WRAPPER = "async_wrapper.py"
REMEMBERED = 4096  # command lines: a live view reads those of a whole run again at each frame


@dataclass(slots=True)
class Process:
    pid: int
    ppid: int
    start: float
    argv: tuple[str, ...]
    end: float | None = None


class ProcessTable:
    """All the processes that a node has shown, and who is whose child among them, as things stand: it does not follow them."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes
        self._children: dict[int, list[Process]] = defaultdict(list)
        for process in processes:
            self._children[process.ppid].append(process)

    def wrappers(self) -> dict[str, list[Process]]:
        """async_wrapper's processes by the random part of their jid; the first of each list is the one the jid is named after."""
        found: dict[str, list[Process]] = defaultdict(list)
        for process in self._processes:
            if stem := wrapper_stem(process.argv):
                found[stem].append(process)
        for wrappers in found.values():
            pids = {process.pid for process in wrappers}
            wrappers.sort(key=lambda process: (process.ppid in pids or process.ppid == 1, process.start, process.pid))
        return found

    def module_under(self, wrappers: list[Process]) -> Process | None:
        return next((child for wrapper in wrappers for child in self._children[wrapper.pid] if _is_module(child.argv)), None)

    def below(self, process: Process) -> list[Process]:
        """All that descends from a process."""
        children = [child for child in self._children[process.pid] if child.start >= process.start]
        return [found for child in children for found in (child, *self.below(child))]

    def sync_modules(self, only: str = "") -> list[Process]:
        """Module runs that no async_wrapper started, less the forks that a module makes of itself."""
        return [process for process in self._sync_modules if not only or module_name(process.argv) == only]

    @cached_property
    def _sync_modules(self) -> list[Process]:
        runs = {process.pid for process in self._processes if _is_module(process.argv) or wrapper_stem(process.argv)}
        return [process for process in self._processes if _is_module(process.argv) and process.ppid not in runs]

    def program_under(self, module: Process) -> tuple[str, ...]:
        """The program that ``command`` or ``shell`` was asked to run; what other modules call is their own business."""
        if module_name(module.argv) not in PROGRAM_MODULES:
            return ()
        programs = [
            child.argv for child in self._children[module.pid] if child.start >= module.start and child.argv and child.argv != module.argv
        ]
        return programs[0] if programs else ()


@lru_cache(maxsize=REMEMBERED)
def wrapper_stem(argv: tuple[str, ...]) -> str:
    """``j123`` out of ``python3 …/async_wrapper.py j123 60 …``; empty for any other program."""
    return argv[2] if len(argv) > 3 and argv[1].endswith(WRAPPER) else ""


def limit(argv: tuple[str, ...]) -> float | None:
    """The ``60`` of the same command line."""
    return float(argv[3]) if argv[3].isdecimal() else None


def is_job(argv: tuple[str, ...]) -> bool:
    """Whether a command line is that of a module that is drawn as a job, or of its wrapper: looks at jobs are drawn by their events."""
    return (_is_module(argv) or bool(wrapper_stem(argv))) and module_name(argv) != "async_status"


@lru_cache(maxsize=REMEMBERED)
def _is_module(argv: tuple[str, ...]) -> bool:
    """``python3 …/AnsiballZ_command.py``; the chmod that precedes it names the same file further on."""
    return len(argv) > 1 and bool(_named_module(argv[1])) and not wrapper_stem(argv)


def _named_module(word: str) -> str:
    name = word.rpartition("/")[2]
    return name.removeprefix(MODULE_PREFIX).removesuffix(".py") if name.startswith(MODULE_PREFIX) else ""


@lru_cache(maxsize=REMEMBERED)
def module_name(argv: tuple[str, ...]) -> str:
    """The module that a command line runs, or is to run under async_wrapper."""
    return next((name for word in argv if (name := _named_module(word)) and name != "async_wrapper"), "")


def async_end(
    module: Process | None, wrappers: list[Process], below: list[Process], file: JobFile | None
) -> tuple[float | None, State, int | None]:
    """When and how an async job ended, by its file, its processes, and those ``below`` its module."""
    if file and file.finished:
        state = file_state(file)
        if state is State.TIMED_OUT and module:
            return _limit_end(module, below, file)
        return file.mtime, state, exit_code(file)
    if module and module.end is not None and all(process.end is not None for process in wrappers if process.pid == module.ppid):
        if any(process.end is None for process in below):  # before the watchdog's word as after it
            return None, State.ORPHANED, None
        # Dead without a result. Where the watchdog did it, its word is a second away.
        allowed = limit(wrappers[0].argv)
        overdue = allowed and module.end - wrappers[0].start >= allowed and any(process.end is None for process in wrappers)
        return module.end, State.TIMED_OUT if overdue else State.KILLED, None
    if not module and all(process.end is not None for process in wrappers):
        return max(process.end or 0.0 for process in wrappers), State.KILLED, None
    return None, State.RUNNING, None


def _limit_end(module: Process, below: list[Process], file: JobFile) -> tuple[float | None, State, int | None]:
    """The watchdog kills the job's process group, and writes its file a second later: what lives on had left the group, or was missed."""
    survivors = [process for process in (module, *below) if process.end is None or process.end > file.mtime]
    if not survivors:
        return max(process.end or 0.0 for process in (module, *below)), State.TIMED_OUT, None
    ends = [process.end for process in survivors]
    return None if None in ends else max(end for end in ends if end is not None), State.ORPHANED, None


def file_state(file: JobFile) -> State:
    if "Timeout exceeded" in str(file.result.get("msg", "")) and "child_pid" in file.result:
        return State.TIMED_OUT
    return State.FAILED if file.result.get("failed") or exit_code(file) else State.SUCCEEDED


def exit_code(file: JobFile) -> int | None:
    rc = file.result.get("rc")
    return rc if isinstance(rc, int) else None

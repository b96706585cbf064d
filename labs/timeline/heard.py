"""What a run's controller and its nodes have said, kept as it came, in whatever order: the ground on which a Timeline is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import overload

from labs.evidence.records import Beat, JobFile, JobFileGone, ProcessEnded, ProcessSeen, Record, Silence, Spoilt
from labs.jobs.events import Event, HostEnded, HostStarted, ItemEnded, Launched, Polled, TaskStarted
from labs.timeline.model import Block, BlockKind, Outcome, State, Task
from labs.timeline.process_table import Process, ProcessTable, file_state, is_job
from labs.typography import one_line

# Actions that run nothing on the node, or nothing that its process table can show as a module.
LOCAL_ACTIONS = frozenset({
    "add_host", "assert", "debug", "fail", "group_by", "import_playbook", "import_role", "import_tasks", "include_role",
    "include_tasks", "include_vars", "meta", "pause", "set_fact", "set_stats", "validate_argument_spec",
})  # fmt: skip
MODULELESS_ACTIONS = LOCAL_ACTIONS | {"raw", "script", "wait_for_connection", "async_status"}
SLACK = 0.1  # seconds by which clocks read in two processes may disagree on an order
MEMORY = 3600.0  # seconds after which an ended process is forgotten, when the story goes on and on


@dataclass(slots=True)
class Node:
    """What one node has shown."""

    processes: list[Process] = field(default_factory=list)  # all of them, ended ones too: a pid can come back
    alive: dict[int, Process] = field(default_factory=dict)
    job_files: dict[str, JobFile] = field(default_factory=dict)  # jid -> its last content, but what came too late
    silent_since: float | None = None
    spoilt_by: str = ""
    read: ProcessTable | None = None  # the processes as they stand; None when one has changed since

    def table(self) -> ProcessTable:
        """Its process table, read once between two changes: a live view asks at each frame."""
        if self.read is None:
            self.read = ProcessTable(self.processes)
        return self.read


@dataclass(slots=True)
class Claim:
    """What events say of an async job."""

    host: str
    task: str
    at: float
    item: str = ""
    detached: bool = False
    finished_at: float | None = None


class Heard:
    """Told the controller's events and the nodes' records; ``started`` is the run's start in epoch seconds, the moments kept are since then.

    Of a node, ``processes`` and files keep the node's own clock, in epoch seconds. Blocks are by (host, task).
    """

    def __init__(self, hosts: Sequence[str], started: float) -> None:
        self.hosts = list(hosts)
        self.started = started
        self.nodes: dict[str, Node] = {host: Node() for host in hosts}
        self.tasks: dict[str, Task] = {}
        self.blocks: dict[tuple[str, str], Block] = {}
        self.turns: dict[tuple[str, str], list[float]] = {}  # ends of a loop's turns, in order
        self.claims: dict[str, Claim] = {}  # by jid
        self.polled: list[Polled] = []

    def event(self, event: Event) -> None:
        """Take the controller's word."""
        match event:
            case TaskStarted():
                self._open_task(event.task, event.name, event.action, event.at)
            case HostStarted():
                self._open_task(event.task, event.name, event.action, event.at)
                self._know(event.host)
                kind = _kind_from_action(event.action)
                self.blocks[event.host, event.task] = Block(event.host, event.task, kind, event.at - self.started)
            case HostEnded():
                self._close_block(event)
            case ItemEnded():
                self.turns.setdefault((event.host, event.task), []).append(event.at - self.started)
            case Launched():
                self.claims[event.jid] = Claim(event.host, event.task, event.at, one_line(event.item), detached=True)
            case Polled():
                self._take_poll(event)

    def _open_task(self, task: str, name: str, action: str, at: float) -> None:
        if task not in self.tasks:
            self.tasks[task] = Task(task, one_line(name) or action, action, at - self.started)

    def _know(self, host: str) -> None:
        if host not in self.nodes:
            self.hosts.append(host)
            self.nodes[host] = Node()

    def _close_block(self, event: HostEnded) -> None:
        key = (event.host, event.task)
        if key not in self.blocks:  # a skipped task may end on a host where it never started
            return
        end = event.at - self.started
        message = one_line(event.message) if event.outcome in ("failed", "unreachable") else ""
        self.blocks[key] = replace(self.blocks[key], end=end, outcome=Outcome(event.outcome), message=message)
        self.tasks[event.task] = replace(self.tasks[event.task], end=end)

    def _take_poll(self, event: Polled) -> None:
        self.polled.append(event)
        claim = self.claims.get(event.jid)
        if claim is None and not event.waited_by_status:
            # With poll > 0 the first poll is the first time that the controller names the job.
            task = event.task or self._open_on(event.host)
            claim = self.claims[event.jid] = Claim(event.host, task, event.at)
        if claim and claim.host == event.host and event.finished and claim.finished_at is None:
            claim.finished_at = event.at

    def _open_on(self, host: str) -> str:
        """The task that a host is busy with: polls carry a task id of their own making."""
        return next((task for (name, task), block in self.blocks.items() if name == host and block.end is None), "")

    def observe(self, record: Record) -> bool:
        """Take a node's word; whether it may change what a Timeline shows."""
        self._know(record.host)
        node = self.nodes[record.host]
        telling = _is_drawn(record, node)
        match record:
            case ProcessSeen():
                node.read = None
                known = node.alive.get(record.pid)
                if known and known.start == record.start:
                    known.argv = record.argv or known.argv
                else:
                    node.alive[record.pid] = process = Process(record.pid, record.ppid, record.start, record.argv)
                    node.processes.append(process)
            case ProcessEnded():
                node.read = None
                if process_ended := node.alive.pop(record.pid, None):
                    process_ended.end = record.end
            case JobFile():
                if not _is_too_late(record, node.job_files.get(record.jid)):
                    node.job_files[record.jid] = record
            case Silence():
                node.silent_since = record.at
            case Spoilt():
                node.spoilt_by = node.spoilt_by or record.by
            case Beat() | JobFileGone():
                pass  # that a node lives changes nothing; of a file that is gone, its last content is what matters
        return telling

    def start_over(self, moment: float) -> None:
        """Let the story begin later, at ``moment`` (epoch seconds): for whoever watches a lab on and on, without a run and its events."""
        self.started = moment
        for node in self.nodes.values():
            node.processes = [process for process in node.processes if process.end is None or process.end > moment - MEMORY]
            node.read = None

    # -- what is asked of it

    def task_at(self, host: str, start: float, module: str = "") -> str:
        """The task that this host was busy with at a moment; of several, the one of this module."""
        moment = start - self.started
        open_then = [
            task
            for (name, task), block in self.blocks.items()
            if name == host and block.start - SLACK <= moment and (block.end is None or moment <= block.end)
        ]
        same_module = [task for task in open_then if self.tasks[task].action == module]
        return (same_module or open_then or [""])[-1]

    @overload
    def since(self, moment: float) -> float: ...

    @overload
    def since(self, moment: None) -> None: ...

    @overload
    def since(self, moment: float | None) -> float | None: ...

    def since(self, moment: float | None) -> float | None:
        """Seconds from the run's start to a moment of a clock; None for one that has not come."""
        return None if moment is None else moment - self.started


def _is_too_late(file: JobFile, before: JobFile | None) -> bool:
    """A watchdog may kill a job that has just left its result, and a second later write its own word over it: the job had ended by itself."""
    return before is not None and before.finished and file_state(file) is State.TIMED_OUT


def _is_drawn(record: Record, node: Node) -> bool:
    """Whether a record is of a job, of what it runs, or of its file: most processes of a node are ssh's, shells' and looks at jobs."""
    match record:
        case ProcessSeen():
            parent = node.alive.get(record.ppid)
            return is_job(record.argv) or bool(parent and is_job(parent.argv))
        case ProcessEnded():
            known = node.alive.get(record.pid)
            parent = node.alive.get(known.ppid) if known else None
            return any(process is not None and is_job(process.argv) for process in (known, parent))
        case JobFile() | Silence() | Spoilt():
            return True
        case _:
            return False


def _kind_from_action(action: str) -> BlockKind:
    if action == "async_status":
        return BlockKind.STATUS
    return BlockKind.LOCAL if action in LOCAL_ACTIONS else BlockKind.SYNC

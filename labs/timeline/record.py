"""From events and evidence to a Timeline.

A ``Recorder`` is fed, in any order, with the controller's typed events (labs/jobs/events.py) and the nodes' records
(labs/evidence/records.py), both plain data, and can say at any moment what is known so far. It never guesses a node's side from the
controller's: a job that no node shows stays unconfirmed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from labs.evidence.records import Beat, JobFile, JobFileGone, ProcessEnded, ProcessRun, ProcessSeen, Record, Silence
from labs.jobs.events import Event, HostEnded, HostStarted, Launched, Polled, TaskStarted
from labs.timeline.model import Block, BlockKind, Fault, Job, Mode, Outcome, Poll, State, Task, Timeline

# Actions that run nothing on the node, or nothing that its process table can show as a module.
LOCAL_ACTIONS = frozenset(
    "add_host assert debug fail group_by import_playbook import_role import_tasks include_role include_tasks include_vars meta pause "
    "set_fact set_stats validate_argument_spec".split()
)
MODULELESS_ACTIONS = LOCAL_ACTIONS | {"raw", "script", "wait_for_connection", "async_status"}
PROGRAM_MODULES = frozenset({"command", "shell"})
MODULE_PREFIX = "AnsiballZ_"
WRAPPER = "async_wrapper.py"
EVIDENCE_LAG = 1.5  # seconds that a node's word may come after the controller's
SLACK = 0.1  # seconds by which clocks read in two processes may disagree on an order
LABEL_LENGTH = 40


@dataclass(slots=True)
class _Process:
    pid: int
    ppid: int
    start: float
    argv: tuple[str, ...]
    end: float | None = None


@dataclass(slots=True)
class _Node:
    """What one node has shown."""

    processes: list[_Process] = field(default_factory=list)  # all of them, ended ones too: a pid can come back
    alive: dict[int, _Process] = field(default_factory=dict)
    job_files: dict[str, JobFile] = field(default_factory=dict)  # jid -> its last content
    silent_since: float | None = None
    heard: float = 0.0


@dataclass(slots=True)
class _Claim:
    """What events say of an async job."""

    host: str
    task: str
    at: float
    item: str = ""
    detached: bool = False
    finished_at: float | None = None


class Recorder:
    """Feeds in, a Timeline out. Not thread-safe: its owner serializes the calls.

    ``started`` is the run's start, in epoch seconds; ``hosts`` the nodes in inventory order.
    """

    def __init__(self, title: str, hosts: Sequence[str], started: float) -> None:
        self.title = title
        self.hosts = list(hosts)
        self.started = started
        self._nodes: dict[str, _Node] = {host: _Node() for host in hosts}
        self._tasks: dict[str, Task] = {}
        self._blocks: dict[tuple[str, str], Block] = {}
        self._claims: dict[str, _Claim] = {}
        self._polled: list[Polled] = []
        self._over = False  # whether the controller has returned

    # -- what comes in

    def event(self, event: Event) -> None:
        """Take the controller's word."""
        match event:
            case TaskStarted():
                self._open_task(event.task, event.name, event.action, event.at)
            case HostStarted():
                self._open_task(event.task, event.name, event.action, event.at)
                self._know(event.host)
                kind = _kind_from_action(event.action)
                self._blocks[event.host, event.task] = Block(event.host, event.task, kind, event.at - self.started)
            case HostEnded():
                self._close_block(event)
            case Launched():
                self._claims[event.jid] = _Claim(event.host, event.task, event.at, event.item, detached=True)
            case Polled():
                self._take_poll(event)

    def _open_task(self, task: str, name: str, action: str, at: float) -> None:
        if task not in self._tasks:
            self._tasks[task] = Task(task, name or action, action, at - self.started)

    def _know(self, host: str) -> None:
        if host not in self._nodes:
            self.hosts.append(host)
            self._nodes[host] = _Node()

    def _close_block(self, event: HostEnded) -> None:
        key = (event.host, event.task)
        if key not in self._blocks:  # a skipped task may end on a host where it never started
            return
        end = event.at - self.started
        message = event.message if event.outcome in ("failed", "unreachable") else ""
        self._blocks[key] = replace(self._blocks[key], end=end, outcome=Outcome(event.outcome), message=message)
        self._tasks[event.task] = replace(self._tasks[event.task], end=end)

    def _take_poll(self, event: Polled) -> None:
        self._polled.append(event)
        claim = self._claims.get(event.jid)
        if claim is None and not event.waited_by_status:
            # With poll > 0 the first poll is the first time that the controller names the job.
            task = event.task or self._open_on(event.host)
            claim = self._claims[event.jid] = _Claim(event.host, task, event.at)
        if claim and claim.host == event.host and event.finished and claim.finished_at is None:
            claim.finished_at = event.at

    def _open_on(self, host: str) -> str:
        """The task that a host is busy with: polls carry a task id of their own making."""
        return next((task for (name, task), block in self._blocks.items() if name == host and block.end is None), "")

    def observe(self, record: Record) -> None:
        """Take a node's word."""
        self._know(record.host)
        node = self._nodes[record.host]
        match record:
            case ProcessSeen():
                known = node.alive.get(record.pid)
                if known and known.start == record.start:
                    known.argv = record.argv or known.argv
                else:
                    node.alive[record.pid] = process = _Process(record.pid, record.ppid, record.start, record.argv)
                    node.processes.append(process)
            case ProcessEnded():
                if process_ended := node.alive.pop(record.pid, None):
                    process_ended.end = record.end
            case JobFile():
                node.job_files[record.jid] = record
            case Silence():
                node.silent_since = record.at
            case Beat():
                node.heard = record.at
            case JobFileGone():
                pass  # its last content is what matters

    # -- what comes out

    def processes(self) -> tuple[ProcessRun, ...]:
        """Every process that was seen on the nodes, in order of start."""
        runs = [
            ProcessRun(host, p.pid, p.ppid, p.argv, p.start - self.started, None if p.end is None else p.end - self.started)
            for host, node in self._nodes.items()
            for p in node.processes
        ]
        return tuple(sorted(runs, key=lambda run: run.start))

    def timeline(self, now: float, *, controller_end: float | None = None, status: str = "running", faults: Sequence[Fault] = ()) -> Timeline:
        """All that is known at ``now`` (epoch seconds)."""
        self._over = controller_end is not None
        jobs = [job for host in self.hosts for job in self._jobs_on(host, now)]
        polls = self._polls(jobs)
        blocks = [self._with_kind(block, jobs) for block in self._blocks.values()]
        return Timeline(
            title=self.title,
            started=datetime.fromtimestamp(self.started, UTC),
            hosts=tuple(self.hosts),
            end=now - self.started,
            controller_end=None if controller_end is None else controller_end - self.started,
            status=status,
            tasks=tuple(self._tasks.values()),
            blocks=tuple(sorted(blocks, key=lambda block: block.start)),
            jobs=tuple(sorted(jobs, key=_job_order)),
            polls=polls,
            faults=tuple(faults),
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterable[str]:
        for host, node in self._nodes.items():
            if node.silent_since is not None:
                since = f"{max(0.0, node.silent_since - self.started):.1f}".replace(".", ",")
                yield f"{host} n’a plus été observé à partir de {since} s : ce qui suit n’est pas prouvé."

    # -- jobs of one host

    def _jobs_on(self, host: str, now: float) -> list[Job]:
        node = self._nodes[host]
        family = _Family(node.processes)
        jobs = self._async_jobs(host, node, family)
        jobs += self._sync_jobs(host, family)
        shown = {job.id for job in jobs}
        missing = [jid for jid, claim in self._claims.items() if claim.host == host and jid not in shown and now - claim.at > EVIDENCE_LAG]
        jobs += [self._unconfirmed(jid) for jid in missing]
        jobs += self._unconfirmed_sync(host, jobs, now)
        return jobs

    def _async_jobs(self, host: str, node: _Node, family: _Family) -> list[Job]:
        files = {jid.partition(".")[0]: file for jid, file in node.job_files.items()}
        jobs = [self._async_job(host, wrappers, family, files.get(stem)) for stem, wrappers in family.wrappers().items()]
        seen = {job.id for job in jobs}
        for jid, file in node.job_files.items():
            # A file whose processes were never seen: an older job's, unless it changed during the run or events claim it.
            if jid not in seen and (jid in self._claims or file.mtime >= self.started):
                jobs.append(self._from_file_alone(host, file))
        # The watchdog of a job sleeps on for some seconds after the job's end: what ended before this run is not of it.
        return [job for job in jobs if job.end is None or job.end >= 0 or job.id in self._claims]

    def _async_job(self, host: str, wrappers: list[_Process], family: _Family, file: JobFile | None) -> Job:
        jid = file.jid if file else f"{_wrapper_stem(wrappers[0].argv)}.{wrappers[0].pid}"
        module = family.module_under(wrappers)
        command = family.program_under(module) if module else ()
        action = _module_name(module.argv) if module else _module_name(wrappers[0].argv)
        start = module.start if module else wrappers[0].start
        claim = self._claims.get(jid)
        task = claim.task if claim else self._task_at(host, wrappers[0].start, action)
        end, state, rc = _async_end(module, wrappers, file)
        return Job(
            id=jid,
            host=host,
            mode=self._mode(host, task, claim),
            module=action,
            label=self._label(claim, command, task, action),
            task=task or None,
            command=command,
            limit=_limit(wrappers[0].argv),
            launched=wrappers[0].start - self.started,
            start=start - self.started,
            end=None if end is None else end - self.started,
            detected=self._since(claim.finished_at if claim else None),
            state=state,
            rc=rc,
        )

    def _from_file_alone(self, host: str, file: JobFile) -> Job:
        """A job too brief, or too old, to have been seen running: its file still tells its end."""
        claim = self._claims.get(file.jid)
        end = self._since(file.mtime)
        return Job(
            id=file.jid,
            host=host,
            mode=self._mode(host, claim.task if claim else "", claim),
            module="",
            label=self._label(claim, (), claim.task if claim else "", "job"),
            task=claim.task if claim else None,
            launched=self._since(claim.at if claim else None),
            start=end,
            end=end if file.finished else None,
            detected=self._since(claim.finished_at if claim else None),
            state=_file_state(file) if file.finished else State.RUNNING,
            rc=_rc(file),
        )

    def _sync_jobs(self, host: str, family: _Family) -> list[Job]:
        jobs = []
        for process in family.sync_modules():
            module = _module_name(process.argv)
            if module == "async_status":  # drawn as polls
                continue
            task = self._task_at(host, process.start)
            block = self._blocks.get((host, task))
            command = family.program_under(process)
            jobs.append(
                Job(
                    id=f"{host}/{process.pid}",
                    host=host,
                    mode=Mode.SYNC,
                    module=module,
                    label=self._label(None, command, task, module),
                    task=task or None,
                    command=command,
                    start=process.start - self.started,
                    end=self._since(process.end),
                    detected=block.end if block and block.outcome is not Outcome.UNREACHABLE else None,
                    state=_sync_state(process, block, self._over),
                )
            )
        return jobs

    def _unconfirmed(self, jid: str) -> Job:
        claim = self._claims[jid]
        return Job(
            id=jid,
            host=claim.host,
            mode=self._mode(claim.host, claim.task, claim),
            module=self._tasks[claim.task].action if claim.task in self._tasks else "",
            label=self._label(claim, (), claim.task, "job"),
            task=claim.task or None,
            launched=claim.at - self.started,
            detected=self._since(claim.finished_at),
            state=State.UNCONFIRMED,
        )

    def _unconfirmed_sync(self, host: str, jobs: list[Job], now: float) -> list[Job]:
        """Tasks that the controller says went well, of modules that the node never showed."""
        shown = {job.task for job in jobs}
        found = []
        for (name, task), block in self._blocks.items():
            believed = block.outcome is Outcome.OK and block.end is not None and now - self.started - block.end > EVIDENCE_LAG
            if name == host and believed and task not in shown and self._tasks[task].action not in MODULELESS_ACTIONS:
                known = self._tasks[task]
                found.append(
                    Job(f"{host}/{task}", host, Mode.SYNC, known.action, known.name, task, launched=block.start, detected=block.end, state=State.UNCONFIRMED)
                )
        return found

    def _task_at(self, host: str, start: float, module: str = "") -> str:
        """The task that this host was busy with at a moment; of several, the one of this module."""
        moment = start - self.started
        open_then = [
            task
            for (name, task), block in self._blocks.items()
            if name == host and block.start - SLACK <= moment and (block.end is None or moment <= block.end)
        ]
        same_module = [task for task in open_then if self._tasks[task].action == module]
        return (same_module or open_then or [""])[-1]

    def _mode(self, host: str, task: str, claim: _Claim | None) -> Mode:
        if claim:
            return Mode.DETACHED if claim.detached else Mode.POLLED
        block = self._blocks.get((host, task))
        # Not named by any event yet: a host that is still busy with the task is, for now, waiting for it.
        return Mode.POLLED if block and (block.end is None or block.outcome is not Outcome.OK) else Mode.DETACHED

    def _label(self, claim: _Claim | None, command: tuple[str, ...], task: str, module: str) -> str:
        if command:
            return _short(command)
        if claim and claim.item:
            return claim.item[:LABEL_LENGTH]
        return module or (self._tasks[task].name[:LABEL_LENGTH] if task in self._tasks else "job")

    def _since(self, moment: float | None) -> float | None:
        return None if moment is None else moment - self.started

    # -- polls and blocks

    def _polls(self, jobs: list[Job]) -> tuple[Poll, ...]:
        """Each look at a job, with the async_status process that did it on the node where it was seen."""
        status_runs = {host: _Family(node.processes).sync_modules("async_status") for host, node in self._nodes.items()}
        ids = {job.id for job in jobs}
        polls = []
        for event in sorted(self._polled, key=lambda event: event.at):
            run = _last_before(status_runs.get(event.host, []), event.at)
            polls.append(
                Poll(
                    host=event.host,
                    job=event.jid if event.jid in ids else "",
                    noticed=event.at - self.started,
                    finished=event.finished,
                    start=self._since(run.start if run else None),
                    end=self._since(run.end if run else None),
                )
            )
        return tuple(_without_echoes(polls))

    def _with_kind(self, block: Block, jobs: list[Job]) -> Block:
        if block.kind is not BlockKind.SYNC:
            return block
        modes = {job.mode for job in jobs if job.task == block.task and job.host == block.host}
        if Mode.POLLED in modes:
            return replace(block, kind=BlockKind.POLLED)
        return replace(block, kind=BlockKind.LAUNCH) if Mode.DETACHED in modes else block


class _Family:
    """Who is whose child among a node's processes."""

    def __init__(self, processes: Sequence[_Process]) -> None:
        self._processes = processes
        self._children: dict[int, list[_Process]] = defaultdict(list)
        for process in processes:
            self._children[process.ppid].append(process)

    def wrappers(self) -> dict[str, list[_Process]]:
        """async_wrapper's processes by the random part of their jid; the first of each list is the one the jid is named after."""
        found: dict[str, list[_Process]] = defaultdict(list)
        for process in self._processes:
            if stem := _wrapper_stem(process.argv):
                found[stem].append(process)
        for wrappers in found.values():
            pids = {process.pid for process in wrappers}
            wrappers.sort(key=lambda process: (process.ppid in pids or process.ppid == 1, process.start, process.pid))
        return found

    def module_under(self, wrappers: list[_Process]) -> _Process | None:
        return next((child for wrapper in wrappers for child in self._children[wrapper.pid] if _is_module(child.argv)), None)

    def sync_modules(self, only: str = "") -> list[_Process]:
        """Module runs that no async_wrapper started, less the forks that a module makes of itself."""
        runs = {process.pid for process in self._processes if _is_module(process.argv) or _wrapper_stem(process.argv)}
        return [p for p in self._processes if _is_module(p.argv) and p.ppid not in runs and (not only or _module_name(p.argv) == only)]

    def program_under(self, module: _Process) -> tuple[str, ...]:
        """The program that ``command`` or ``shell`` was asked to run; what other modules call is their own business."""
        if _module_name(module.argv) not in PROGRAM_MODULES:
            return ()
        programs = [child.argv for child in self._children[module.pid] if child.start >= module.start and child.argv and child.argv != module.argv]
        return programs[0] if programs else ()


def _wrapper_stem(argv: tuple[str, ...]) -> str:
    """``j123`` out of ``python3 …/async_wrapper.py j123 60 …``; empty for any other program."""
    return argv[2] if len(argv) > 3 and argv[1].endswith(WRAPPER) else ""


def _limit(argv: tuple[str, ...]) -> float | None:
    """The ``60`` of the same command line."""
    return float(argv[3]) if argv[3].isdigit() else None


def _is_module(argv: tuple[str, ...]) -> bool:
    """``python3 …/AnsiballZ_command.py``; the chmod that precedes it names the same file further on."""
    return len(argv) > 1 and bool(_named_module(argv[1])) and not _wrapper_stem(argv)


def _named_module(word: str) -> str:
    name = word.rpartition("/")[2]
    return name.removeprefix(MODULE_PREFIX).removesuffix(".py") if name.startswith(MODULE_PREFIX) else ""


def _module_name(argv: tuple[str, ...]) -> str:
    """The module that a command line runs, or is to run under async_wrapper."""
    return next((name for word in argv if (name := _named_module(word)) and name != "async_wrapper"), "")


def _async_end(module: _Process | None, wrappers: list[_Process], file: JobFile | None) -> tuple[float | None, State, int | None]:
    """When and how an async job ended, by its file and its processes."""
    if file and file.finished:
        state = _file_state(file)
        # The watchdog writes its file a second after it has killed.
        killed_at = module.end if module and state is State.TIMED_OUT else None
        return killed_at or file.mtime, state, _rc(file)
    if module and module.end is not None and all(process.end is not None for process in wrappers if process.pid == module.ppid):
        # Dead without a result. Where the watchdog did it, its word is a second away.
        limit = _limit(wrappers[0].argv)
        overdue = limit and module.end - wrappers[0].start >= limit and any(process.end is None for process in wrappers)
        return module.end, State.TIMED_OUT if overdue else State.KILLED, None
    if not module and all(process.end is not None for process in wrappers):
        return max(process.end or 0.0 for process in wrappers), State.KILLED, None
    return None, State.RUNNING, None


def _file_state(file: JobFile) -> State:
    if "Timeout exceeded" in str(file.result.get("msg", "")) and "child_pid" in file.result:
        return State.TIMED_OUT
    return State.FAILED if file.result.get("failed") or _rc(file) else State.SUCCEEDED


def _rc(file: JobFile) -> int | None:
    rc = file.result.get("rc")
    return rc if isinstance(rc, int) else None


def _sync_state(process: _Process, block: Block | None, over: bool) -> State:
    """A synchronous job's node shows that it ended; how, only the controller it answered to can tell."""
    if process.end is None:
        return State.RUNNING
    if block and block.outcome is None and over:  # the controller went away without an answer
        return State.KILLED
    match block.outcome if block else None:
        case Outcome.OK | Outcome.SKIPPED:
            return State.SUCCEEDED
        case Outcome.FAILED:
            return State.FAILED
        case Outcome.UNREACHABLE:
            return State.KILLED
        case _:
            return State.ENDED


def _kind_from_action(action: str) -> BlockKind:
    if action == "async_status":
        return BlockKind.STATUS
    return BlockKind.LOCAL if action in LOCAL_ACTIONS else BlockKind.SYNC


def _short(command: tuple[str, ...]) -> str:
    """``sleep 8`` for ``/bin/sleep 8``; the text of a shell's ``-c``."""
    if len(command) == 3 and command[1] == "-c":
        text = command[2]
    else:
        text = " ".join([command[0].rpartition("/")[2], *command[1:]])
    return text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1]}…"


def _last_before(runs: list[_Process], moment: float) -> _Process | None:
    """The latest run that had ended by then: the one whose answer has just come."""
    ended = [run for run in runs if run.end is not None and run.end <= moment + SLACK]
    return max(ended, key=lambda run: run.start, default=None)


def _without_echoes(polls: list[Poll]) -> Iterable[Poll]:
    """One look told by two events (an item's and its task's) is one poll."""
    told: set[tuple[str, str]] = set()
    for poll in polls:
        key = (poll.host, poll.job)
        if poll.finished and poll.job and key in told:
            continue
        if poll.finished:
            told.add(key)
        yield poll


def _job_order(job: Job) -> tuple[float, str, str]:
    start = job.start if job.start is not None else job.launched
    return (0.0 if start is None else start, job.host, job.id)

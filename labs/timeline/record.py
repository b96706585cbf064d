"""From events and evidence to a Timeline.

A ``Recorder`` is fed, in any order, with the controller's typed events (labs/jobs/events.py) and the nodes' records
(labs/evidence/records.py), both plain data, and can say at any moment what is known so far. It never guesses a node's side from the
controller's: a job that no node shows stays unconfirmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from labs.evidence.records import Beat, JobFile, JobFileGone, ProcessEnded, ProcessRun, ProcessSeen, Record, Silence, Spoilt
from labs.jobs.events import Event, HostEnded, HostStarted, ItemEnded, Launched, Polled, TaskStarted
from labs.timeline.model import Block, BlockKind, Fault, Job, Mode, Outcome, Poll, State, Task, Timeline
from labs.timeline.process_table import (
    PROGRAM_MODULES,
    Process,
    ProcessTable,
    async_end,
    exit_code,
    file_state,
    is_job,
    limit,
    module_name,
    wrapper_stem,
)

# Actions that run nothing on the node, or nothing that its process table can show as a module.
LOCAL_ACTIONS = frozenset({
    "add_host", "assert", "debug", "fail", "group_by", "import_playbook", "import_role", "import_tasks", "include_role",
    "include_tasks", "include_vars", "meta", "pause", "set_fact", "set_stats", "validate_argument_spec",
})  # fmt: skip
MODULELESS_ACTIONS = LOCAL_ACTIONS | {"raw", "script", "wait_for_connection", "async_status"}
EVIDENCE_LAG = 1.5  # seconds that a node's word may come after the controller's
SLACK = 0.1  # seconds by which clocks read in two processes may disagree on an order
LABEL_LENGTH = 40
SPOILT = {  # what somebody did to the evidence
    "stopped": "L’observation de {host} a été arrêtée, puis remise en marche.",
    "job-file": "Un fichier de job de {host} n’a pas été écrit par son job.",
    "disk": "Le disque de {host} se remplissait\u00a0: l’exécution a été arrêtée.",
    "flood": "Il s’est passé sur {host} plus de choses qu’il n’en peut être observé.",
}
MEMORY = 3600.0  # seconds after which an ended process is forgotten, when the story goes on and on


@dataclass(slots=True)
class _Node:
    """What one node has shown."""

    processes: list[Process] = field(default_factory=list)  # all of them, ended ones too: a pid can come back
    alive: dict[int, Process] = field(default_factory=dict)
    job_files: dict[str, JobFile] = field(default_factory=dict)  # jid -> its last content
    silent_since: float | None = None
    spoilt_by: str = ""
    heard: float = 0.0
    read: ProcessTable | None = None  # the processes as they stand; None when one has changed since

    def table(self) -> ProcessTable:
        """Its process table, read once between two changes: a live view asks at each frame."""
        if self.read is None:
            self.read = ProcessTable(self.processes)
        return self.read


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

    ``started`` is the run's start, in epoch seconds; ``hosts`` the nodes in inventory order; ``interval`` the seconds between two polls of
    its polled jobs, where something else than its events tells.
    """

    def __init__(self, title: str, hosts: Sequence[str], started: float, *, interval: float | None = None) -> None:
        self.title = title
        self.hosts = list(hosts)
        self.started = started
        self._interval = interval
        self._nodes: dict[str, _Node] = {host: _Node() for host in hosts}
        self._tasks: dict[str, Task] = {}
        self._blocks: dict[tuple[str, str], Block] = {}
        self._turns: dict[tuple[str, str], list[float]] = {}  # ends of a loop's turns, in order
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
            case ItemEnded():
                self._turns.setdefault((event.host, event.task), []).append(event.at - self.started)
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

    def observe(self, record: Record) -> bool:
        """Take a node's word; whether it may change what a Timeline shows."""
        self._know(record.host)
        node = self._nodes[record.host]
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
                node.job_files[record.jid] = record
            case Silence():
                node.silent_since = record.at
            case Spoilt():
                node.spoilt_by = node.spoilt_by or record.by
            case Beat():
                node.heard = record.at
            case JobFileGone():
                pass  # its last content is what matters
        return telling

    def start_over(self, moment: float) -> None:
        """Let the story begin later, at ``moment`` (epoch seconds): for whoever watches a lab on and on, without a run and its events."""
        self.started = moment
        for node in self._nodes.values():
            node.processes = [process for process in node.processes if process.end is None or process.end > moment - MEMORY]
            node.read = None

    # -- what comes out

    def looks(self) -> tuple[Poll, ...]:
        """Looks taken at jobs, from the nodes alone: of which job, and what the answer was, only a controller's events would tell."""
        return tuple(
            Poll(host, "", run.end - self.started, False, run.start - self.started, run.end - self.started)
            for host, node in self._nodes.items()
            for run in node.table().sync_modules("async_status")
            if run.end is not None and run.end >= self.started
        )

    def starting(self, now: float) -> bool:
        """Whether a job was launched that its node is still to show at work."""
        shown = {job.id: job for host in self.hosts for job in self._jobs_on(host, now)}
        return any(claim.detached and _is_starting(shown.get(jid)) for jid, claim in self._claims.items())

    def processes(self) -> tuple[ProcessRun, ...]:
        """Every process that was seen on the nodes, in order of start."""
        runs = [
            ProcessRun(host, p.pid, p.ppid, p.argv, p.start - self.started, None if p.end is None else p.end - self.started)
            for host, node in self._nodes.items()
            for p in node.processes
        ]
        return tuple(sorted(runs, key=lambda run: run.start))

    def timeline(
        self, now: float, *, controller_end: float | None = None, status: str = "running", faults: Sequence[Fault] = ()
    ) -> Timeline:
        """All that is known at ``now`` (epoch seconds)."""
        self._over = controller_end is not None
        over = float("inf") if controller_end is None else controller_end - self.started
        jobs = [job for host in self.hosts for job in self._jobs_on(host, now) if job.task or _began(job) <= over]
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
            if node.spoilt_by:
                yield SPOILT[node.spoilt_by].format(host=host)

    # -- jobs of one host

    def _jobs_on(self, host: str, now: float) -> list[Job]:
        node = self._nodes[host]
        table = node.table()
        jobs = self._async_jobs(host, node, table)
        jobs += self._sync_jobs(host, table)
        shown = {job.id for job in jobs}
        missing = [jid for jid, claim in self._claims.items() if claim.host == host and jid not in shown and now - claim.at > EVIDENCE_LAG]
        jobs += [self._unconfirmed(jid) for jid in missing]
        jobs += self._unconfirmed_sync(host, jobs, now)
        return jobs

    def _async_jobs(self, host: str, node: _Node, table: ProcessTable) -> list[Job]:
        files = {jid.partition(".")[0]: file for jid, file in node.job_files.items()}
        wrapped = table.wrappers()
        jobs = [
            self._async_job(host, wrappers, table, files.get(stem))
            for stem, wrappers in wrapped.items()
            # The watchdog of a job of before sleeps on for some seconds after the job's end: alone, it is no job, nor is what it then writes.
            if wrappers[0].start >= self.started or table.module_under(wrappers)
        ]
        seen = {job.id for job in jobs}
        for jid, file in node.job_files.items():
            # A file whose processes were never seen: an older job's, unless it changed during the run or events claim it.
            changed = file.mtime >= self.started and jid.partition(".")[0] not in wrapped
            if jid not in seen and (jid in self._claims or changed):
                jobs.append(self._from_file_alone(host, file))
        # What ended before this run is not of it.
        return [job for job in jobs if job.end is None or job.end >= 0 or job.id in self._claims]

    def _async_job(self, host: str, wrappers: list[Process], table: ProcessTable, file: JobFile | None) -> Job:
        jid = file.jid if file else f"{wrapper_stem(wrappers[0].argv)}.{wrappers[0].pid}"
        module = table.module_under(wrappers)
        command = table.program_under(module) if module else ()
        action = module_name(module.argv) if module else module_name(wrappers[0].argv)
        start = module.start if module else wrappers[0].start
        claim = self._claims.get(jid)
        task = claim.task if claim else self._task_at(host, wrappers[0].start, action)
        end, state, rc = async_end(module, wrappers, table.below(module) if module else [], file)
        mode = self._mode(host, task, claim)
        return Job(
            id=jid,
            host=host,
            mode=mode,
            module=action,
            label=self._label(claim, command, task, action),
            task=task or None,
            command=command,
            limit=limit(wrappers[0].argv),
            interval=self._interval if mode is Mode.POLLED else None,
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
            state=file_state(file) if file.finished else State.RUNNING,
            rc=exit_code(file),
        )

    def _sync_jobs(self, host: str, table: ProcessTable) -> list[Job]:
        jobs = []
        for process in table.sync_modules():
            module = module_name(process.argv)
            if module == "async_status":  # drawn as polls
                continue
            task = self._task_at(host, process.start)
            block = self._blocks.get((host, task))
            command = table.program_under(process)
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
                    detected=self._sync_detected(block, self._since(process.end)),
                    state=_sync_state(process, block, self._over),
                )
            )
        return jobs

    def _sync_detected(self, block: Block | None, end: float | None) -> float | None:
        """A loop learns of each of its modules at that turn's end, not at its own."""
        if block is None or block.outcome is Outcome.UNREACHABLE:
            return None
        turns = self._turns.get((block.host, block.task), [])
        return next((turn for turn in turns if end is not None and turn >= end), block.end)

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
                    Job(
                        f"{host}/{task}",
                        host,
                        Mode.SYNC,
                        known.action,
                        known.name,
                        task,
                        launched=block.start,
                        detected=block.end,
                        state=State.UNCONFIRMED,
                    )
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
        status_runs = {host: node.table().sync_modules("async_status") for host, node in self._nodes.items()}
        ids = {job.id for job in jobs}
        polls = []
        heard = dict.fromkeys(self._nodes, 0.0)  # when the look before was answered, by host
        for event in sorted(self._polled, key=lambda event: event.at):
            run = self._look(event, status_runs.get(event.host, []), heard.get(event.host, 0.0))
            heard[event.host] = event.at
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

    @staticmethod
    def _look(event: Polled, runs: list[Process], after: float) -> Process | None:
        """The async_status run behind an answer: the latest that had ended by then.

        With ``poll: P`` the end is told only once a second run has cleaned the job's file up: the one before it had found the end.
        """
        ended = [run for run in runs if run.end is not None and after < run.end <= event.at + SLACK]
        ended.sort(key=lambda run: run.start)
        told_after_cleanup = event.finished and not event.waited_by_status and len(ended) > 1
        return ended[-2 if told_after_cleanup else -1] if ended else None

    def _with_kind(self, block: Block, jobs: list[Job]) -> Block:
        if block.kind is not BlockKind.SYNC:
            return block
        modes = {job.mode for job in jobs if job.task == block.task and job.host == block.host}
        if Mode.POLLED in modes:
            return replace(block, kind=BlockKind.POLLED)
        return replace(block, kind=BlockKind.LAUNCH) if Mode.DETACHED in modes else block


def _is_drawn(record: Record, node: _Node) -> bool:
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


def _sync_state(process: Process, block: Block | None, over: bool) -> State:
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


def _is_starting(job: Job | None) -> bool:
    """Whether a launched job has shown nothing, or its module alone, not yet the program that the module is there to run."""
    return job is None or (job.state is State.RUNNING and job.module in PROGRAM_MODULES and not job.command)


def _kind_from_action(action: str) -> BlockKind:
    if action == "async_status":
        return BlockKind.STATUS
    return BlockKind.LOCAL if action in LOCAL_ACTIONS else BlockKind.SYNC


def _short(command: tuple[str, ...]) -> str:
    """``sleep 8`` for ``/bin/sleep 8``; the text of a shell's ``-c``."""
    text = command[2] if len(command) == 3 and command[1] == "-c" else " ".join([command[0].rpartition("/")[2], *command[1:]])
    return text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1]}…"


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


def _began(job: Job) -> float:
    """When a job was launched, in seconds. One that nobody's events claim, and that began after ansible had returned, is another run's."""
    return next((moment for moment in (job.launched, job.start) if moment is not None), 0.0)


def _job_order(job: Job) -> tuple[float, str, str]:
    start = job.start if job.start is not None else job.launched
    return (0.0 if start is None else start, job.host, job.id)

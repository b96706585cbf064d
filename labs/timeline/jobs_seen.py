"""The jobs of a run, out of what was heard: what a node shows of each, and what the controller claims of it."""

from __future__ import annotations

from functools import lru_cache

from labs.evidence.records import JobFile
from labs.timeline.heard import MODULELESS_ACTIONS, Claim, Heard, Node
from labs.timeline.model import Block, Job, Mode, Outcome, State
from labs.timeline.process_table import (
    PROGRAM_MODULES,
    Process,
    ProcessTable,
    async_end,
    exit_code,
    file_state,
    limit,
    module_name,
    wrapper_stem,
)
from labs.typography import one_line

EVIDENCE_LAG = 1.5  # seconds that a node's word may come after the controller's
LABEL_LENGTH = 40


class JobsSeen:
    """Reads jobs off what was heard. ``interval``: see ``Recorder``."""

    def __init__(self, heard: Heard, interval: float | None) -> None:
        self._heard = heard
        self._interval = interval

    def on(self, host: str, now: float, *, over: bool) -> list[Job]:
        """Those of a node, as known at ``now`` (epoch seconds); ``over``: the controller has returned."""
        node = self._heard.nodes[host]
        table = node.table()
        jobs = self._async_jobs(host, node, table)
        jobs += self._sync_jobs(host, table, over=over)
        shown = {job.id for job in jobs}
        missing = [
            jid for jid, claim in self._heard.claims.items() if claim.host == host and jid not in shown and now - claim.at > EVIDENCE_LAG
        ]
        jobs += [self._unconfirmed(jid) for jid in missing]
        jobs += self._unconfirmed_sync(host, jobs, now)
        return jobs

    def _async_jobs(self, host: str, node: Node, table: ProcessTable) -> list[Job]:
        files = {jid.partition(".")[0]: file for jid, file in node.job_files.items()}
        wrapped = table.wrappers()
        jobs = [
            self._async_job(host, wrappers, table, files.get(stem))
            for stem, wrappers in wrapped.items()
            # The watchdog of a job of before sleeps on for some seconds after the job's end: alone, it is no job, nor is what it then writes.
            if wrappers[0].start >= self._heard.started or table.module_under(wrappers)
        ]
        seen = {job.id for job in jobs}
        for jid, file in node.job_files.items():
            # A file whose processes were never seen: an older job's, unless it changed during the run or events claim it.
            changed = file.mtime >= self._heard.started and jid.partition(".")[0] not in wrapped
            if jid not in seen and (jid in self._heard.claims or changed):
                jobs.append(self._from_file_alone(host, file))
        # What ended before this run is not of it.
        return [job for job in jobs if job.end is None or job.end >= 0 or job.id in self._heard.claims]

    def _async_job(self, host: str, wrappers: list[Process], table: ProcessTable, file: JobFile | None) -> Job:
        jid = file.jid if file else f"{wrapper_stem(wrappers[0].argv)}.{wrappers[0].pid}"
        module = table.module_under(wrappers)
        command = table.program_under(module) if module else ()
        action = module_name(module.argv) if module else module_name(wrappers[0].argv)
        start = module.start if module else wrappers[0].start
        claim = self._heard.claims.get(jid)
        task = claim.task if claim else self._heard.task_at(host, wrappers[0].start, action)
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
            launched=wrappers[0].start - self._heard.started,
            start=start - self._heard.started,
            end=None if end is None else end - self._heard.started,
            detected=self._heard.since(claim.finished_at if claim else None),
            state=state,
            rc=rc,
        )

    def _from_file_alone(self, host: str, file: JobFile) -> Job:
        """A job too brief, or too old, to have been seen running: its file still tells its end."""
        claim = self._heard.claims.get(file.jid)
        end = self._heard.since(file.mtime)
        return Job(
            id=file.jid,
            host=host,
            mode=self._mode(host, claim.task if claim else "", claim),
            module="",
            label=self._label(claim, (), claim.task if claim else "", "job"),
            task=claim.task if claim else None,
            launched=self._heard.since(claim.at if claim else None),
            start=end,
            end=end if file.finished else None,
            detected=self._heard.since(claim.finished_at if claim else None),
            state=file_state(file) if file.finished else State.RUNNING,
            rc=exit_code(file),
        )

    def _sync_jobs(self, host: str, table: ProcessTable, *, over: bool) -> list[Job]:
        jobs = []
        for process in table.sync_modules():
            module = module_name(process.argv)
            if module == "async_status":  # drawn as polls
                continue
            task = self._heard.task_at(host, process.start)
            block = self._heard.blocks.get((host, task))
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
                    start=process.start - self._heard.started,
                    end=self._heard.since(process.end),
                    detected=self._sync_detected(block, self._heard.since(process.end)),
                    state=_sync_state(process, block, over=over),
                )
            )
        return jobs

    def _sync_detected(self, block: Block | None, end: float | None) -> float | None:
        """A loop learns of each of its modules at that turn's end, not at its own."""
        if block is None or block.outcome is Outcome.UNREACHABLE:
            return None
        turns = self._heard.turns.get((block.host, block.task), [])
        return next((turn for turn in turns if end is not None and turn >= end), block.end)

    def _unconfirmed(self, jid: str) -> Job:
        claim = self._heard.claims[jid]
        return Job(
            id=jid,
            host=claim.host,
            mode=self._mode(claim.host, claim.task, claim),
            module=self._heard.tasks[claim.task].action if claim.task in self._heard.tasks else "",
            label=self._label(claim, (), claim.task, "job"),
            task=claim.task or None,
            launched=claim.at - self._heard.started,
            detected=self._heard.since(claim.finished_at),
            state=State.UNCONFIRMED,
        )

    def _unconfirmed_sync(self, host: str, jobs: list[Job], now: float) -> list[Job]:
        """Tasks that the controller says went well, of modules that the node never showed."""
        shown = {job.task for job in jobs}
        found = []
        for (name, task), block in self._heard.blocks.items():
            believed = block.outcome is Outcome.OK and block.end is not None and now - self._heard.started - block.end > EVIDENCE_LAG
            if name == host and believed and task not in shown and self._heard.tasks[task].action not in MODULELESS_ACTIONS:
                known = self._heard.tasks[task]
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

    def _mode(self, host: str, task: str, claim: Claim | None) -> Mode:
        if claim:
            return Mode.DETACHED if claim.detached else Mode.POLLED
        block = self._heard.blocks.get((host, task))
        # Not named by any event yet: a host that is still busy with the task is, for now, waiting for it.
        return Mode.POLLED if block and (block.end is None or block.outcome is not Outcome.OK) else Mode.DETACHED

    def _label(self, claim: Claim | None, command: tuple[str, ...], task: str, module: str) -> str:
        if command:
            return _short(command)
        if claim and claim.item:
            return claim.item[:LABEL_LENGTH]
        return module or (self._heard.tasks[task].name[:LABEL_LENGTH] if task in self._heard.tasks else "job")


def _sync_state(process: Process, block: Block | None, *, over: bool) -> State:
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


def is_starting(job: Job | None) -> bool:
    """Whether a launched job has shown nothing, or its module alone, not yet the program that the module is there to run."""
    return job is None or (job.state is State.RUNNING and job.module in PROGRAM_MODULES and not job.command)


@lru_cache(maxsize=4096)  # a live view asks at each frame, and a shell's text may be long
def _short(command: tuple[str, ...]) -> str:
    """``sleep 8`` for ``/bin/sleep 8``; the text of a shell's ``-c``."""
    text = one_line(command[2] if len(command) == 3 and command[1] == "-c" else " ".join([command[0].rpartition("/")[2], *command[1:]]))
    return text if len(text) <= LABEL_LENGTH else f"{text[: LABEL_LENGTH - 1]}…"


def began(job: Job) -> float:
    """When a job was launched, in seconds. One that nobody's events claim, and that began after ansible had returned, is another run's."""
    return next((moment for moment in (job.launched, job.start) if moment is not None), 0.0)


def in_order(job: Job) -> tuple[float, str, str]:
    start = job.start if job.start is not None else job.launched
    return (0.0 if start is None else start, job.host, job.id)

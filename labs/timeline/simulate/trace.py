"""What a simulated run leaves: the pieces of a Timeline, filled in as the clock goes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from labs.timeline.model import Block, BlockKind, Job, Mode, Outcome, Poll, State, Task, Timeline

NEVER = datetime.fromtimestamp(0, UTC)  # a simulation has no date


@dataclass(slots=True)
class SimJob:
    """A job as its node and its controller know it at this moment of the simulation."""

    id: str
    host: str
    mode: Mode
    module: str
    label: str
    task: str
    limit: float | None = None
    interval: float | None = None
    launched: float | None = None
    start: float | None = None
    end: float | None = None
    detected: float | None = None
    state: State = State.RUNNING

    @property
    def ended(self) -> bool:
        return self.end is not None

    def running_at(self, moment: float | None) -> bool:
        """Whether it had not ended at a moment of the past."""
        return self.end is None or (moment is not None and self.end > moment)

    def seen(self) -> Job:
        rc = {State.SUCCEEDED: 0, State.FAILED: 1}.get(self.state) if self.module == "command" else None
        return Job(
            self.id, self.host, self.mode, self.module, self.label, self.task, (), self.limit, self.interval, self.launched, self.start,
            self.end, self.detected, self.state, rc,
        )  # fmt: skip


@dataclass(slots=True)
class Trace:
    tasks: list[Task] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    jobs: list[SimJob] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)

    def open_task(self, name: str, action: str, now: float) -> str:
        task = f"t{len(self.tasks)}"
        self.tasks.append(Task(task, name, action, now))
        return task

    def open_block(self, host: str, task: str, kind: BlockKind, now: float) -> int:
        self.blocks.append(Block(host, task, kind, now))
        return len(self.blocks) - 1

    def close_block(self, number: int, message: str, now: float) -> None:
        """End a block, with the task's last one so far. ``message``: why it failed, empty if it did not."""
        block = self.blocks[number]
        self.blocks[number] = replace(block, end=now, outcome=Outcome.FAILED if message else Outcome.OK, message=message)
        place = int(block.task[1:])
        self.tasks[place] = replace(self.tasks[place], end=now)

    def job(self, host: str, mode: Mode, module: str, label: str, task: str) -> SimJob:
        job = SimJob(f"j{len(self.jobs)}.{host}", host, mode, module, label, task)
        self.jobs.append(job)
        return job

    def timeline(self, title: str, hosts: tuple[str, ...], controller_end: float) -> Timeline:
        """Everything, once the last job has ended."""
        failed = any(block.outcome is Outcome.FAILED for block in self.blocks)
        jobs = sorted((job.seen() for job in self.jobs), key=lambda job: (job.start or 0.0, job.host, job.id))
        return Timeline(
            title=title,
            started=NEVER,
            hosts=hosts,
            end=max([controller_end, *(job.end for job in jobs if job.end is not None)]),
            controller_end=controller_end,
            status="failed" if failed else "successful",
            simulated=True,
            tasks=tuple(self.tasks),
            blocks=tuple(sorted(self.blocks, key=lambda block: block.start)),
            jobs=tuple(jobs),
            polls=tuple(sorted(self.polls, key=lambda poll: poll.noticed)),
        )

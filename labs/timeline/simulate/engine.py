"""The simulated Ansible: a controller that goes through a plan, its workers (forks), and the jobs on the nodes.

What each does, and in which order, is what ansible-core 2.19 to 2.21 do: strategies ``linear`` and ``free``, task_executor's loops,
its ``until`` and its polls, and async_wrapper's watchdog.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from math import ceil
from random import Random

from labs.timeline.metrics import makespan
from labs.timeline.model import BlockKind, Mode, Poll, State, Timeline
from labs.timeline.simulate.clock import Clock, Places, Process, Signal, Sleep, Work
from labs.timeline.simulate.overheads import Overheads
from labs.timeline.simulate.plan import Include, Local, Plan, Room, Run, Step, Task, Wait
from labs.timeline.simulate.trace import SimJob, Trace

DRAWS = 5  # runs among which the typical one is chosen
WATCHDOG_STEP = 5  # seconds: how often async_wrapper looks at the time, for limits above it
Place = tuple[int, ...]  # where a step stands in a play: its number, and those of the files that it is included from
INSTANT = 0.001  # seconds: the least that passes between two looks, in a plan with no delay and no cost


def simulate(plan: Plan, hosts: Sequence[str], overheads: Overheads | None = None, *, connected: bool = False) -> Timeline:
    """Return the Timeline that a plan would give on these hosts: same arguments, same Timeline.

    Where the overheads vary (``spread``), it is one run of several that chance would give: that of median length. A task waits for its
    slowest host, and a look that comes a moment too soon costs a whole delay, so that on the whole chance costs time.
    ``connected``: the SSH connections of an earlier run are still open. It ends when the last job has, like a recorded run.
    """
    costs = overheads or Overheads()
    runs = [_simulated(plan, tuple(hosts), costs, connected, Random(number)) for number in range(DRAWS if costs.spread else 1)]  # noqa: S311 - no secret
    return sorted(runs, key=makespan)[len(runs) // 2]


def _simulated(plan: Plan, hosts: tuple[str, ...], costs: Overheads, connected: bool, chance: Random) -> Timeline:
    vary = partial(chance.lognormvariate, -(costs.spread**2) / 2, costs.spread)  # its mean is 1
    run = _Simulation(plan, hosts, costs, Clock(costs.cores, vary) if costs.spread else Clock(costs.cores))
    run.connected = set(hosts) if connected else set()
    run.clock.spawn(run.controller())
    run.clock.run()
    return run.trace.timeline(plan.title, run.hosts, run.controller_end)


def killed_after(limit: float) -> float:
    """Seconds from a job's launch to the watchdog's kill: nearly exact up to 5, then at the next step of 5 s."""
    return limit if limit <= WATCHDOG_STEP else WATCHDOG_STEP * ceil(limit / WATCHDOG_STEP)


class _Simulation:
    def __init__(self, plan: Plan, hosts: tuple[str, ...], overheads: Overheads, clock: Clock) -> None:
        self.plan, self.hosts, self.cost, self.clock = plan, hosts, overheads, clock
        self.trace = Trace()
        self.controller_end = 0.0
        self.connected: set[str] = set()
        self._forks = Places(self.clock, plan.forks)
        self._turn = Places(self.clock, 1)  # the controller's own process does one thing at a time
        self._failed: set[str] = set()
        self._launched: dict[tuple[str, str], list[SimJob]] = {}  # (host, task's name) -> what its last run detached
        self._detached: dict[str, list[SimJob]] = {host: [] for host in hosts}
        self._built: dict[str, Signal] = {}  # by module: ready to be sent, once this has happened

    # -- the controller's own process

    def controller(self) -> Process:
        yield Work(self.cost.startup)
        for place, play in enumerate(self.plan.plays):
            for turn, group in enumerate(play.groups(self._fit(self.hosts))):
                if place or turn:
                    yield Work(self.cost.play)
                yield from self._free(play.steps, group) if play.strategy == "free" else self._linear(play.steps, group)
                if not self._fit(group):
                    break  # a whole ``serial`` group has failed: those after it are not started
        yield Work(self.cost.finish)
        self.controller_end = self.clock.now

    def _fit(self, hosts: Sequence[str]) -> list[str]:
        return [host for host in hosts if host not in self._failed]

    def _linear(self, steps: Sequence[Step], group: Sequence[str]) -> Process:
        """No host begins a task before all have ended the one before."""
        for step in steps:
            if not (hosts := self._fit(group)):
                return
            if isinstance(step, Include):
                yield from self._task(Local(step.name), hosts)
                for file in step.files:
                    yield from self._linear(file, group)
            else:
                yield from self._task(step, hosts)

    def _task(self, step: Task, hosts: Sequence[str]) -> Process:
        only = hosts[:1] if isinstance(step, Local) and step.once else hosts
        places = Places(self.clock, step.throttle) if step.throttle else None
        task, ends = "", []
        for host in only:
            yield Work(self.cost.fork if task else self.cost.turn)
            task = task or self.trace.open_task(step.name, _action(step), self.clock.now)
            ends.append((yield from self._hand_over(step, host, task, places)))
        yield from ends

    def _free(self, steps: Sequence[Step], group: Sequence[str]) -> Process:
        """Each host goes through the tasks as fast as it can."""
        tasks: dict[Place, tuple[str, Places | None]] = {}
        ends = [self.clock.spawn(self._alone(steps, host, tasks, ())) for host in self._fit(group)]
        yield from ends

    def _alone(self, steps: Sequence[Step], host: str, tasks: dict[Place, tuple[str, Places | None]], above: Place) -> Process:
        for order, step in enumerate(steps):
            place = (*above, order)
            if host in self._failed:
                return
            if isinstance(step, Include):
                yield from self._alone_task(Local(step.name), host, tasks, place)
                for turn, file in enumerate(step.files):
                    yield from self._alone(file, host, tasks, (*place, turn))
            else:
                yield from self._alone_task(step, host, tasks, place)

    def _alone_task(self, step: Task, host: str, tasks: dict[Place, tuple[str, Places | None]], place: Place) -> Process:
        yield from self._turn.take()
        yield Work(self.cost.turn)
        if place not in tasks:
            places = Places(self.clock, step.throttle) if step.throttle else None
            tasks[place] = self.trace.open_task(step.name, _action(step), self.clock.now), places
        self._turn.give()
        end = yield from self._hand_over(step, host, *tasks[place])
        yield end

    def _hand_over(self, step: Task, host: str, task: str, throttle: Places | None) -> Generator[Sleep | Work | Signal, None, Signal]:
        """Wait for a place, then leave a host's task to a worker; returns what tells its end."""
        taken = [places for places in (throttle, self._forks) if places]
        for places in taken:
            yield from places.take()
        return self.clock.spawn(self._worker(step, host, task, taken))

    # -- a worker

    def _worker(self, step: Task, host: str, task: str, taken: Sequence[Places]) -> Process:
        block = self.trace.open_block(host, task, _kind(step), self.clock.now)
        problems: list[str] = []
        match step:
            case Local():
                yield Work(self.cost.local)
                yield Sleep(step.seconds)
            case Run():
                yield from self._run(step, host, task, problems)
            case Wait():
                yield from self._wait(step, host, problems)
            case Room():
                yield from self._room(step, host, task, problems)
        if problems:
            self._failed.add(host)
        self.trace.close_block(block, problems[0] if problems else "", self.clock.now)
        for places in taken:
            places.give()

    def _run(self, step: Run, host: str, task: str, problems: list[str]) -> Process:
        self._launched[host, step.name] = []
        for place, seconds in enumerate(step.durations(host)):
            if place:
                yield Work(self.cost.item)
            label = f"sleep {seconds:g}" if step.module == "command" else step.module
            job = self.trace.job(host, _mode(step), step.module, label, task)
            if step.limit is None:
                yield from self._synchronous(job, seconds, step, problems)
            else:
                yield from self._asynchronous(job, seconds, step, step.limit, problems)

    def _build(self, module: str) -> Process:
        """A module is prepared once a run, by whoever needs it first."""
        if module in self._built:
            yield self._built[module]
        else:
            ready = self._built[module] = Signal()
            yield Work(self.cost.build)
            self.clock.fire(ready)

    def _connect(self, host: str) -> Process:
        if host not in self.connected:
            self.connected.add(host)
            yield Work(self.cost.connect)

    def _synchronous(self, job: SimJob, seconds: float, step: Run, problems: list[str]) -> Process:
        yield from self._module(job, seconds)
        job.state = State.FAILED if job.host in step.fails else State.SUCCEEDED
        if job.state is State.FAILED:
            problems.append("non-zero return code")

    def _module(self, job: SimJob, seconds: float) -> Process:
        """A module run to its end with its connection open."""
        yield from self._build(job.module)
        yield from self._connect(job.host)
        yield Work(self.cost.send)
        job.start = self.clock.now
        yield Work(self.cost.module)
        yield Sleep(seconds)
        job.end = self.clock.now
        yield Work(self.cost.back)
        job.detected = self.clock.now

    def _asynchronous(self, job: SimJob, seconds: float, step: Run, limit: float, problems: list[str]) -> Process:
        job.limit, job.interval = limit, step.poll
        yield from self._build(
            f"{job.module}, asynchronous"
        )  # prepared anew: measured, the first launch costs twice what the first look does
        yield from self._build("async_wrapper")
        yield from self._connect(job.host)
        yield Work(self.cost.launch)
        job.launched = self.clock.now
        self.clock.spawn(self._job(job, seconds, limit, fails=job.host in step.fails))
        yield Work(self.cost.detach)
        if not step.poll:
            self._launched[job.host, step.name].append(job)
            self._detached[job.host].append(job)
            return
        left = limit
        while left > 0:
            yield Sleep(step.poll)
            yield from self._look(job, tidy=True)
            if job.detected is not None:
                break
            left -= step.poll
        else:
            problems.append(f"async task did not complete within the requested time - {limit:g}s")
        if job.state in {State.FAILED, State.TIMED_OUT}:
            problems.append("Timeout exceeded" if job.state is State.TIMED_OUT else "non-zero return code")

    def _look(self, job: SimJob, *, tidy: bool = False) -> Process:
        """One async_status. ``tidy``: a job found ended has its file deleted, by one more, before anyone is told."""
        yield from self._build("async_status")
        yield Work(self.cost.send)
        start = self.clock.now
        yield Work(self.cost.status)
        end, finished = self.clock.now, job.ended
        yield Work(self.cost.back)
        if finished and tidy:
            yield Work(self.cost.look)
        if finished:
            job.detected = job.detected or self.clock.now
        self.trace.polls.append(Poll(job.host, job.id, self.clock.now, finished, start, end))

    def _wait(self, step: Wait, host: str, problems: list[str]) -> Process:
        for place, job in enumerate(self._launched.get((host, step.of), [])):
            if place:
                yield Work(self.cost.item)
            for attempt in range(step.retries + 1):
                if attempt:
                    yield Sleep(max(step.delay, INSTANT))
                yield from self._look(job)
                if job.detected is not None:
                    break
            if job.detected is None:
                problems.append("retries exhausted")
            elif job.state is not State.SUCCEEDED:
                problems.append("Timeout exceeded" if job.state is State.TIMED_OUT else "non-zero return code")

    def _room(self, step: Room, host: str, task: str, problems: list[str]) -> Process:
        for attempt in range(step.retries + 1):
            if attempt:
                yield Sleep(max(step.delay, INSTANT))
            look = self.trace.job(host, Mode.SYNC, "command", "compter les jobs", task)
            yield from self._module(look, 0.0)
            running = sum(job.running_at(look.end) for job in self._detached[host])
            look.state = State.SUCCEEDED
            if running < step.size:
                return
        problems.append("retries exhausted")

    # -- a node

    def _job(self, job: SimJob, seconds: float, limit: float, *, fails: bool) -> Process:
        """A detached job on its node, under its watchdog."""
        launched = self.clock.now
        yield Work(self.cost.wrap)
        job.start = self.clock.now
        yield Work(self.cost.module)
        allowed = launched + killed_after(limit) - self.clock.now
        yield Sleep(min(seconds, max(allowed, 0.0)))
        if seconds > allowed:
            job.end, job.state = self.clock.now, State.TIMED_OUT
            return
        yield Work(self.cost.settle)
        job.end, job.state = self.clock.now, State.FAILED if fails else State.SUCCEEDED


def _mode(step: Run) -> Mode:
    if step.limit is None:
        return Mode.SYNC
    return Mode.POLLED if step.poll else Mode.DETACHED


def _action(step: Task) -> str:
    match step:
        case Run():
            return step.module
        case Wait():
            return "async_status"
        case Room():
            return "command"
        case Local():
            return "pause" if step.seconds else "debug"


def _kind(step: Task) -> BlockKind:
    match step:
        case Run():
            return {Mode.SYNC: BlockKind.SYNC, Mode.POLLED: BlockKind.POLLED, Mode.DETACHED: BlockKind.LAUNCH}[_mode(step)]
        case Wait():
            return BlockKind.STATUS
        case Room():
            return BlockKind.SYNC
        case Local():
            return BlockKind.LOCAL

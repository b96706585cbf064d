"""Timelines made by hand, with times of the size that real runs show."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

from labs.timeline.model import Block, BlockKind, Fault, FaultKind, Job, Mode, Outcome, Poll, State, Task, Timeline

STARTED = datetime(2026, 11, 24, 9, 30, 0, tzinfo=UTC)
HOSTS = ("node1", "node2", "node3")


def _timeline(title: str, end: float, hosts: tuple[str, ...] = HOSTS, **parts) -> Timeline:
    parts = {name: tuple(sorted(things, key=lambda thing: thing.start or 0)) for name, things in parts.items() if name != "polls"} | {
        "polls": tuple(sorted(parts.get("polls", ()), key=lambda poll: poll.noticed))
    }
    return Timeline(title, STARTED, hosts, end, controller_end=end, status="successful", **parts)


def sync() -> Timeline:
    """`sleep 5` without async: the connection stays open, and the slowest node holds the next task."""
    blocks, jobs = [], []
    for k, host in enumerate(HOSTS):
        start, end = 1.3 + 0.08 * k, 6.5 + 0.08 * k + (1.6 if k == 1 else 0)
        blocks += [Block(host, "t1", BlockKind.SYNC, start, end, Outcome.OK), Block(host, "t2", BlockKind.SYNC, 8.4, 9.1, Outcome.OK)]
        jobs += [
            Job(
                f"{host}/411",
                host,
                Mode.SYNC,
                "command",
                "sleep 5",
                "t1",
                ("/bin/sleep", "5"),
                None,
                None,
                None,
                start + 0.35,
                end - 0.12,
                end,
                State.SUCCEEDED,
                0,
            ),
            Job(
                f"{host}/430",
                host,
                Mode.SYNC,
                "command",
                "touch fini",
                "t2",
                ("/bin/touch", "fini"),
                None,
                None,
                None,
                8.7,
                8.75,
                9.1,
                State.SUCCEEDED,
                0,
            ),
        ]
    tasks = (Task("t1", "Dormir cinq secondes", "command", 1.2, 8.4), Task("t2", "Marquer la fin", "command", 8.4, 9.2))
    return _timeline("Synchrone, trois nœuds", 9.4, tasks=tasks, blocks=blocks, jobs=jobs)


def polled(interval: float = 2.0) -> Timeline:
    """`sleep 5` with async 30 and poll 2: four looks, the last one late."""
    blocks, jobs, polls = [], [], []
    for k, host in enumerate(HOSTS):
        name, launched = f"j7001.{k}", 1.7 + 0.1 * k
        start, end = launched + 0.25, launched + 5.3
        noticed = [launched + 0.2 + (interval + 0.5) * i for i in range(1, 3)] + [launched + 0.2 + (interval + 0.5) * 3]
        blocks.append(Block(host, "t1", BlockKind.POLLED, 1.2 + 0.1 * k, noticed[-1] + 0.05, Outcome.OK))
        jobs.append(
            Job(
                name,
                host,
                Mode.POLLED,
                "command",
                "sleep 5",
                "t1",
                ("/bin/sleep", "5"),
                30,
                interval,
                launched,
                start,
                end,
                noticed[-1],
                State.SUCCEEDED,
                0,
            )
        )
        polls += [Poll(host, name, at, at > end, at - 0.45, at - 0.06) for at in noticed]
    return _timeline(
        "Asynchrone, un sondage toutes les 2 s",
        10.0,
        tasks=(Task("t1", "Dormir", "command", 1.1, 9.8),),
        blocks=blocks,
        jobs=jobs,
        polls=polls,
    )


def detached() -> Timeline:
    """With poll 0, another task meanwhile, then async_status until it is finished."""
    blocks, jobs, polls = [], [], []
    for k, host in enumerate(HOSTS):
        o, name = 0.09 * k, f"j81{k}.512"
        jobs += [
            Job(
                name,
                host,
                Mode.DETACHED,
                "command",
                "sleep 6",
                "t1",
                ("/bin/sleep", "6"),
                60,
                0,
                1.9 + o,
                2.1 + o,
                8.1 + o,
                9.3 + o,
                State.SUCCEEDED,
                0,
            ),
            Job(
                f"{host}/530",
                host,
                Mode.SYNC,
                "command",
                "touch /tmp/pendant",
                "t2",
                ("/bin/touch",),
                None,
                None,
                None,
                2.9 + o,
                2.98 + o,
                3.3 + o,
                State.SUCCEEDED,
                0,
            ),
        ]
        blocks += [
            Block(host, "t1", BlockKind.LAUNCH, 1.2 + o, 2.2 + o, Outcome.OK),
            Block(host, "t2", BlockKind.SYNC, 2.6 + o, 3.3 + o, Outcome.OK),
            Block(host, "t3", BlockKind.STATUS, 3.7 + o, 9.3 + o, Outcome.OK),
        ]
        polls += [
            Poll(host, name, at + o, finished, at + o - 0.4, at + o - 0.05)
            for at, finished in ((4.2, False), (5.9, False), (7.6, False), (9.3, True))
        ]
    tasks = (
        Task("t1", "Lancer", "command", 1.1, 2.5),
        Task("t2", "Travailler pendant ce temps", "command", 2.5, 3.6),
        Task("t3", "Attendre", "async_status", 3.6, 9.6),
    )
    return _timeline("Détaché, puis attendu", 9.8, tasks=tasks, blocks=blocks, jobs=jobs, polls=polls)


def batches() -> Timeline:
    """Batches of two over 1 to 5 s with the default delay of async_status, as in the sketch of the grammar."""
    blocks, jobs, polls = [], [], []
    waves = (
        (1.2, ((1, 0.4, 1.5), (2, 0.9, 6.6)), (1.2, 1.5, 6.5), 6.8),
        (9.2, ((3, 0.4, 6.5), (4, 1.0, 7.2)), (1.6, 6.5, 7.0), 7.4),
        (17.9, ((5, 0.4, 9.1),), (1.3, 6.7, 9.0), 9.3),
    )
    for k, host in enumerate(HOSTS):
        for w, (base, launches, looks, span) in enumerate(waves):
            o = base + 0.15 * k
            blocks.append(Block(host, f"l{w}", BlockKind.LAUNCH, o, o + 0.5 * len(launches), Outcome.OK))
            blocks.append(Block(host, f"s{w}", BlockKind.STATUS, o + 0.5 * len(launches) + 0.1, o + span, Outcome.OK))
            names = []
            for d, start, detected in launches:
                name = f"j{w}{d}.{k}"
                names.append(name)
                jobs.append(
                    Job(
                        name,
                        host,
                        Mode.DETACHED,
                        "command",
                        f"sleep {d}",
                        f"l{w}",
                        ("/bin/sleep", str(d)),
                        60,
                        0,
                        o + start - 0.2,
                        o + start,
                        o + start + d,
                        o + detected,
                        State.SUCCEEDED,
                        0,
                    )
                )
            for i, at in enumerate(looks):
                name = names[min(i // 2 if w != 0 else i, len(names) - 1)]
                job = next(job for job in jobs if job.id == name)
                polls.append(Poll(host, name, o + at, o + at >= (job.end or 0), o + at - 0.4, o + at - 0.05))
    tasks = [
        Task(f"{kind}{w}", title, action, base + extra, base + extra + 1)
        for w, (base, *_) in enumerate(waves)
        for kind, title, action, extra in (("l", "Lancer le lot", "command", 0), ("s", "Attendre le lot", "async_status", 1.1))
    ]
    return _timeline("Lots de deux, délai par défaut", 28.4, tasks=tasks, blocks=blocks, jobs=jobs, polls=polls)


def cut() -> Timeline:
    """A synchronous job on three nodes; node2's link is cut at 4 s and its work is lost."""
    blocks, jobs = [], []
    for k, host in enumerate(HOSTS):
        o = 0.1 * k
        lost = host == "node2"
        blocks.append(
            Block(
                host,
                "t1",
                BlockKind.SYNC,
                1.2 + o,
                4.1 if lost else 9.9 + o,
                Outcome.UNREACHABLE if lost else Outcome.OK,
                "Failed to connect to the host via ssh" if lost else "",
            )
        )
        jobs.append(
            Job(
                id=f"{host}/77",
                host=host,
                mode=Mode.SYNC,
                module="command",
                label="sleep 8",
                task="t1",
                command=("/bin/sleep", "8"),
                start=1.6 + o,
                end=4.02 if lost else 9.7 + o,
                detected=None if lost else 9.9 + o,
                state=State.KILLED if lost else State.SUCCEEDED,
                rc=None if lost else 0,
            )
        )
    return replace(
        _timeline(
            "Lien coupé pendant un job synchrone",
            10.3,
            tasks=(Task("t1", "Dormir", "command", 1.1, 10.1),),
            blocks=blocks,
            jobs=jobs,
            faults=(Fault("node2", FaultKind.CUT, 4.0, 4.0),),
        ),
        status="failed",
    )


def every_state() -> Timeline:
    """One job in each state, a frozen node, a forged job: what a figure must be able to tell apart."""
    jobs = (
        Job("a", "node1", Mode.DETACHED, "command", "réussi", "t1", (), 10, 0, 0.9, 1, 4, 4.6, State.SUCCEEDED, 0),
        Job("b", "node1", Mode.DETACHED, "command", "échec", "t1", (), 10, 0, 1.1, 1.3, 5, 5.4, State.FAILED, 2),
        Job("c", "node1", Mode.DETACHED, "command", "limite", "t1", (), 5, 0, 1.6, 1.8, 6.8, 7.2, State.TIMED_OUT),
        Job("d", "node2", Mode.DETACHED, "command", "tué", "t1", (), 10, 0, 1, 1.2, 3, None, State.KILLED),
        Job("o", "node3", Mode.DETACHED, "command", "échappé", "t1", (), 2, 0, 5.6, 5.8, 7.6, None, State.ORPHANED),
        Job("e", "node2", Mode.DETACHED, "command", "inventé", "t1", (), 10, 0, 3.4, None, None, 5.4, State.UNCONFIRMED),
        Job("g", "node3", Mode.SYNC, "command", "venu d’ailleurs", None, (), None, None, None, 1.5, 5.5, None, State.ENDED),
        Job("f", "node3", Mode.DETACHED, "command", "encore là", "t1", (), 60, 0, 1, 1.2),
    )
    blocks = (
        *(Block(host, "t1", BlockKind.LAUNCH, 0.6, 1.9, Outcome.OK) for host in HOSTS),
        Block("node1", "t2", BlockKind.STATUS, 2.2, 7.2, Outcome.FAILED, "2 jobs en échec"),
    )
    polls = (
        Poll("node1", "a", 2.6, False, 2.3, 2.55),
        Poll("node1", "a", 4.6, True, 4.2, 4.55),
        Poll("node1", "b", 5.4, True, 5.0, 5.3),
        Poll("node1", "c", 7.2, True, 6.9, 7.15),
    )
    faults = (Fault("node3", FaultKind.SLOW, 2.5), Fault("node2", FaultKind.PAUSE, 4, 6))
    tasks = (Task("t1", "Lancer", "command", 0.5, 2), Task("t2", "Attendre", "async_status", 2.1, 7.3))
    return Timeline("Tous les états", STARTED, HOSTS, 8.0, 8.0, "failed", tasks=tasks, blocks=blocks, jobs=jobs, polls=polls, faults=faults)


def crowd(hosts: int, each: int, seed: int = 7) -> Timeline:
    """Many jobs on many nodes: ``each`` jobs a node, two at a time, one in forty failed."""
    rng = random.Random(seed)  # noqa: S311 -- durations, not secrets
    names = tuple(f"node{k + 1}" for k in range(hosts))
    jobs, blocks, polls = [], [], []
    for host in names:
        free = [0.5 + rng.random(), 0.7 + rng.random()]
        for i in range(each):
            lane = free.index(min(free))
            launched = free[lane]
            start, lasts = launched + 0.2, rng.uniform(0.5, 4)
            detected = start + lasts + rng.uniform(0.1, 1)
            name = f"{host}.j{i}"
            state = State.FAILED if rng.random() < 1 / 40 else State.SUCCEEDED
            jobs.append(
                Job(
                    name,
                    host,
                    Mode.DETACHED,
                    "command",
                    f"lot {i}",
                    "t1",
                    ("/bin/sleep",),
                    60,
                    0,
                    launched,
                    start,
                    start + lasts,
                    detected,
                    state,
                    0,
                )
            )
            polls.append(Poll(host, name, detected, True, detected - 0.3, detected - 0.05))
            free[lane] = detected + 0.1
        blocks.append(Block(host, "t1", BlockKind.STATUS, 0.4, max(free), Outcome.OK))
    end = max(job.detected for job in jobs) + 0.5
    return _timeline(
        f"{len(jobs)} jobs sur {hosts} nœuds",
        end,
        names,
        tasks=(Task("t1", "Foule", "command", 0.3, end),),
        blocks=blocks,
        jobs=jobs,
        polls=polls,
    )


ALL = (sync, polled, detached, batches, cut, every_state)

"""Random Timelines that could have been recorded."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from labs.timeline.model import Block, BlockKind, Job, Mode, Outcome, Poll, State, Task, Timeline

HOSTS = ("node1", "node2", "node3")
moments = st.integers(0, 400).map(lambda tenths: tenths / 10)
lengths = st.integers(0, 100).map(lambda tenths: tenths / 10)
durations = st.lists(st.integers(1, 100).map(lambda tenths: tenths / 10), min_size=1, max_size=12)


@st.composite
def jobs(draw, number, end):
    host = draw(st.sampled_from(HOSTS))
    launched = draw(moments)
    start = launched + draw(lengths) / 10
    stop = start + draw(lengths)
    detected = draw(st.none() | lengths.map(lambda late: stop + late))
    common = {"id": f"j{number}", "host": host, "mode": Mode.DETACHED, "module": "command", "label": f"job {number}", "task": "t1"}
    if start > end:
        return None
    if stop > end:
        return Job(**common, launched=launched, start=start)
    if detected is not None and detected > end:
        detected = None
    state = draw(st.sampled_from([State.SUCCEEDED, State.FAILED, State.TIMED_OUT, State.KILLED]))
    return Job(**common, launched=launched, start=start, end=stop, detected=detected, state=state, rc=0)


@st.composite
def timelines(draw):
    end = draw(st.integers(10, 500)) / 10
    over = draw(st.booleans())
    made = [job for number in range(draw(st.integers(0, 10))) if (job := draw(jobs(number, end))) is not None]
    made.sort(key=lambda job: job.start)
    polls = [Poll(job.host, job.id, job.detected, True, job.detected - 0.3, job.detected) for job in made if job.detected is not None]
    blocks = []
    for host in HOSTS:
        start = draw(moments)
        stop = start + draw(lengths)
        if start <= end:
            done = stop <= end
            blocks.append(Block(host, "t1", BlockKind.STATUS, start, stop if done else None, Outcome.OK if done else None))
    return Timeline(
        title="au hasard",
        started=datetime(2026, 11, 24, tzinfo=UTC),
        hosts=HOSTS,
        end=end,
        controller_end=end if over else None,
        status="successful" if over else "running",
        tasks=(Task("t1", "Attendre", "async_status", 0.0, end if over else None),),
        blocks=tuple(sorted(blocks, key=lambda block: block.start)),
        jobs=tuple(made),
        polls=tuple(sorted(polls, key=lambda poll: poll.noticed)),
    )

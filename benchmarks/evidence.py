"""How true and how light the evidence is: each job's start and end against the node's own account, and what an observer costs its node.

Truth is read apart from the observer: the start of the module's process from /proc while it runs, by a probe of this benchmark; the end
of an asynchronous job from its file's mtime after the run; the end of a synchronous one from the clock that its own command prints last.

    python benchmarks/evidence.py [--jobs 10]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

from labs.evidence.records import Record
from labs.evidence.watch import Watch
from labs.jobs.command import AdHoc, Playbook
from labs.lab import Lab
from labs.paths import PLAYBOOKS
from labs.recording import record
from labs.timeline.model import Timeline

# Starts of the module processes of a node, by pid, as its process table shows them now.
PROBE = """
import os, time
boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        argv = open(f"/proc/{pid}/cmdline").read().split(chr(0))
        stat = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    except OSError:
        continue
    if len(argv) > 1 and "/AnsiballZ_command.py" in argv[1]:
        print(boot + int(stat[19]) / os.sysconf("SC_CLK_TCK"))
"""
OBSERVER = "What one node does"  # the first words of the observer's source, which is on its command line


def main() -> None:
    options = _options()
    lab = Lab(f"bench-{os.getpid()}")
    with lab.for_now(3):
        starts, ends = _detached(lab, options.jobs)
        sync_ends = _synchronous(lab, options.jobs)
        idle, busy = _cost(lab)
    for name, errors in (("start", starts), ("end, asynchronous", ends), ("end, synchronous", sync_ends)):
        print(f"{name:18} {len(errors):3} jobs: median {1000 * statistics.median(errors):5.1f} ms, worst {1000 * max(errors):5.1f} ms")
    print(f"observer: {100 * idle:.2f} % of a core on an idle node, {100 * busy:.2f} % while batch_control.yml runs")


def _detached(lab: Lab, count: int) -> tuple[list[float], list[float]]:
    """Errors, in seconds, on the starts and ends of asynchronous jobs."""
    starts, ends = [], []
    for number in range(count):
        recording = record(lab, AdHoc.parse(f"ansible all -B 60 -P 0 -a '/bin/sleep {1.5 + number % 3}'"))
        told = _probed(lab, recording.timeline)
        timeline = recording.wait()
        origin = recording.started
        for job in timeline.jobs:
            truth = float(lab.execute(job.host, ["stat", "-c", "%.Y", f"/root/.ansible_async/{job.id}"]).text) - origin
            ends.append(abs(_known(job.end) - truth))
            starts += [abs(_known(job.start) - (start - origin)) for start in told[job.host]]
    return starts, ends


def _probed(lab: Lab, timeline: Callable[[], Timeline]) -> dict[str, list[float]]:
    """The truth on the starts, read once every node's job is there."""
    while sum(job.confirmed for job in timeline().jobs) < len(lab.nodes):
        time.sleep(0.05)
    time.sleep(0.5)
    return {node: [float(line) for line in lab.execute(node, ["python3", "-c", PROBE]).text.split()] for node in lab.nodes}


def _synchronous(lab: Lab, count: int) -> list[float]:
    errors = []
    for _ in range(count):
        recording = record(lab, AdHoc.parse("ansible all -m shell -a '/bin/sleep 1; date +%s.%N > /root/fin'"))
        timeline = recording.wait()
        for run in recording.processes():
            if run.argv[:2] == ("/bin/sh", "-c") and run.argv[-1].startswith("/bin/sleep 1;"):
                truth = float(lab.execute(run.host, ["cat", "/root/fin"]).text) - recording.started
                errors.append(abs(_known(run.end) - truth))
        assert timeline.status == "successful", recording.stdout
    return errors


def _cost(lab: Lab) -> tuple[float, float]:
    """Share of a core that an observer takes of its node: at rest, and during a batch run."""
    idle = _share(lab, lambda: time.sleep(10))
    busy = _share(lab, lambda: _play(lab))
    return idle, busy


def _share(lab: Lab, during: Callable[[], object]) -> float:
    def ignore(_: Record) -> None: ...

    watch = Watch(lab, ignore)
    watch.start()
    time.sleep(1)
    before, began = _spent(lab), time.monotonic()
    during()
    share = (_spent(lab) - before) / (time.monotonic() - began)
    watch.stop()
    return share


def _spent(lab: Lab) -> float:
    """CPU seconds of node1's oldest observer so far."""
    code = (
        "import os;pid=min(int(p) for p in os.listdir('/proc') if p.isdigit() and "
        f"{OBSERVER!r} in open(f'/proc/{{p}}/cmdline').read() and int(p)!=os.getpid());"
        "f=open(f'/proc/{pid}/stat').read().rpartition(')')[2].split();print((int(f[11])+int(f[12]))/os.sysconf('SC_CLK_TCK'))"
    )
    return float(lab.execute("node1", ["python3", "-c", code]).text)


def _play(lab: Lab) -> Timeline:
    return record(lab, Playbook(PLAYBOOKS / "batch_control.yml"), linger=0).wait()


def _known(moment: float | None) -> float:
    if moment is None:
        raise RuntimeError("a job of this benchmark was not seen whole")
    return moment


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10, help="runs of three jobs")
    return parser.parse_args()


if __name__ == "__main__":
    main()

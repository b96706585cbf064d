"""What watching costs: the same playbook by ``ansible-playbook`` alone, and through ``labs.recording`` with the live view on.

Pairs are run in turn (A B A B …), so that a machine whose speed drifts harms both alike; each pair gives a ratio, and the medians are
printed. CPU is what this process and its children used on the host, the nodes' own processes not included: those are the containers'.

    python benchmarks/overhead.py [--pairs 10] [--playbook playbooks/batch_control.yml] [--file PAIRS.jsonl]

Both sides have the same inventory and as many runs. One process does all of them, as a notebook's kernel does: what the course loads once
(matplotlib, say) is paid by the first run, which is not counted. With ``--file`` the pairs are added to those measured before.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from labs.jobs.command import Playbook
from labs.lab import Lab
from labs.notebook.live import LiveView
from labs.paths import PLAYBOOKS
from labs.recording import record


def main() -> None:
    options = _options()
    pairs = [json.loads(line) for line in options.file.read_text().splitlines()] if options.file and options.file.exists() else []
    lab = Lab(f"bench-{os.getpid()}")
    with lab.for_now(3):
        # The first run of each pays for connections and caches that the others find ready.
        _bare(lab, options.playbook)
        _watched(lab, options.playbook)
        for number in range(options.pairs):
            pair = _measure(lambda: _bare(lab, options.playbook)), _measure(lambda: _watched(lab, options.playbook))
            pairs.append(pair)
            if options.file:
                with options.file.open("a") as file:
                    file.write(json.dumps(pair) + "\n")
            print(
                f"pair {number + 1}: bare {pair[0][0]:.2f} s, {pair[0][1]:.2f} s CPU; watched {pair[1][0]:.2f} s, {pair[1][1]:.2f} s CPU",
                flush=True,
            )
    _report(pairs, options.playbook)


def _bare(lab: Lab, playbook: Path) -> None:
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(lab.inventory), str(playbook)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _watched(lab: Lab, playbook: Path) -> None:
    recording = record(lab, Playbook(playbook), linger=0)
    view = LiveView(recording)
    timeline = recording.wait()
    view.close()
    if timeline.status != "successful":
        raise RuntimeError(recording.stdout)


def _measure(run: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU seconds of one run, children included."""
    wall, cpu = time.perf_counter(), _cpu()
    run()
    return time.perf_counter() - wall, _cpu() - cpu


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _report(pairs: Sequence[tuple[tuple[float, float], tuple[float, float]]], playbook: Path) -> None:
    print(
        f"\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, {playbook.name}, {len(pairs)} pairs"
    )
    for name, position in (("wall", 0), ("CPU", 1)):
        ratios = [watched[position] / bare[position] for bare, watched in pairs]
        print(f"{name:4} ratio: median {statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--file", type=Path, help="pairs measured before, to which these are added")
    parser.add_argument("--playbook", type=Path, default=PLAYBOOKS / "batch_control.yml")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""Finding and ending what a run left: processes of the controller, jobs on nodes, scratch folders.

From ansible-core 2.19 on, workers are sessions of their own, so killing ansible's process group misses them. Each run
therefore marks its environment, and whatever carries the mark belongs to it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

import psutil

from labs.lab import Lab

MARKER = "CONTREPOINT_RUN"

# Runs on the node, by its own python3: kills every process whose command line carries the run's mark, with its process group
# (async_wrapper gives each job one) and all that descends from it. Without a mark: every module that has outlived what started it.
# On a node of the embedded lab, those of its processes alone that carry its name in their environment (labs/engines/embedded_node.py).
KILLER = """
import os, signal, sys
mark, table = sys.argv[1], {}
node = os.environ.get("CONTREPOINT_NODE", "")
for name in os.listdir("/proc"):
    if name.isdigit():
        try:
            if node and b"CONTREPOINT_NODE=" + os.fsencode(node) not in open("/proc/%s/environ" % name, "rb").read().split(b"\\0"):
                continue
            stat = open("/proc/%s/stat" % name, "rb").read().rpartition(b")")[2].split()
            line = open("/proc/%s/cmdline" % name, "rb").read().decode("utf-8", "replace")
        except OSError:
            continue
        table[int(name)] = (int(stat[1]), int(stat[2]), line)
def orphan(ppid, line):
    return (ppid == 1 or node and ppid not in table) and "/AnsiballZ_" in line and "async_wrapper.py" not in line
doomed = {pid for pid, (ppid, _, line) in table.items() if (mark in line if mark else orphan(ppid, line)) and pid != os.getpid()}
groups = {table[pid][1] for pid in doomed}
grown = True
while grown:
    more = {pid for pid, (ppid, group, _) in table.items() if pid != os.getpid() and pid > 1 and (ppid in doomed or group in groups)} - doomed
    doomed |= more
    grown = bool(more)
for pid in doomed:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
print(len(doomed))
"""


def kill_controller(run: str) -> int:
    """Kill the processes of this machine that carry a run's mark; how many there were. Their parents reap them."""
    doomed = controller_processes(run)
    for pid in doomed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(doomed)


def controller_processes(run: str) -> list[int]:
    """Pids of this machine that carry a run's mark."""
    return [process.pid for process in psutil.process_iter() if _carries(process, run)]


def _carries(process: psutil.Process, run: str) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE or process.environ().get(MARKER) != run:
            return False
        # An ssh connection kept open for later is shared: another run may be using it. It ends by itself (ControlPersist).
        # A container's monitor ends with its container, which podman 5 cannot remove without it.
        return "[mux]" not in " ".join(process.cmdline()) and process.name() != "conmon"
    except (psutil.Error, OSError):
        return False


def kill_on_node(lab: Lab, node: str, mark: str) -> int:
    """Kill a run's processes on a node, whatever session they are in; how many there were."""
    return int(lab.execute(node, ["python3", "-I", "-S", "-c", KILLER, mark]).text or 0)


def kill_orphans(lab: Lab, node: str) -> int:
    """Kill modules that their watchdog missed and all that they started; how many processes there were."""
    return kill_on_node(lab, node, "")


def claim(folder: Path) -> None:
    """Make a run's scratch folder and write whose it is, so that what a crash leaves can be told from what is running."""
    folder.mkdir(parents=True)
    me = psutil.Process()
    (folder / "owner.json").write_text(json.dumps({"pid": me.pid, "created": me.create_time()}))


def reap(runs: Path) -> None:
    """End what runs of dead owners (a killed kernel, a crash) left on this machine."""
    for run in dead(runs):
        kill_controller(run)
        shutil.rmtree(runs / run, ignore_errors=True)


def dead(runs: Path) -> list[str]:
    """The runs whose owner is dead."""
    return [folder.name for folder in runs.glob("*") if not _owner_lives(folder)]


def _owner_lives(folder: Path) -> bool:
    try:
        owner = json.loads((folder / "owner.json").read_text())
        return bool(psutil.Process(owner["pid"]).create_time() == owner["created"])
    except (OSError, ValueError, KeyError, psutil.Error):
        return False

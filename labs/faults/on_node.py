"""Runs on a node, by its own python3 and outside SSH: does a fault, and undoes it after its time without anybody's help.

Given to ``python3 -I -S -c``, so it is one file of standard Python. Arguments: kind (``cut``, ``pause`` or ``slow``), seconds (0: ``cut``
is one blow, ``pause`` and ``slow`` last until the node is made anew), for ``slow`` the delay in seconds (0 for the others), and for how many
seconds at most it may wait for a calm moment.
It prints the moment (epoch seconds) and returns when the fault is done; what must happen later is left to a process of its own.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

# A node of the embedded lab shares its machine's process table: its own processes carry its folder in their environment, and what the
# lab runs beside them says so as well (labs/engines/embedded_node.py).
NODE = os.environ.get("CONTREPOINT_NODE", "")
MARK = os.fsencode(f"CONTREPOINT_NODE={NODE}")
BESIDE = b"CONTREPOINT_BESIDE=1"
SSHD = ("sshd", "/usr/sbin/sshd")
REFUSED = f"{NODE}/refused" if NODE else "/run/contrepoint-refused"  # while it is there, sshd is not started, or takes nobody
OPEN = 0.002  # seconds of a slow link's turn during which what waited is let through
STRAYS = 0.05  # seconds between two looks for what has escaped a freeze
SESSION = ("sshd: root", "sshd-session: root")  # how a session's process calls itself, from the moment when it knows for whom it is
IN_THE_MAKING = ("[net]", "[accepted]")
CALM = 0.15  # seconds without any work over SSH: between two steps of one module there is less
LOOK = 0.02  # seconds between two looks for it


def main() -> None:
    kind, (seconds, delay, patience) = sys.argv[1], map(float, sys.argv[2:5])
    await_calm(patience)
    until = time.monotonic() + seconds if seconds else float("inf")
    print(time.time(), flush=True)
    {"cut": cut, "pause": pause, "slow": slow}[kind](until, delay)


def await_calm(patience: float) -> None:
    """Wait, not longer than that, until nothing has been done over SSH for a little while.

    Only here can it be told: whoever asks from outside hears of the calm when the next visit may be there already.
    """
    deadline = time.monotonic() + patience
    worked = time.monotonic()
    while (now := time.monotonic()) < min(deadline, worked + CALM):
        time.sleep(LOOK)
        if at_work():
            worked = now


def at_work() -> bool:
    """Whether a session runs a program, or a connection is being made."""
    everyone = list(processes())
    sessions = {pid for pid, _, line in everyone if line.startswith(SESSION)} | {embedded_sshd()} - {0}
    return any((parent in sessions and pid not in sessions) or line.rstrip().endswith(IN_THE_MAKING) for pid, parent, line in everyone)


def cut(until: float, _: float) -> None:
    """Close the SSH sessions; with a time, refuse new ones until then."""
    refusing = until != float("inf")
    if refusing:
        take_over("cut")
        os.close(os.open(REFUSED, os.O_CREAT | os.O_WRONLY))
    for pid, _parent, line in processes():
        if line.startswith(SESSION) or (refusing and line.startswith("sshd")):
            send(pid, signal.SIGTERM)
        elif pid == embedded_sshd():
            send(pid, signal.SIGUSR1)  # one process for all sessions: it closes them itself
        else:
            continue
        send(pid, signal.SIGCONT)  # or else one that a slow link has stopped would not hear of it
    if refusing and detached():
        sleep_until(until)
        os.unlink(REFUSED)


def pause(until: float, _: float) -> None:
    """Stop every process of the node, but not what the engine has started beside them: the observers look on."""
    take_over("pause")
    stopped = stop_all()
    while more := stop_all() - stopped:
        stopped |= more
    if until != float("inf") and detached():
        while time.monotonic() < until:
            stop_all()
            sleep_until(min(until, time.monotonic() + STRAYS))
        for pid in inhabitants():
            send(pid, signal.SIGCONT)


def slow(until: float, delay: float) -> None:
    """Make each exchange over SSH wait ``delay``: what comes in meanwhile lies in the kernel until sshd goes on. Jobs are not touched."""
    take_over("slow")
    if not detached():
        return
    try:
        while time.monotonic() < until:
            signal_sshd(signal.SIGSTOP)
            sleep_until(min(until, time.monotonic() + delay))
            signal_sshd(signal.SIGCONT)
            time.sleep(OPEN)
    finally:
        signal_sshd(signal.SIGCONT)


def detached() -> bool:
    """False in the process that the engine waits for; True in its child, which lives on by itself."""
    if os.fork():
        return False
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    return True


def take_over(kind: str) -> None:
    """The last word on a fault is the one that counts: an earlier one of its kind must not undo this one, nor outlast it."""
    for pid, _parent, line in processes():
        if pid != os.getpid() and line.startswith("python3 -I -S -c") and line.split()[-4] == kind:
            send(pid, signal.SIGKILL)


def sleep_until(moment: float) -> None:
    """A stopped process's sleep may end late, never early."""
    time.sleep(max(0.0, min(moment - time.monotonic(), 3600.0)))


def stop_all() -> set[int]:
    found = inhabitants()
    for pid in found:
        send(pid, signal.SIGSTOP)
    return found


def inhabitants() -> set[int]:
    """All that descends from the node's first process, itself and this process left out; of a node that has none, all that is its own."""
    if NODE:
        return {pid for pid, _, _ in processes() if BESIDE not in environment(pid)}
    parents = {pid: parent for pid, parent, _ in processes()}
    below = {1}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return below - {1, os.getpid()}


def signal_sshd(which: int) -> None:
    for pid, _, line in processes():
        if line.startswith(SSHD) or pid == embedded_sshd():
            send(pid, which)


def send(pid: int, which: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, which)


def processes() -> Iterator[tuple[int, int, str]]:
    """Pid, parent and command line of each process of the node."""
    for name in os.listdir("/proc"):
        if name.isdigit() and (not NODE or MARK in environment(int(name))):
            try:
                with open(f"/proc/{name}/stat", "rb") as stat, open(f"/proc/{name}/cmdline", "rb") as cmdline:
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
                    line = cmdline.read().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            yield int(name), parent, line


def embedded_sshd() -> int:
    """The pid of the SSH server on a node of the embedded lab; 0 on any other."""
    if not NODE:
        return 0
    with open(f"{NODE}/pid") as file:
        return int(file.read())


def environment(pid: int) -> list[bytes]:
    """What a process has in its environment; nothing for one that is gone, or another user's."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


if __name__ == "__main__":
    main()

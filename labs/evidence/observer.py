"""What one node does, told as it happens: run *on the node* by its own python3, outside SSH.

Standard library only, one file, given to ``python3 -c``. It writes JSON lines on standard output and ends when standard
input closes, so that nothing of it outlives the one who listens. Times are epoch seconds.

    {"k": "process", "pid": 7, "ppid": 1, "start": 1.5, "argv": ["/bin/sleep", "8"]}   seen, or seen under a new argv (exec)
    {"k": "exit", "pid": 7, "end": 9.5}
    {"k": "job", "jid": "j1.7", "mtime": 9.5, "result": {"finished": 1, "rc": 0}}      an async job file, at each change
    {"k": "gone", "jid": "j1.7", "at": 10.0}                                           its file was removed
    {"k": "beat", "at": 10.0}                                                          once a second: still watching
"""

from __future__ import annotations

import glob
import json
import os
import pwd
import select
import sys
import time
from typing import Any

# A node of the embedded lab shares its machine's process table: its own processes carry its folder in their environment
# (labs/engines/embedded_node.py). As on any other node, what its own did not start is told as init's.
NODE = os.environ.get("CONTREPOINT_NODE", "")
MARK = os.fsencode(f"CONTREPOINT_NODE={NODE}")
INIT = 1

PERIOD = 0.04  # seconds between two looks
YOUNG = 1.0  # seconds during which a process may still be about to exec its program
KEPT = ("started", "finished", "failed", "changed", "rc", "msg", "child_pid", "skipped")  # of a job file; outputs can be huge
TICKS = os.sysconf("SC_CLK_TCK")


def say(**fields: Any) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


def boot_time() -> float:
    """Epoch of the kernel's boot, finer than the whole seconds of /proc/stat."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def home_of(pid: int) -> str:
    """The home of the user that a process runs as."""
    try:
        return pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_dir
    except (OSError, KeyError):  # gone already, or a user without a name
        return "/root"


def read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


class Processes:
    """The process table, less the observer itself."""

    def __init__(self) -> None:
        self.boot = boot_time()
        self.seen: dict[int, tuple[list[str], float]] = {}  # argv and start
        self.ended: set[int] = set()  # still in the table, waiting for their parent to take notice
        self.by_fd: dict[int, int] = {}
        self.strangers: set[int] = set()  # processes that are not the node's
        homes = [os.environ["HOME"]] if NODE else ["/root", *glob.glob("/home/*")]
        self.job_folders = {f"{home}/.ansible_async" for home in homes}
        self.poll = select.poll()
        self.ignored = {os.getpid()}

    def look(self) -> None:
        now = time.time()
        pids = {int(name) for name in os.listdir("/proc") if name.isdigit()} - self.ignored
        self.ended &= pids
        self.strangers &= pids
        for pid in pids - self.seen.keys() - self.ended - self.strangers:
            self.meet(pid, now)
        for pid in self.seen.keys() & pids:
            if now - self.seen[pid][1] < YOUNG:
                self.look_again(pid)
        for pid in self.seen.keys() - pids:
            self.lose(pid, now)

    def meet(self, pid: int, now: float) -> None:
        # The program's name stands in parentheses and may hold anything: split after the last one.
        fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
        if not fields:
            return
        start = self.boot + int(fields[19]) / TICKS
        if not self.is_own(pid):
            if now - start > YOUNG:  # a younger one may have its environment yet to come
                self.strangers.add(pid)
            return
        argv = self.argv(pid)
        self.seen[pid] = (argv, start)
        if len(argv) > 1 and argv[1].endswith("/async_wrapper.py"):
            self.note_job_folder(pid)
        self.watch(pid)
        say(k="process", pid=pid, ppid=self.parent(fields), start=start, argv=argv)

    @staticmethod
    def is_own(pid: int) -> bool:
        return not NODE or MARK in read(f"/proc/{pid}/environ").split(b"\0")

    def parent(self, fields: list[bytes]) -> int:
        pid = int(fields[1])
        return pid if pid in self.seen or self.is_own(pid) else INIT

    def note_job_folder(self, pid: int) -> None:
        """Job files are where ANSIBLE_ASYNC_DIR says, for the user that the job runs as."""
        environment = read(f"/proc/{pid}/environ") or f"HOME={home_of(pid)}".encode()  # another user's cannot be read
        entries = (entry.partition(b"=") for entry in environment.split(b"\0"))
        settings = {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, _, value in entries}
        folder = settings.get("ANSIBLE_ASYNC_DIR", "~/.ansible_async")
        self.job_folders.add(folder.replace("~", settings.get("HOME", "/root"), 1) if folder.startswith("~/") else folder)

    def watch(self, pid: int) -> None:
        """Be woken at the very moment it ends, where the kernel can do that."""
        try:
            fd = os.pidfd_open(pid)
        except (AttributeError, OSError):
            return
        self.by_fd[fd] = pid
        self.poll.register(fd, select.POLLIN)

    def look_again(self, pid: int) -> None:
        argv = self.argv(pid)
        if argv and argv != self.seen[pid][0]:
            self.seen[pid] = (argv, self.seen[pid][1])
            fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
            if fields:
                say(k="process", pid=pid, ppid=self.parent(fields), start=self.seen[pid][1], argv=argv)

    def lose(self, pid: int, at: float) -> None:
        if self.seen.pop(pid, None):
            say(k="exit", pid=pid, end=at)

    @staticmethod
    def argv(pid: int) -> list[str]:
        raw = read(f"/proc/{pid}/cmdline")
        return raw.rstrip(b"\0").decode("utf-8", "replace").split("\0") if raw else []

    def wait(self, stdin_fd: int) -> bool:
        """Sleep one period, less when a process ends; False when the listener is gone."""
        deadline = time.monotonic() + PERIOD
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return True
            for fd, _ in self.poll.poll(left * 1000):
                if fd == stdin_fd:
                    if not os.read(fd, 1024):
                        return False
                    continue
                self.poll.unregister(fd)
                os.close(fd)
                pid = self.by_fd.pop(fd)
                self.lose(pid, time.time())
                self.ended.add(pid)


class JobFiles:
    """The files that async jobs write: made aside and renamed, so each content seen is whole."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[int, int]] = {}  # path -> mtime in ns, inode

    def look(self, folders: set[str]) -> None:
        present: set[str] = set()
        for folder in folders:
            self.look_in(folder, present)
        for path in self.seen.keys() - present:
            del self.seen[path]
            say(k="gone", jid=os.path.basename(path), at=time.time())

    def look_in(self, folder: str, present: set[str]) -> None:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        for entry in entries:
            if entry.name.endswith(".tmp"):
                continue
            try:
                stat = entry.stat()
            except OSError:
                continue
            present.add(entry.path)
            version = (stat.st_mtime_ns, stat.st_ino)
            if self.seen.get(entry.path) != version:
                self.seen[entry.path] = version
                self.tell(entry, stat)

    @staticmethod
    def tell(entry: os.DirEntry[str], stat: os.stat_result) -> None:
        try:
            content = json.loads(read(entry.path))
        except ValueError:
            content = {}
        result = {key: content[key] for key in KEPT if key in content} if isinstance(content, dict) else {}
        if isinstance(result.get("msg"), str):
            result["msg"] = result["msg"][:500]
        say(k="job", jid=entry.name, mtime=stat.st_mtime_ns / 1e9, result=result)


def main() -> None:
    processes, files = Processes(), JobFiles()
    processes.poll.register(0, select.POLLIN)
    next_beat = 0.0
    while True:
        processes.look()
        files.look(processes.job_folders)
        if time.monotonic() >= next_beat:
            next_beat = time.monotonic() + 1.0
            say(k="beat", at=time.time())
        if not processes.wait(0):
            processes.look()
            files.look(processes.job_folders)
            return


main()

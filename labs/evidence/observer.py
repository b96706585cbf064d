"""What one node does, told as it happens: run *on the node* by its own python3, outside SSH.

Standard library only, one file, given to ``python3 -c``. It writes JSON lines on standard output and ends when standard
input closes, so that nothing of it outlives the one who listens; each byte that comes in asks for a look at once. Times are epoch seconds.

An argument names where the node's files are, for a witness: a container that shares the node's processes alone, so that nothing that runs on
the node can read or steer what runs there. The node is then nobody's to trust, and what only a forger does is told as well.

    {"k": "process", "pid": 7, "ppid": 1, "start": 1.5, "argv": ["/bin/sleep", "8"]}   seen, or seen under a new argv (exec)
    {"k": "exit", "pid": 7, "end": 9.5}
    {"k": "job", "jid": "j1.7", "mtime": 9.5, "result": {"finished": 1, "rc": 0}}      an async job file, at each change
    {"k": "gone", "jid": "j1.7", "at": 10.0}                                           its file was removed
    {"k": "beat", "at": 10.0, "asked": 0}       once a second, and after a look that was asked for: how many have been, and all is told
    {"k": "spoilt", "at": 10.0, "by": "stopped"}                                       somebody is at the evidence itself
"""

from __future__ import annotations

import glob
import json
import os
import pwd
import select
import signal
import stat as kinds
import sys
import time
from collections.abc import Iterator
from typing import Any

# A node of the embedded lab shares its machine's process table: its own processes carry its folder in their environment
# (labs/engines/embedded_node.py). As on any other node, what its own did not start is told as init's.
NODE = os.environ.get("CONTREPOINT_NODE", "")
MARK = os.fsencode(f"CONTREPOINT_NODE={NODE}")
INIT = 1

PERIOD = 0.04  # seconds between two looks
YOUNG = 1.0  # seconds during which a process may still be about to exec its program
KEPT = ("started", "finished", "failed", "changed", "rc", "msg", "child_pid", "skipped")  # of a job file; outputs can be huge
MOST_ARGV = 16384  # bytes of a command line
MOST_JOB_FILE = 8 * 1024 * 1024  # bytes
MOST_DISK = 1024**3  # bytes that an answer may leave on a node
FORGED = 2.0  # seconds between what a job file says of its age and what the kernel says of it, that no slow machine explains
ORPHAN = 2.0  # seconds that a job file may be there before its wrapper was seen
ROOT = sys.argv[1] if len(sys.argv) > 1 else ""
TICKS = os.sysconf("SC_CLK_TCK")


def say(**fields: Any) -> None:
    """A line for the listener, who gets those of one look together: each journey wakes three processes on its way."""
    sys.stdout.write(json.dumps(fields) + "\n")


def boot_time() -> float:
    """Epoch of the kernel's boot, finer than the whole seconds of /proc/stat."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def home_of(pid: int) -> str:
    """The home of the user that a process runs as."""
    try:
        return pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_dir
    except (OSError, KeyError):  # gone already, or a user without a name
        return "/root"


def read(path: str, most: int = MOST_ARGV) -> bytes:
    """The start of a file; nothing of a pipe, where one would wait for ever."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read(most) if kinds.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    except OSError:
        return b""


def spoilt(by: str) -> None:
    say(k="spoilt", at=time.time(), by=by)


class Processes:
    """The process table, less the observer itself."""

    def __init__(self) -> None:
        self.boot = boot_time()
        self.seen: dict[int, tuple[list[str], float]] = {}  # argv and start
        self.ended: set[int] = set()  # still in the table, waiting for their parent to take notice
        self.by_fd: dict[int, int] = {}
        self.strangers: set[int] = set()  # processes that are not the node's
        homes = [os.environ["HOME"]] if NODE else [f"{ROOT}/root", *glob.glob(f"{ROOT}/home/*")]
        self.job_folders = {f"{home}/.ansible_async" for home in homes}
        self.wrapped: set[str] = set()  # the first part of the jid of each job whose wrapper was seen
        self.poll = select.poll()
        self.asked = 0  # looks
        self.ignored = {os.getpid()}
        self.own_files = mount_space("self") if ROOT else ""

    def look(self) -> None:
        now = time.time()
        present = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        self.ignored &= present
        pids = present - self.ignored
        self.ended &= pids
        self.strangers &= pids
        for pid in pids - self.seen.keys() - self.ended - self.strangers:
            if ROOT and mount_space(pid) == self.own_files:  # beside the node, not of it
                self.ignored.add(pid)
            else:
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
        self.note_job(pid, argv)
        self.watch(pid)
        say(k="process", pid=pid, ppid=self.parent(fields), start=start, argv=argv)

    @staticmethod
    def is_own(pid: int) -> bool:
        return not NODE or MARK in read(f"/proc/{pid}/environ", MOST_JOB_FILE).split(b"\0")

    def parent(self, fields: list[bytes]) -> int:
        pid = int(fields[1])
        return pid if pid in self.seen or self.is_own(pid) else INIT

    def note_job(self, pid: int, argv: list[str]) -> None:
        if len(argv) > 2 and argv[1].endswith("/async_wrapper.py"):
            self.wrapped.add(argv[2])
            self.note_job_folder(pid)

    def note_job_folder(self, pid: int) -> None:
        """Job files are where ANSIBLE_ASYNC_DIR says, for the user that the job runs as."""
        environment = read(f"/proc/{pid}/environ", MOST_JOB_FILE) or f"HOME={home_of(pid)}".encode()  # another user's cannot be read
        entries = (entry.partition(b"=") for entry in environment.split(b"\0"))
        settings = {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, _, value in entries}
        folder = settings.get("ANSIBLE_ASYNC_DIR", "~/.ansible_async")
        place = folder.replace("~", settings.get("HOME", "/root"), 1) if folder.startswith("~/") else folder
        self.job_folders.add(f"{ROOT}{place}")

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
            self.note_job(pid, argv)
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
        """Sleep one period, less when a look is asked for; tell who ends meanwhile. False when the listener is gone."""
        deadline = time.monotonic() + PERIOD
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return True
            for fd, _ in self.poll.poll(left * 1000):
                if fd == stdin_fd:
                    asked = len(os.read(fd, 1024))
                    self.asked += asked
                    return asked > 0
                self.poll.unregister(fd)
                os.close(fd)
                pid = self.by_fd.pop(fd)
                self.lose(pid, time.time())
                self.ended.add(pid)
            sys.stdout.flush()


class JobFiles:
    """The files that async jobs write: made aside and renamed, so each content seen is whole."""

    def __init__(self) -> None:
        self.seen: dict[str, tuple[int, int]] = {}  # path -> mtime in ns, inode
        self.finished: set[str] = set()
        self.doubtful: dict[str, float] = {}  # jid of a file whose wrapper was not seen -> since when
        self.of_before = True  # whether what is found was there before the first look

    def look(self, folders: set[str], wrapped: set[str]) -> None:
        present: set[str] = set()
        for folder in folders:
            self.look_in(folder, present)
        for path in self.seen.keys() - present:
            del self.seen[path]
            say(k="gone", jid=os.path.basename(path), at=time.time())
        self.of_before = False
        if ROOT:
            self.doubt(wrapped)

    def doubt(self, wrapped: set[str]) -> None:
        """A job file is written by the wrapper of its job, whom nobody can have missed."""
        now = time.time()
        for jid, since in list(self.doubtful.items()):
            if jid.partition(".")[0] in wrapped:
                del self.doubtful[jid]
            elif now - since > ORPHAN:
                del self.doubtful[jid]
                spoilt("job-file")

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

    def tell(self, entry: os.DirEntry[str], stat: os.stat_result) -> None:
        try:
            content = json.loads(read(entry.path, MOST_JOB_FILE))
        except ValueError:
            content = {}
        if ROOT and not self.of_before:
            self.suspect(entry, stat, content)
        result = {key: content[key] for key in KEPT if key in content} if isinstance(content, dict) else {}
        if isinstance(result.get("msg"), str):
            result["msg"] = result["msg"][:500]
        say(k="job", jid=entry.name, mtime=stat.st_mtime_ns / 1e9, result=result)

    def suspect(self, entry: os.DirEntry[str], stat: os.stat_result, content: Any) -> None:
        """A job's end is its file's age, which anyone can set; when the file was last touched, the kernel alone says."""
        again = entry.path in self.finished and not is_watchdogs(content)
        if again or abs(stat.st_ctime - stat.st_mtime) > FORGED or not isinstance(content, dict):
            spoilt("job-file")
        elif "started" not in content or content.get("finished"):
            self.finished.add(entry.path)
        self.doubtful.setdefault(entry.name, time.time())


def is_watchdogs(content: Any) -> bool:
    """What a job's watchdog writes a second after it has killed it, even over the result of one that had just ended by itself."""
    return isinstance(content, dict) and "Timeout exceeded" in str(content.get("msg", "")) and "child_pid" in content


class Disk:
    """What the answer leaves on the node's disk, which is the host's."""

    def __init__(self) -> None:
        self.free = self.room()
        self.born = time.time()

    @staticmethod
    def room() -> int:
        known = os.statvfs(f"{ROOT}/")
        return known.f_bavail * known.f_frsize

    def look(self) -> None:
        """Somebody may be filling the disk: when it is this node, say so."""
        room = self.room()
        self.free = max(self.free, room)  # what another node lets go of
        filling = self.free - room > MOST_DISK // 4
        if filling:
            self.free = room
        # Another node may have let go of as much meanwhile; files without a name would be gone at the last look.
        self.weigh(named=filling)

    def weigh(self, *, named: bool) -> None:
        """The true measure; files that have a name need a walk through them all, so not at every look."""
        if self.left(named=named) > MOST_DISK:
            spoilt("disk")

    def left(self, *, named: bool) -> int:
        """Bytes of the node's files that have been touched since the observer looks on: those that are open and, if asked for, ``named``."""
        found = {}
        for path in (*(files_below(f"{ROOT}/") if named else ()), *open_files()):
            try:
                known = os.stat(path, follow_symlinks=not path.startswith(f"{ROOT}/"))
            except OSError:
                continue
            if kinds.S_ISREG(known.st_mode) and known.st_ctime >= self.born:
                found[known.st_dev, known.st_ino] = known.st_blocks * 512
        return sum(found.values())


def files_below(root: str) -> Iterator[str]:
    """All files of the file system that ``root`` is on; ``ismount`` would follow the link that /proc/1/root is."""
    own = device(root)
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if device(os.path.join(folder, name)) == own]
        yield from (os.path.join(folder, name) for name in names)


def device(path: str) -> int:
    try:
        return os.lstat(path).st_dev
    except OSError:
        return -1


def open_files() -> Iterator[str]:
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            yield from (f"/proc/{pid}/fd/{number}" for number in os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            continue


def mount_space(pid: int | str) -> str:
    """Whose files a process sees; empty when it is gone."""
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt")
    except OSError:
        return ""


def main() -> None:
    processes, files = Processes(), JobFiles()
    disk = Disk() if ROOT else None
    if ROOT:
        signal.signal(signal.SIGCONT, lambda *_: spoilt("stopped"))  # it goes on: so it had been stopped
    processes.poll.register(0, select.POLLIN)
    next_beat, answered = 0.0, 0
    while True:
        processes.look()
        files.look(processes.job_folders, processes.wrapped)
        if time.monotonic() >= next_beat or processes.asked > answered:
            next_beat, answered = time.monotonic() + 1.0, processes.asked
            say(k="beat", at=time.time(), asked=answered)
            if disk:
                disk.look()
        sys.stdout.flush()
        if not processes.wait(0):
            processes.look()
            files.look(processes.job_folders, processes.wrapped)
            if disk:
                disk.weigh(named=True)
            sys.stdout.flush()
            return


main()

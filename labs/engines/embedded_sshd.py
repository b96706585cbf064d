"""The SSH server of one node of the embedded lab: one process, on the loopback, without any privilege.

``python -m labs.engines.embedded_sshd FOLDER`` prints its port once connections are taken, and goes on in the background. A session does
what it would on a real node: a program in a terminal is hung up when its connection drops, what has left its session lives on.
SIGUSR1 closes all connections.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import asyncssh

from labs.engines.embedded_node import NodeFolder

SHELL = "/bin/sh"
BACKLOG = 128
KILLED = 128  # what a shell adds to a signal's number


def main() -> None:
    folder = NodeFolder(Path(sys.argv[1]))
    listener = _listen(folder.port)
    if child := os.fork():
        folder.pid.write_text(f"{child}\n")
        print(listener.getsockname()[1], flush=True)
        os._exit(0)
    os.setsid()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)  # a course started by nohup ignores them, and so would all that its nodes run
    _leave_streams(folder.log)
    asyncio.run(Server(folder, listener).run())


def _listen(kept: Path) -> socket.socket:
    """A socket at the port that the node had, or at a free one when it has none yet."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int(kept.read_text()) if kept.exists() else 0))
    listener.listen(BACKLOG)
    kept.write_text(f"{listener.getsockname()[1]}\n")
    return listener


def _leave_streams(log: Path) -> None:
    """Nothing of the caller's terminal or pipes is kept open."""
    null, out = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream, target in enumerate((null, out, out)):
        os.dup2(target, stream)


class Server:
    """Lets the lab's key in, and runs what is asked for in the node's home."""

    def __init__(self, folder: NodeFolder, listener: socket.socket) -> None:
        self._folder = folder
        self._listener = listener
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._children: dict[subprocess.Popen[bytes], asyncio.Future[int]] = {}

    async def run(self) -> None:
        self._folder.refused.unlink(missing_ok=True)  # a fault does not outlast a restart
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self._cut)
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        acceptor = await asyncssh.listen(
            sock=self._listener,
            server_factory=lambda: _Door(self._folder, self._connections),
            server_host_keys=[str(self._folder.host_key)],
            authorized_client_keys=str(self._folder.authorized_keys),
            process_factory=self._serve,
            sftp_factory=lambda channel: _Files(channel, os.fsencode(self._folder.home)),
            allow_scp=True,
            line_editor=False,
            encoding=None,
        )
        await acceptor.wait_closed()

    def _cut(self) -> None:
        for connection in tuple(self._connections):
            connection.abort()

    def _reap(self) -> None:
        for child, ended in tuple(self._children.items()):
            if child.poll() is not None:
                del self._children[child]
                ended.set_result(child.returncode)

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """One session, from its request to its exit code."""
        argv = [SHELL, "-c", process.command] if process.command is not None else [os.environ.get("SHELL", SHELL), "-l"]
        # Who has no TERM asks for a terminal all the same, whose type is then empty.
        child, streams = self._in_pipes(argv) if process.term_type is None else self._in_terminal(argv, process.term_type)
        ended = self._children[child] = asyncio.get_running_loop().create_future()
        self._reap()  # it may have ended already
        # From here on the streams are the connection's, and closed with it: so ends a terminal, and all that runs in it.
        await process.redirect(*streams)
        code = await ended
        with suppress(asyncssh.Error, OSError):
            await process.stdout.drain()
            process.exit(code if code >= 0 else KILLED - code)

    def _in_terminal(self, argv: list[str], term: str) -> tuple[subprocess.Popen[bytes], tuple[int, int]]:
        master, slave = os.openpty()
        child = subprocess.Popen(
            argv,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=self._folder.home,
            env=self._folder.environment() | {"TERM": term},
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - this process has one thread
        )
        os.close(slave)
        return child, (master, os.dup(master))

    def _in_pipes(self, argv: list[str]) -> tuple[subprocess.Popen[bytes], tuple[int, int, int]]:
        (out_in, into), (back, out), (errors, err) = os.pipe(), os.pipe(), os.pipe()
        child = subprocess.Popen(
            argv,
            stdin=out_in,
            stdout=out,
            stderr=err,
            cwd=self._folder.home,
            env=self._folder.environment(),
            start_new_session=True,
        )
        for end in (out_in, out, err):
            os.close(end)
        return child, (into, back, errors)


def _take_terminal() -> None:
    """In the new program's process: its standard input becomes the terminal of its session, so that a hang-up ends it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class _Door(asyncssh.SSHServer):
    """One connection, from the moment that it is taken."""

    def __init__(self, folder: NodeFolder, connections: set[asyncssh.SSHServerConnection]) -> None:
        self._folder = folder
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        if self._folder.refused.exists():
            conn.abort()
            return
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - what asyncssh calls
        if self._connection:
            self._connections.discard(self._connection)


class _Files(asyncssh.SFTPServer):
    """Files sent and fetched: the node's home is all there is. Its own full path, which a shell shows, leads there as well."""

    def map_path(self, path: bytes) -> bytes:
        home = self._chroot or b"/"
        return super().map_path(path.removeprefix(home) if path == home or path.startswith(home + b"/") else path)

    def reverse_map_path(self, path: bytes) -> bytes:
        return path


if __name__ == "__main__":
    main()

"""What a lab costs beside bare containers: ``labs up`` and ``podman run`` until SSH answers everywhere, ``labs reset`` and ``podman restart``.

Sides are run in turn (A B A B …), so that a machine whose speed drifts harms both alike; medians and ratios are printed. The bare
containers are of the same image, without network, fence, limits or inventory of their own, and started all at once.

    python benchmarks/lab.py [--rounds 5] [--nodes 3 10 50] [--engine podman]
    python benchmarks/lab.py --cycles 100      a lab killed at any moment so many times, and nothing left (tests/lab/test_cycles.py)
"""

from __future__ import annotations

import argparse
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from labs.engines import settings
from labs.engines.container import ContainerEngine
from labs.image import build
from labs.inventory import make_host_key
from labs.lab import Lab
from labs.paths import ROOT

RESET_NODES = 3
PATIENCE = 120.0


def main() -> None:
    options = _options()
    if options.cycles:
        environment = os.environ | {"CONTREPOINT_CYCLES": str(options.cycles)}
        command = [sys.executable, "-m", "pytest", "-q", "tests/lab/test_cycles.py"]
        sys.exit(subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, {options.rounds} rounds")
    for count in options.nodes:
        lab, bare = Lab(f"bench-{os.getpid()}"), Bare(count)
        _compare(
            f"up of {count}",
            options.rounds,
            (lambda lab=lab, count=count: lab.up(count, engine=options.engine), lab.down),
            (bare.up, bare.down),
        )
    lab, bare = Lab(f"bench-{os.getpid()}"), Bare(RESET_NODES)
    try:
        lab.up(RESET_NODES, engine=options.engine)
        bare.up()
        _compare(f"reset of {RESET_NODES}", options.rounds, (lab.reset, _nothing), (bare.restart, _nothing))
    finally:
        lab.down()
        bare.down()


Side = tuple[Callable[[], None], Callable[[], None]]  # what is measured, and what puts things back


def _compare(what: str, rounds: int, ours: Side, theirs: Side) -> None:
    seconds: tuple[list[float], list[float]] = [], []
    for _ in range(rounds):
        for (act, undo), taken in zip((ours, theirs), seconds, strict=True):
            began = time.perf_counter()
            try:
                act()
                taken.append(time.perf_counter() - began)
            finally:
                undo()
    lab, bare = map(statistics.median, seconds)
    print(f"{what}: lab {lab:.2f} s ({_spread(seconds[0])}), bare {bare:.2f} s ({_spread(seconds[1])}), ratio {lab / bare:.2f}", flush=True)


def _spread(seconds: Sequence[float]) -> str:
    return f"from {min(seconds):.2f} to {max(seconds):.2f}"


def _nothing() -> None: ...


class Bare:
    """As many containers of the nodes' image as asked for, by podman alone."""

    def __init__(self, count: int) -> None:
        self._engine: ContainerEngine = build.containers(settings.named("podman"))
        self._names = [f"bench-bare-{os.getpid()}-{number}" for number in range(count)]
        self._image = build.ensure(self._engine)
        with TemporaryDirectory() as folder:
            key = make_host_key(Path(folder))
        self._environment = [f"--env=HOST_KEY={key.private}", f"--env=AUTHORIZED_KEY={key.public}"]

    def up(self) -> None:
        self._all(
            lambda name: self._engine.run("run", "--detach", f"--name={name}", "--publish=127.0.0.1::22", *self._environment, self._image)
        )

    def restart(self) -> None:
        self._all(lambda name: self._engine.run("restart", "--time=0", name))

    def down(self) -> None:
        self._engine.remove(self._names)

    def _all(self, act: Callable[[str], object]) -> None:
        def act_and_wait(name: str) -> None:
            act(name)
            _await_ssh(int(self._engine.run("port", name, "22").text.rpartition(":")[2]))

        with ThreadPoolExecutor(len(self._names)) as pool:
            list(pool.map(act_and_wait, self._names))


def _await_ssh(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as link:
                if link.recv(4) == b"SSH-":
                    return
        except OSError:
            pass
        time.sleep(0.02)
    raise TimeoutError(port)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nodes", type=int, nargs="+", default=[3, 10, 50])
    parser.add_argument("--engine", default="podman", choices=settings.ENGINES)
    parser.add_argument("--cycles", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()

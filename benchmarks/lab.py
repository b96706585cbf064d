"""What a lab costs beside bare containers: ``labs up`` and ``podman run`` until SSH answers everywhere, ``labs reset`` and ``podman restart``.

Sides are run in turn (A B A B …), so that a machine whose speed drifts harms both alike; medians and ratios are printed. The bare
containers are of the same image, without network, fence, limits or inventory of their own, and started all at once. The peer is
``molecule create`` of as many podman instances of that image, where its command is told (an environment of its own, with
molecule, molecule-plugins and the collection containers.podman); it ends before its instances answer to SSH.

    python benchmarks/lab.py [--rounds 5] [--nodes 3 10 50] [--engine podman] [--molecule VENV/bin/molecule]
    python benchmarks/lab.py --cycles 100      a lab killed at any moment so many times, and nothing left (tests/lab/test_cycles.py)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
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

FEW_NODES = 3  # of a reset, and of molecule's scenario
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
        sides = {"lab": (lambda lab=lab, count=count: lab.up(count, engine=options.engine), lab.down), "bare": (bare.up, bare.down)}
        with TemporaryDirectory() as folder:
            if options.molecule and count == FEW_NODES:
                molecule = Molecule(options.molecule, bare, Path(folder))
                sides["molecule"] = molecule.create, molecule.destroy
            _compare(f"up of {count}", options.rounds, sides)
    lab, bare = Lab(f"bench-{os.getpid()}"), Bare(FEW_NODES)
    try:
        lab.up(FEW_NODES, engine=options.engine)
        bare.up()
        _compare(f"reset of {FEW_NODES}", options.rounds, {"lab": (lab.reset, _nothing), "bare": (bare.restart, _nothing)})
    finally:
        lab.down()
        bare.down()


Side = tuple[Callable[[], None], Callable[[], None]]  # what is measured, and what puts things back


def _compare(what: str, rounds: int, sides: Mapping[str, Side]) -> None:
    """Run the sides in turn; each one's median, and what it is of the bare one's."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (act, undo) in sides.items():
            began = time.perf_counter()
            try:
                act()
                seconds[name].append(time.perf_counter() - began)
            finally:
                undo()
    bare = statistics.median(seconds["bare"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{what}: {name} {median:.2f} s ({_spread(taken)}), {median / bare:.2f} of bare", flush=True)


def _spread(seconds: Sequence[float]) -> str:
    return f"from {min(seconds):.2f} to {max(seconds):.2f}"


def _nothing() -> None: ...


class Bare:
    """As many containers of the nodes' image as asked for, by podman alone."""

    def __init__(self, count: int) -> None:
        self.engine: ContainerEngine = build.containers(settings.named("podman"))
        self._names = [f"bench-bare-{os.getpid()}-{number}" for number in range(count)]
        self.image = build.ensure(self.engine)
        with TemporaryDirectory() as folder:
            key = make_host_key(Path(folder))
        self._environment = [f"--env=HOST_KEY={key.private}", f"--env=AUTHORIZED_KEY={key.public}"]

    def up(self) -> None:
        self._all(
            lambda name: self.engine.run("run", "--detach", f"--name={name}", "--publish=127.0.0.1::22", *self._environment, self.image)
        )

    def restart(self) -> None:
        self._all(lambda name: self.engine.run("restart", "--time=0", name))

    def down(self) -> None:
        self.engine.remove(self._names)

    def _all(self, act: Callable[[str], object]) -> None:
        def act_and_wait(name: str) -> None:
            act(name)
            _await_ssh(int(self.engine.run("port", name, "22").text.rpartition(":")[2]))

        with ThreadPoolExecutor(len(self._names)) as pool:
            list(pool.map(act_and_wait, self._names))


class Molecule:
    """A scenario of molecule's, in a folder of its own: a few podman instances of the nodes' image."""

    def __init__(self, command: Path, bare: Bare, folder: Path) -> None:
        self._command, self._folder = command.absolute(), folder
        own = {"PATH": f"{self._command.parent}:{os.environ['PATH']}", "HOME": str(folder)}
        self._environment = os.environ | bare.engine.environment | own
        platforms = [
            {"name": f"bench-molecule-{os.getpid()}-{number}", "image": bare.image, "pre_build_image": True, "rootless": os.geteuid() != 0}
            for number in range(FEW_NODES)
        ]
        scenario = folder / "molecule" / "default"
        scenario.mkdir(parents=True)
        told = {"driver": {"name": "podman"}, "platforms": platforms, "provisioner": {"name": "ansible"}}
        (scenario / "molecule.yml").write_text(json.dumps(told))
        (scenario / "converge.yml").write_text("[]")

    def create(self) -> None:
        self._run("create")

    def destroy(self) -> None:
        self._run("destroy")

    def _run(self, what: str) -> None:
        done = subprocess.run([self._command, what], check=False, cwd=self._folder, env=self._environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)


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
    parser.add_argument("--molecule", type=Path)
    parser.add_argument("--cycles", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()

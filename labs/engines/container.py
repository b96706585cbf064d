"""What podman and docker have in common: nearly the same command line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from labs.engines.base import Completed, NodeSpec, NodeState
from labs.errors import LabError

LAB_LABEL = "contrepoint.lab"
NODE_LABEL = "contrepoint.node"
KEY_LABEL = "contrepoint.key"

# What the engine prints when the trouble is not ours, and what the learner is told.
KNOWN_TROUBLES = (
    (
        "no space left on device",
        "Le disque est plein.",
        "Libérez de la place (quelques centaines de Mo suffisent), puis relancez la commande.",
    ),
    (
        "cannot connect to the docker daemon",
        "Le moteur Docker ne répond pas.",
        "Démarrez-le (« sudo systemctl start docker »), puis relancez.",
    ),
    (
        "permission denied while trying to connect",
        "Vous n'avez pas le droit de parler au moteur Docker.",
        "Ajoutez-vous au groupe docker, ou installez podman.",
    ),
    ("address already in use", "Un port demandé pour un nœud est déjà pris.", "Relancez « labs up » : un autre port sera choisi."),
)


class ContainerEngine:
    """A container engine driven by its command line. ``environment`` is added to the process's own for each call."""

    name = ""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = dict(environment or {})

    @property
    def found(self) -> bool:
        return shutil.which(self.name) is not None

    def version(self) -> str:
        return self.run("version", "--format", "{{.Client.Version}}").text

    # -- nodes

    def nodes(self, lab: str) -> list[NodeState]:
        names = self.run("ps", "-aq", "--no-trunc", "--filter", f"label={LAB_LABEL}={lab}").text.split()
        if not names:
            return []
        found = [self._state(raw) for raw in json.loads(self.run("inspect", "--type", "container", *names).stdout)]
        return sorted(found, key=lambda node: (len(node.hostname), node.hostname))

    @staticmethod
    def _state(raw: dict[str, Any]) -> NodeState:
        bindings = (raw["NetworkSettings"].get("Ports") or {}).get("22/tcp") or []
        running = raw["State"]["Status"] == "running"
        return NodeState(
            name=raw["Name"].removeprefix("/"),
            hostname=raw["Config"]["Labels"][NODE_LABEL],
            running=running,
            image=raw.get("ImageName") or raw["Config"]["Image"],
            key_mark=raw["Config"]["Labels"].get(KEY_LABEL, ""),
            port=int(bindings[0]["HostPort"]) if running and bindings else None,
        )

    def create(self, spec: NodeSpec) -> None:
        self.ensure_network(spec.network, spec.lab)
        self.run(
            "run",
            "--detach",
            f"--name={spec.name}",
            f"--hostname={spec.hostname}",
            f"--network={spec.network}",
            f"--network-alias={spec.hostname}",
            f"--label={LAB_LABEL}={spec.lab}",
            f"--label={NODE_LABEL}={spec.hostname}",
            f"--label={KEY_LABEL}={spec.key_mark}",
            "--publish=127.0.0.1::22",
            f"--env=AUTHORIZED_KEY={spec.authorized_key}",
            *self.run_options(),
            spec.image,
        )

    def run_options(self) -> Sequence[str]:
        """Options of ``run`` that this machine needs."""
        return ()

    def start(self, name: str) -> None:
        self.run("start", name)

    def remove(self, names: Sequence[str]) -> None:
        if names:
            # A name that is gone already is what was wanted.
            self.run("rm", "--force", "--volumes", *names, tolerate=("no such container",))

    def ensure_network(self, network: str, lab: str) -> None:
        self.run("network", "create", f"--label={LAB_LABEL}={lab}", network, tolerate=("already exists",))

    def remove_network(self, network: str) -> None:
        self.run("network", "rm", network, tolerate=("not found", "no such network"))

    def execute(self, name: str, argv: Sequence[str], data: bytes = b"") -> Completed:
        done = self._call("exec", "--interactive", name, *argv, data=data)
        self._raise_if_gone(name, done)
        return done

    @staticmethod
    def _raise_if_gone(name: str, done: Completed) -> None:
        trouble = done.stderr.decode(errors="replace").lower()
        if done.returncode and any(sign in trouble for sign in ("no such container", "not running", "container state improper")):
            raise LabError(
                f"Le nœud {name.rsplit('-', 1)[-1]} est arrêté ou n'existe plus.", "Lancez « labs up » : il sera remis en route."
            )

    def stream(self, name: str, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [self.name, "exec", "--interactive", name, *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=self._environment(),
            # A Ctrl-C meant for the learner's cell must not take the observer away.
            start_new_session=True,
        )

    # -- images

    def has_image(self, tag: str) -> bool:
        return self._call("image", "inspect", tag).returncode == 0

    def import_image(self, tar: Path, tag: str) -> None:
        self.run("import", str(tar), tag)

    def save_image(self, tag: str, file: Path) -> None:
        self.run("save", "--output", str(file), tag)

    def load_image(self, file: Path) -> None:
        self.run("load", "--input", str(file))

    def pull(self, reference: str, seconds: float) -> bool:
        """Whether a registry gave the image."""
        try:
            return self._call("pull", "--quiet", reference, seconds=seconds).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def build(self, context: Path, tag: str, arguments: Mapping[str, str]) -> None:
        flags = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        self.run("build", "--quiet", *flags, f"--tag={tag}", "--file", str(context / "Containerfile"), str(context))

    def complaint_of_trial(self, image: str, options: Sequence[str]) -> str:
        """Start a throw-away container, and build a throw-away image: the two do not take the same limits (seen with podman 5).

        The empty string when both work, else what the engine complained of.
        """
        started = self._call("run", "--rm", "--network=none", "--entrypoint=/bin/true", *options, image)
        if started.returncode:
            return _complaint(started)
        with tempfile.TemporaryDirectory(prefix="contrepoint-") as folder:
            Path(folder, "Containerfile").write_text(f"FROM {image}\nRUN /bin/true\n", encoding="utf-8")
            built = self._call("build", "--quiet", "--no-cache", "--file", f"{folder}/Containerfile", folder)
        if built.returncode:
            return _complaint(built)
        self._call("rmi", built.text.split()[-1])
        return ""

    # -- the command line

    def run(self, *arguments: str, tolerate: Sequence[str] = ()) -> Completed:
        """Run the engine and raise a LabError when it fails, unless it complains of what is tolerated."""
        done = self._call(*arguments)
        trouble = done.stderr.decode(errors="replace").lower()
        if done.returncode and not any(sign in trouble for sign in tolerate):
            raise self._error(done)
        return done

    def _call(self, *arguments: str, data: bytes = b"", seconds: float | None = None) -> Completed:
        try:
            done = subprocess.run(
                [self.name, *arguments], input=data, capture_output=True, check=False, env=self._environment(), timeout=seconds
            )
        except FileNotFoundError as error:
            raise LabError(
                f"Le programme « {self.name} » est introuvable.", "Lancez « labs doctor » pour savoir quoi installer."
            ) from error
        return Completed(done.returncode, done.stdout, done.stderr)

    def _environment(self) -> dict[str, str]:
        return os.environ | self.environment

    def _error(self, done: Completed) -> LabError:
        trouble = done.stderr.decode(errors="replace").strip()
        for sign, message, remedy in KNOWN_TROUBLES:
            if sign in trouble.lower():
                return LabError(message, remedy)
        last = trouble.splitlines()[-1] if trouble else f"code {done.returncode}"
        return LabError(f"Le moteur {self.name} a refusé : {last}", "Lancez « labs doctor » pour un diagnostic.")


def _complaint(done: Completed) -> str:
    return done.stderr.decode(errors="replace").strip() or f"code {done.returncode}"

"""What podman and docker have in common: nearly the same command line."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from labs.engines import fence, walls
from labs.engines.base import Completed, Engine, HostKey, Network, NodeSpec, NodeState, Owner
from labs.errors import LabError

LAB_LABEL = "contrepoint.lab"
USER_LABEL = "contrepoint.user"
FOLDER_LABEL = "contrepoint.folder"
NODE_LABEL = "contrepoint.node"
KEY_LABEL = "contrepoint.key"
HOST_KEY_LABEL = "contrepoint.host-key"
INTERNET_LABEL = "contrepoint.internet"
BESIDE_LABEL = "contrepoint.beside"  # what stands beside the nodes of a graded answer: its controller, and a witness a node

# What one node may take of the machine.
LIMITS = ("--memory=512m", "--pids-limit=512", "--cpus=1")
# What sshd, apt and the services of the course need, and no more.
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID", "SYS_CHROOT")
PORT_ATTEMPTS = 5
PORT_TAKEN = ("address already in use", "port is already allocated", "ports are not available")

_choosing = Lock()
_being_given: set[int] = set()  # ports of nodes that are being made: a lab's nodes are made side by side, by one process

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
    """A container engine driven by its command line.

    ``environment`` is added to the process's own for each call; ``limits`` are the options of ``run`` that bound a node, and ``ulimits`` those
    without which this machine starts nothing.
    """

    name = ""
    isolated = True
    ansible_variables: Mapping[str, str] = {"ansible_user": "root", "ansible_python_interpreter": "/usr/bin/python3"}
    capabilities: Sequence[str] = CAPABILITIES

    def __init__(self, environment: Mapping[str, str] | None = None, limits: Sequence[str] = LIMITS, ulimits: Sequence[str] = ()) -> None:
        self.environment = dict(environment or {})
        self.limits = limits
        self.ulimits = ulimits

    @property
    def found(self) -> bool:
        return shutil.which(self.name) is not None

    def version(self) -> str:
        return self.run("version", "--format", "{{.Client.Version}}").text

    def home(self, name: str) -> str:  # noqa: ARG002 - the same for all
        return "/root"

    # -- nodes

    def nodes(self, lab: str) -> list[NodeState]:
        return self._nodes(f"{LAB_LABEL}={lab}")

    def all_nodes(self) -> list[NodeState]:
        return self._nodes(f"{USER_LABEL}={os.getuid()}")

    def _nodes(self, label: str) -> list[NodeState]:
        names = self._labelled(label, NODE_LABEL)
        if not names:
            return []
        # One that goes away meanwhile is an error of inspect's, and no matter: the others are told.
        raw = json.loads(self.run("inspect", "--type", "container", *names, tolerate=("no such",)).stdout or "[]")
        found = [_state(container) for container in raw]
        return sorted(found, key=lambda node: (node.lab, len(node.hostname), node.hostname))

    def _labelled(self, *labels: str) -> list[str]:
        """The identifiers of the containers that carry all these labels, running or not."""
        return self.run("ps", "-aq", "--no-trunc", *(f"--filter=label={label}" for label in labels)).text.split()

    def create(self, spec: NodeSpec, host_key: HostKey) -> int:
        for _ in range(PORT_ATTEMPTS):
            with _own_port() as port:
                options = self._options(spec, host_key, port)
                # A node killed for its memory has its monitor leave a file where the monitor was started.
                done = self._call("run", *options, spec.image, environment={"HOST_KEY": host_key.private}, folder=spec.owner.folder)
            if done.returncode == 0:
                return port
            if not any(sign in _complaint(done).lower() for sign in PORT_TAKEN):
                break
            self.remove([spec.name])  # somebody took the port in between: another one
        raise self._error(done)

    def _options(self, spec: NodeSpec, host_key: HostKey, port: int) -> list[str]:
        return [
            "--detach",
            f"--name={spec.name}",
            f"--hostname={spec.hostname}",
            f"--network={spec.network.name}",
            *self.place(spec.address),
            *(f"--add-host={name}:{address}" for name, address in spec.neighbours.items()),
            # A node that may not go out has nobody to ask: a look-up fails at once instead of waiting.
            *(() if spec.internet else ("--dns=127.0.0.1",)),
            "--sysctl=net.ipv6.conf.all.disable_ipv6=1",  # the fence is one of IPv4
            f"--publish=127.0.0.1:{port}:22",
            *_labels(spec.owner),
            f"--label={NODE_LABEL}={spec.hostname}",
            f"--label={KEY_LABEL}={spec.key_mark}",
            f"--label={HOST_KEY_LABEL}={host_key.public}",
            f"--label={INTERNET_LABEL}={int(spec.internet)}",
            "--cap-drop=ALL",
            *(f"--cap-add={capability}" for capability in self.capabilities),
            "--security-opt=no-new-privileges",
            *self.limits,
            *((*walls.NODE, *self._own_ulimits()) if spec.walled else ()),
            "--stop-timeout=0",  # nothing in a node is worth waiting for, a frozen node least of all
            f"--env=AUTHORIZED_KEY={spec.authorized_key}",
            "--env=HOST_KEY",  # its value comes by the environment: a command line is everybody's to read
            *self.run_options(),
        ]

    def place(self, address: str) -> Sequence[str]:
        """Options of ``run`` that give a node its address. Its hardware address must follow: neighbours remember the pair."""
        return [f"--ip={address}"]

    def run_options(self) -> Sequence[str]:
        """Options of ``run`` that this machine needs."""
        return ()

    # -- beside the nodes

    def call_witness(self, name: str, node: str, owner: Owner, image: str) -> None:
        """Start a container that sees the processes and the files of a running node, and is out of its reach."""
        program = "import signal; signal.pause()"
        options = (*walls.WITNESS, f"--pid=container:{node}", f"--name={name}", "--detach", "--stop-timeout=0", "--entrypoint=python3")
        self.run("run", *options, *self._beside(owner), image, "-I", "-S", "-c", program)

    def controller_options(self, network: Network, owner: Owner) -> list[str]:
        """Options of ``run`` for the controller of an answer that nobody vouches for, on its lab's network."""
        walls.require(self.limits)
        place = (f"--network={network.name}", *self.place(network.address(0)), "--dns=127.0.0.1")  # there is nobody to ask
        return [*walls.CONTROLLER, *place, *self._beside(owner)]

    def lone_options(self) -> list[str]:
        """Options of ``run`` for a controller that speaks to nobody."""
        walls.require(self.limits)
        return [*walls.CONTROLLER, "--network=none", *self.bare_options(), *self._own_ulimits()]

    def _beside(self, owner: Owner) -> list[str]:
        return [*_labels(owner), f"--label={BESIDE_LABEL}=1", *self.bare_options(), *self._own_ulimits()]

    def _own_ulimits(self) -> list[str]:
        """Told on the command line, a limit replaces those of the configuration."""
        return [f"--ulimit={limit}" for limit in self.ulimits]

    def bare_options(self) -> Sequence[str]:
        """Options of ``run`` that keep out what this engine would add of its own to an environment or to a closed file system."""
        return ()

    def everything(self, lab: str) -> list[str]:
        """The identifiers of all containers of a lab: nodes, and what stands beside them."""
        return self._labelled(f"{LAB_LABEL}={lab}")

    def remove_beside(self, lab: str) -> None:
        """Remove what stands beside the nodes of a lab."""
        self.remove(self._labelled(f"{LAB_LABEL}={lab}", BESIDE_LABEL))

    def start(self, name: str) -> None:
        self.run("start", name)

    def start_later(self, name: str, seconds: float) -> None:
        subprocess.run(
            ["sh", "-c", '(sleep "$1"; shift; exec "$@") &', "sh", str(seconds), self.name, "start", name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment(),
            start_new_session=True,
            check=True,
        )

    def kill(self, name: str) -> None:
        self.run("kill", name)

    def remove(self, names: Sequence[str]) -> None:
        if names:
            # A name that is gone already is what was wanted.
            self.run("rm", "--force", "--volumes", *names, tolerate=("no such container",))

    def clear(self, lab: str) -> None:
        self.remove_beside(lab)  # first: an engine keeps what something else depends on
        self.remove(self.everything(lab))

    # -- networks

    def ensure_network(self, name: str, owner: Owner) -> Network:
        if (network := self._network(name)) is None:
            self._make_network(name, _labels(owner))
            network = self._network(name)
        if network is None:
            raise LabError(f"Le réseau {name} a disparu pendant sa création.", "Relancez « labs up ».")
        return network

    def _network(self, name: str) -> Network | None:
        done = self._call("network", "inspect", name)
        return self._read_network(json.loads(done.stdout)[0]) if done.returncode == 0 else None

    def _make_network(self, name: str, labels: Sequence[str]) -> None:
        raise NotImplementedError

    def _read_network(self, raw: dict[str, Any]) -> Network:
        raise NotImplementedError

    def networks(self) -> list[tuple[str, Owner]]:
        names = self.run("network", "ls", "--filter", f"label={USER_LABEL}={os.getuid()}", "--format", "{{.Name}}").text.split()
        if not names:
            return []
        found = json.loads(self.run("network", "inspect", *names, tolerate=("not found", "no such")).stdout or "[]")
        labels = [(raw.get("name") or raw["Name"], raw.get("labels") or raw["Labels"]) for raw in found]
        return [(name, Owner(label[LAB_LABEL], Path(label[FOLDER_LABEL]))) for name, label in labels]

    def fence(self, network: Network, image: str) -> None:
        done = self._filter(fence.rules(network), image)
        if done.returncode:
            raise LabError(
                f"Les nœuds n'ont pas pu être coupés du réseau : {_complaint(done).splitlines()[0]}",
                "Installez nftables, ou acceptez des nœuds qui voient votre réseau : « labs up --internet ».",
            )

    def remove_network(self, network: str, image: str) -> None:
        # In this order: interrupted, it leaves a network, which ``gc`` sees, and not rules for whoever has the subnet next.
        self.unfence(network, image)
        self.run("network", "rm", network, tolerate=("not found", "no such network"))

    def unfence(self, network: str, image: str) -> None:
        self._filter(fence.removal(network), image)  # where that cannot be done, no fence could be made either

    def _filter(self, rules: str, image: str) -> Completed:
        """Give rules to nftables where this engine has its bridges; here, by a container that may."""
        options = ("--rm", "--interactive", "--network=host", "--cap-drop=ALL", "--cap-add=NET_ADMIN", "--entrypoint=nft")
        return self._call("run", *options, *self.run_options(), image, "-f", "-", data=rules.encode())

    # -- inside a node

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

    def complaint_of_trial(self, image: str) -> str:
        """Start a throw-away container, and build a throw-away image: the two do not take the same limits (seen with podman 5).

        The container is bounded as a walled node is: told any limit at all, podman asks for its own default of the others, where it would have
        left the machine's. The empty string when both work, else what the engine complained of.
        """
        options = ["--network=none", "--entrypoint=/bin/true", *self.limits, *walls.NODE, *self._own_ulimits()]
        if trouble := self.complaint_of_run(image, options):
            return trouble
        with tempfile.TemporaryDirectory(prefix="contrepoint-") as folder:
            Path(folder, "Containerfile").write_text(f"FROM {image}\nRUN /bin/true\n", encoding="utf-8")
            built = self._call("build", "--quiet", "--no-cache", "--file", f"{folder}/Containerfile", folder)
        if built.returncode:
            return _complaint(built)
        self._call("rmi", built.text.split()[-1])
        return ""

    def complaint_of_run(self, image: str, options: Sequence[str], command: Sequence[str] = ()) -> str:
        """Run a command to its end in a throw-away container: what was complained of when it went wrong, else the empty string."""
        done = self._call("run", "--rm", *options, image, *command)
        return _complaint(done) if done.returncode else ""

    # -- the command line

    def run(self, *arguments: str, tolerate: Sequence[str] = ()) -> Completed:
        """Run the engine and raise a LabError when it fails, unless it complains of what is tolerated."""
        done = self._call(*arguments)
        trouble = done.stderr.decode(errors="replace").lower()
        if done.returncode and not any(sign in trouble for sign in tolerate):
            raise self._error(done)
        return done

    def _call(
        self,
        *arguments: str,
        data: bytes = b"",
        seconds: float | None = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Completed:
        everything, command = self._environment() | dict(environment or {}), [self.name, *arguments]
        try:
            done = subprocess.run(command, input=data, capture_output=True, check=False, env=everything, timeout=seconds, cwd=folder)
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


def _labels(owner: Owner) -> list[str]:
    return [f"--label={LAB_LABEL}={owner.lab}", f"--label={USER_LABEL}={os.getuid()}", f"--label={FOLDER_LABEL}={owner.folder}"]


def _state(raw: dict[str, Any]) -> NodeState:
    labels = raw["Config"]["Labels"]
    bindings = (raw["NetworkSettings"].get("Ports") or {}).get("22/tcp") or []
    running = raw["State"]["Status"] == "running"
    return NodeState(
        name=raw["Name"].removeprefix("/"),
        hostname=labels[NODE_LABEL],
        lab=labels[LAB_LABEL],
        folder=Path(labels[FOLDER_LABEL]) if FOLDER_LABEL in labels else None,
        running=running,
        since=datetime.fromisoformat(raw["Created"][:19]).replace(tzinfo=UTC),
        image=raw.get("ImageName") or raw["Config"]["Image"],
        key_mark=labels.get(KEY_LABEL, ""),
        host_key=labels.get(HOST_KEY_LABEL, ""),
        internet=labels.get(INTERNET_LABEL) == "1",
        port=int(bindings[0]["HostPort"]) if running and bindings else None,
    )


@contextmanager
def _own_port() -> Iterator[int]:
    """A free port that no other node is given meanwhile.

    Refused a port that a node of the same network has just taken, podman undoes all that it did for it, and with it the way to that node.
    """
    with _choosing:
        while (port := _free_port()) in _being_given:
            pass
        _being_given.add(port)
    try:
        yield port
    finally:
        _being_given.discard(port)


def _free_port() -> int:
    """A port of the loopback that nobody has; the engine is told which, so that a node keeps it whenever it starts again."""
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        return int(link.getsockname()[1])


def _complaint(done: Completed) -> str:
    return done.stderr.decode(errors="replace").strip() or f"code {done.returncode}"


def containers(engine: Engine, refusal: LabError) -> ContainerEngine:
    """The engine, for what only containers do; raises ``refusal`` where nodes are none."""
    if not isinstance(engine, ContainerEngine):
        raise refusal
    return engine

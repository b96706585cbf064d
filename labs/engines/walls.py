"""What an answer that nobody vouches for runs behind: options of ``run`` that podman and docker share.

Three kinds of containers: the nodes, where the answer is root; the controller, which runs its playbook; and beside each node a witness, which the
answer can neither read nor steer, from which the node is observed.
"""

from __future__ import annotations

from collections.abc import Sequence

from labs.errors import LabError

# A user of the controller's image, and of no machine: what belongs to anybody on the host is not this one's.
CONTROLLER_USER = 61616
MOST_NODE_FILE = 256 * 1024**2  # bytes of one file on a node
MOST_CONTROLLER_FILE = 32 * 1024**2

_CLOSED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--ulimit=core=0")

NODE = (f"--ulimit=fsize={MOST_NODE_FILE}:{MOST_NODE_FILE}", "--ulimit=core=0")

# Nothing that it may write is on a disk: its one scratch folder is in memory, and counted with it.
CONTROLLER = (
    *_CLOSED,
    f"--user={CONTROLLER_USER}:{CONTROLLER_USER}",
    "--memory=512m",
    "--pids-limit=128",
    "--cpus=1",
    # Named, for what a read-only container has there depends on the engine's version, and Ansible's workers share memory there.
    "--tmpfs=/dev/shm:rw,nosuid,nodev,noexec,size=8m,mode=1777",
    f"--ulimit=fsize={MOST_CONTROLLER_FILE}:{MOST_CONTROLLER_FILE}",
    "--tmpfs=/tmp:rw,nosuid,nodev,size=64m,mode=1777",
    "--env=HOME=/tmp",  # said here, and to the container alone: an ordinary user's engine has its images in their own home
    "--sysctl=net.ipv6.conf.all.disable_ipv6=1",  # the fence is one of IPv4
    "--hostname=controleur",
)

# It shares the node's processes and nothing else. Its capabilities let it look at them, and end them; a node's root lacks the first, and so can
# neither trace the witness nor reach its memory or its pipes.
WITNESS = (
    *_CLOSED,
    "--cap-add=SYS_PTRACE",
    "--cap-add=DAC_READ_SEARCH",
    "--cap-add=KILL",
    "--network=none",
    "--memory=128m",
    "--pids-limit=32",
    "--cpus=1",
)


def require(limits: Sequence[str]) -> None:
    """LabError unless this machine can bound what a container takes (``limits``: the engine's)."""
    if not limits:
        raise LabError(
            "Les murs ne tiennent pas sur cette machine : le moteur de conteneurs ne sait y borner ni la mémoire ni les processus.",
            "Corrigez sur une autre machine ; pour une réponse à laquelle vous faites confiance, ajoutez « --confiance ».",
        )


def need_containers() -> LabError:
    """What is told where nodes are no containers."""
    return LabError(
        "Le labo embarqué n'a pas de murs : ses nœuds partagent les fichiers de cette machine.",
        "Installez podman (« sudo apt-get install podman »), puis relancez « ./start » ; pour une réponse à laquelle vous faites "
        "confiance, ajoutez « --confiance ».",
    )

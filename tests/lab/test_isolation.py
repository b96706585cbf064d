"""What a node can reach, tried from inside: its lab, and nothing else."""

from __future__ import annotations

import json
import os
import socket
import threading

import pytest

from labs.image import build
from labs.lab import Lab

pytestmark = pytest.mark.lab

TRY = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close()
    print("reached")
except OSError as error:
    print(type(error).__name__)
"""


def reaches(lab, address, port):
    return lab.execute("node1", ["python3", "-c", TRY, str(address), str(port)]).text == "reached"


@pytest.fixture
def service():
    """A service of the host on all its addresses; gives its port."""
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 -- the test is about who may reach it
        threading.Thread(target=_greet, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _greet(server):
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


@pytest.fixture(scope="module")
def neighbour():
    """Another lab of the same machine."""
    lab = Lab(f"voisin-{os.getpid()}")
    with lab.owned():
        lab.up(1)
        yield lab
        lab.down()


def network(lab):
    return lab.engine.ensure_network(lab._network, lab._holder)


def outside_addresses(lab):
    """All by which a node could try to reach its host."""
    own = {network(lab).gateway, "host.containers.internal", "host.docker.internal"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            own.add(probe.getsockname()[0])
        except OSError:
            pass  # a machine without any network
    return own


def test_nodes_reach_each_other_by_name(lab):
    assert reaches(lab, "node2", 22)
    assert reaches(lab, network(lab).address(3), 22)


def test_no_service_of_the_host_is_reached(lab, service):
    assert not any(reaches(lab, address, service) for address in outside_addresses(lab))


def test_a_host_without_fence_would_be_reached(neighbour, service):
    """The other way: what keeps them apart is the fence, and ``up`` puts it up again."""
    where = network(neighbour)
    neighbour.engine.unfence(where.name, build.tag())
    assert reaches(neighbour, where.gateway, service)
    neighbour.up()
    assert not reaches(neighbour, where.gateway, service)


def test_no_node_of_another_lab_is_reached(lab, neighbour):
    assert not reaches(lab, network(neighbour).address(1), 22)
    port = neighbour.status()[0].port
    assert not any(reaches(lab, address, port) for address in outside_addresses(lab))


@pytest.mark.parametrize(("address", "port"), [("169.254.169.254", 80), ("1.1.1.1", 443), ("9.9.9.9", 53)])
def test_neither_metadata_nor_internet(lab, address, port):
    assert not reaches(lab, address, port)


def test_no_name_of_the_outside_is_known(lab):
    looked = "import socket\ntry: print(socket.getaddrinfo('deb.debian.org', 80))\nexcept OSError: print('unknown')"
    assert lab.execute("node1", ["python3", "-c", looked]).text == "unknown"


def test_no_ipv6(lab):
    assert lab.read("node1", "/proc/net/if_inet6") in (None, b"")


def test_capabilities_are_few_and_cannot_come_back(lab):
    status = dict(line.split(":\t", 1) for line in lab.read("node1", "/proc/1/status").decode().splitlines())
    bounding = int(status["CapBnd"], 16)
    for dangerous in (12, 13, 16, 17, 19, 21, 27):  # NET_ADMIN, NET_RAW, SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, MKNOD
        assert not bounding >> dangerous & 1
    assert status["NoNewPrivs"] == "1"
    assert lab.execute("node1", ["nft", "flush", "ruleset"]).returncode != 0


def test_no_engine_socket_and_no_folder_of_the_host(lab):
    raw = json.loads(lab.engine.run("inspect", lab._container("node1")).stdout)[0]
    assert [mount for mount in raw["Mounts"] if mount["Type"] == "bind"] == []
    found = lab.execute("node1", ["find", "/run", "/var/run/", "-name", "*.sock"]).text
    assert found == ""


def test_a_node_takes_a_share_of_the_machine(lab):
    if not lab.engine.limits:
        pytest.skip("ce moteur ne sait pas borner les nœuds sur cette machine (labs doctor)")
    bounds = json.loads(lab.engine.run("inspect", lab._container("node1")).stdout)[0]["HostConfig"]
    assert bounds["Memory"] == 512 * 1024**2
    assert bounds["PidsLimit"] == 512
    cpus = bounds.get("NanoCpus") or bounds["CpuQuota"] * 1e9 / bounds["CpuPeriod"]
    assert cpus == pytest.approx(1e9)


def test_a_fork_bomb_stays_in_its_node(lab):
    if not lab.engine.limits:
        pytest.skip("ce moteur ne sait pas borner les nœuds sur cette machine (labs doctor)")
    bomb = "import os, time\nn = 0\ntry:\n while n < 600:\n  if not os.fork(): time.sleep(20)\n  n += 1\nexcept OSError: print('stopped')\nos.killpg(0, 9)"
    done = lab.execute(
        "node1", ["setsid", "--wait", "python3", "-c", bomb.replace("os.killpg", "import sys; sys.stdout.flush(); os.killpg")]
    )
    assert done.text == "stopped"
    lab.reset()


def test_internet_is_given_when_asked_for(neighbour, service):
    neighbour.up(internet=True)
    assert reaches(neighbour, network(neighbour).gateway, service)
    neighbour.up()  # as last time
    assert reaches(neighbour, network(neighbour).gateway, service)
    neighbour.up(internet=False)
    assert not reaches(neighbour, network(neighbour).gateway, service)

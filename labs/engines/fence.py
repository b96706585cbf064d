"""What keeps the nodes of a lab to themselves: a firewall table of its own for each lab, in nftables.

An engine's own internal network would not do: the one forwards no published port, the other leaves the host's services within reach.
A packet from a node passes when it answers a call (SSH from the host) or goes to another node; all else is refused, at once.
"""

from __future__ import annotations

from labs.engines.base import Network


def rules(network: Network) -> str:
    """What ``nft -f -`` reads; done twice, it changes nothing. Before routing, so no other table decides first."""
    table = _table(network.name)
    return f"""\
add table ip {table}
delete table ip {table}
table ip {table} {{
  chain from_nodes {{
    type filter hook prerouting priority mangle;
    ip saddr != {network.subnet} accept
    ct state established,related accept
    ip daddr {{ {network.gateway}, {network.subnet.broadcast_address} }} reject
    ip daddr {network.subnet} accept
    reject
  }}
}}
"""


def removal(name: str) -> str:
    """What ``nft -f -`` reads to take the fence of a network down; no error when there is none."""
    return f"add table ip {_table(name)}\ndelete table ip {_table(name)}\n"


def _table(network: str) -> str:
    return network.replace("-", "_")

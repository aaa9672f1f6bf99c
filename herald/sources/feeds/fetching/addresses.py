"""Which addresses a feed may come from: public ones, unless the network opts in."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

AddressInfo = tuple[Any, ...]
"""What ``getaddrinfo`` gives: family, type, protocol, canonical name, socket address."""

MARK = "is a private or special address"
"""Stands in every refusal, so that it is recognised in a joined error of several addresses."""

_TRANSLATED = tuple(
    IPv6Network(network)
    for network in ("fec0::/10", "2002::/16", "64:ff9b::/96", "64:ff9b:1::/48", "::/96")
)
"""Site-local, and ways of writing an IPv4 address inside an IPv6 one, which ``is_global`` passes
on Python 3.11."""


class RefusedAddress(OSError):
    """A feed led to an address inside a network: allow it only if the feed is really there."""


def is_public(address: str) -> bool:
    """Tell whether *address*, an IP literal, belongs to the public internet."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_multicast or not found.is_global:
        return False
    return isinstance(found, IPv4Address) or not any(found in network for network in _TRANSLATED)


def guarded(allows: Callable[[str], bool]) -> Callable[[AddressInfo], socket.socket]:
    """Return a maker of sockets that raises RefusedAddress where *allows* says no to an address.

    aiohttp asks a socket factory for every connection, whether its address came from a name, a
    literal or a redirect; a custom resolver is not asked about literals.
    """

    def make(info: AddressInfo) -> socket.socket:
        address = str(info[4][0])
        if not allows(address):
            raise RefusedAddress(errno.EACCES, f"{address} {MARK}")
        return any_socket(info)

    return make


def any_socket(info: AddressInfo) -> socket.socket:
    """Make a socket for *info*, wherever it leads."""
    return socket.socket(family=info[0], type=info[1], proto=info[2])

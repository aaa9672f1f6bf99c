"""From which machine mails reach their receivers, and whether that machine has a name."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address

from herald.mailing.dns.lookup import Kind, Names, values_of
from herald.mailing.dns.said import advice, problem, well
from herald.mailing.dns.spf import Ip, addresses_in
from herald.model.account import Finding

_NOWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses that nobody has (RFC 5737, RFC 3849); nothing is sent to them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where mails come from, as far as it can be known from here."""

    host: str
    """``smtp.host``."""
    is_here: bool
    """Whether the mail server runs on this machine."""
    addresses: tuple[Ip, ...] = ()
    """Its public addresses; none where it stands behind a router that lends it its own."""
    is_bare: bool = False
    """Whether the host is given by its address, and so has no name to publish."""


def addresses_here() -> tuple[Ip, ...]:
    """Return the addresses from which this machine speaks to the world; sends nothing."""
    found: list[Ip] = []
    for family, nowhere in _NOWHERE.items():
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                sock.connect((nowhere, 9))
                found.append(ip_address(sock.getsockname()[0].partition("%")[0]))
        except (OSError, ValueError):
            continue
    return tuple(found)


async def find_origin(names: Names, host: str, *, here: tuple[Ip, ...]) -> Origin:
    """Return where mails come from that *host* takes; raise NamesFail.

    *here* are this machine's own addresses.
    """
    found = await _addresses_of(names, host)
    is_here = host == "localhost" or any(one.is_loopback or one in here for one in found)
    return Origin(
        host=host,
        is_here=is_here,
        addresses=tuple(one for one in (here if is_here else found) if one.is_global),
        is_bare=host in {str(one) for one in found},
    )


async def _addresses_of(names: Names, host: str) -> tuple[Ip, ...]:
    if host == "localhost":
        return ()
    try:
        return (ip_address(host),)
    except ValueError:
        four = await values_of(names, host, Kind.A)
        return tuple(addresses_in((*four, *await values_of(names, host, Kind.AAAA))))


async def examine_origin(names: Names, origin: Origin, *, is_shared: bool) -> tuple[Finding, ...]:
    """Tell whether the sending machine's address leads to a name and back (RFC 8601 iprev).

    *is_shared*: a provider may send for us, so that this machine's name does not matter.
    """
    if not origin.is_here:
        return ()  # the name of a provider's machine is the provider's business
    if not origin.addresses:
        return (
            advice(
                "the address that this computer has in the internet cannot be seen from here",
                "if mails leave from this computer itself, see that its public address has a "
                "reverse name (PTR) and stands in your SPF record",
            ),
        )
    return tuple([await _named(names, one, is_shared=is_shared) for one in origin.addresses])


async def _named(names: Names, address: Ip, *, is_shared: bool) -> Finding:
    told = advice if is_shared else problem
    found = await values_of(names, str(address), Kind.PTR)
    if not found:
        return told(
            f"this computer's address {address} has no reverse name, and Gmail refuses such "
            "senders (5.7.25)",
            f"ask those who gave you the address to set its reverse name (PTR: "
            f"{address.reverse_pointer}) to your mail server's name, such as mail.example.org",
        )
    kind = Kind.A if address.version == 4 else Kind.AAAA
    for name in found[:10]:  # receivers look no further either (RFC 7208 section 5.5)
        if address in addresses_in(await values_of(names, name, kind)):
            return well(f"the address {address} is named {name}, and that name leads back to it")
    return told(
        f"this computer's address {address} is named {found[0]}, but that name does not lead back",
        f"Add this {kind} record at {found[0]}: {address}",
    )

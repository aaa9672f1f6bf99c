"""Looking names up in the DNS: the only module that knows dnspython."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
import dns.reversename

from herald.mailing.dns.lookup import Answer, Found, Kind, NoRecord, Unanswered

ANSWER_SECONDS = 5.0
"""For one look-up, all tries and name servers together."""


class DnsNames:
    """Asks the name servers of this machine, or those it is given."""

    def __init__(
        self,
        nameservers: tuple[str, ...] = (),
        *,
        port: int = 53,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._nameservers = nameservers
        self._port = port
        self._seconds = seconds
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def look_up(self, name: str, kind: Kind) -> Answer:
        """Return what *name* has of *kind*; an address is looked up as a PTR by itself."""
        if (wanted := _question(name, kind)) is None:
            return NoRecord()  # no name at all, so nobody can have registered it
        try:
            answer = await self._open().resolve(wanted, str(kind), search=False)
        except dns.resolver.NXDOMAIN:
            return NoRecord()
        except dns.resolver.NoAnswer:
            return NoRecord(is_name_known=True)
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return Unanswered(self._why(name, error))
        return Found(_texts(list(answer), kind))

    def _why(self, name: str, error: Exception) -> str:
        match error:
            case dns.resolver.LifetimeTimeout():
                return f"no name server answered within {self._seconds:g} seconds"
            case dns.resolver.NoResolverConfiguration():
                return "this computer has no name server set"
            case dns.resolver.NoNameservers():
                return f"no name server says anything sensible about {name}"
            case _:
                return f"{name} cannot be asked for ({type(error).__name__})"

    def _open(self) -> dns.asyncresolver.Resolver:
        """Return the resolver; it reads the machine's settings on the first question."""
        if self._resolver is None:
            resolver = dns.asyncresolver.Resolver(configure=not self._nameservers)
            if self._nameservers:
                resolver.nameservers = list(self._nameservers)
                resolver.port = self._port
            resolver.lifetime = self._seconds
            self._resolver = resolver
        return self._resolver


def _question(name: str, kind: Kind) -> dns.name.Name | None:
    try:
        if kind is Kind.PTR:
            return dns.reversename.from_address(str(ip_address(name)))
        return dns.name.from_text(name)
    except (dns.exception.DNSException, UnicodeError, ValueError):
        return None


def _texts(records: list[Any], kind: Kind) -> tuple[str, ...]:
    """Return records as text; the strings of one TXT record are one (RFC 7208 section 3.3)."""
    match kind:
        case Kind.TXT:
            # What is not UTF-8 must not stop the look: it stays visible as a fault.
            return tuple(b"".join(one.strings).decode("utf-8", "replace") for one in records)
        case Kind.MX:
            ranked = sorted(records, key=lambda one: (one.preference, one.exchange))
            return tuple(_name(one.exchange) for one in ranked)
        case Kind.PTR:
            return tuple(_name(one.target) for one in records)
        case _:
            return tuple(one.address for one in records)


def _name(name: dns.name.Name) -> str:
    """Return a name without its last dot; the root, which is no server, as nothing."""
    return name.to_text(omit_final_dot=True).rstrip(".").lower()

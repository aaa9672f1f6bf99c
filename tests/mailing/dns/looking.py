"""Zones for tests of what the DNS says, and looking at them."""

from __future__ import annotations

import base64
from ipaddress import ip_address

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from herald.mailing.dns.examine import MailWay, examine_names
from herald.mailing.dns.lookup import Answer, Found, Kind, NoRecord
from herald.mailing.dns.resolver import DnsNames
from herald.model.account import Finding, Severity
from tests.servers.dns import Fault, NameServer, Zone

MUSEUM = "museum.internal"
"""Nobody can register it (ICANN keeps ``internal`` for private use)."""
RELAY = "mail.museum.internal"
ADDRESS = "185.12.0.10"
"""Public, so that it counts; nothing here ever talks to it."""
NEVER_ANSWERED = frozenset({Fault.SAYS_NOTHING, Fault.GARBAGE})
"""What a look-up learns only from the time that passes."""


def an_rsa_key(bits: int, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> bytes:
    """Return a public key of that length, which nobody has the private one of."""
    numbers = rsa.RSAPublicNumbers(65537, (1 << (bits - 1)) + 1)
    return numbers.public_key().public_bytes(Encoding.DER, form)


KEY_2048 = base64.b64encode(an_rsa_key(2048)).decode()

SOUND: Zone = {
    "museum.internal MX": ("10 mail.museum.internal.",),
    "museum.internal TXT": ('"v=spf1 mx ~all"', '"some-other-service=1"'),
    "_dmarc.museum.internal TXT": ('"v=DMARC1; p=quarantine; rua=mailto:dmarc@museum.internal"',),
    "mail.museum.internal A": (ADDRESS,),
    "s1._domainkey.museum.internal TXT": (
        f'"v=DKIM1; k=rsa; p={KEY_2048[:200]}" "{KEY_2048[200:]}"',
    ),
    "10.0.12.185.in-addr.arpa PTR": ("mail.museum.internal.",),
}
"""Nothing is wrong with it."""


def without(*keys: str) -> Zone:
    """Return the sound zone without some records."""
    return {key: said for key, said in SOUND.items() if key not in keys}


def with_txt(name: str, *texts: str) -> Zone:
    """Return the sound zone with other text records at a name."""
    return {**SOUND, f"{name} TXT": tuple(f'"{text}"' for text in texts)}


def names_of(server: NameServer) -> DnsNames:
    """Return names as *server* tells them, impatiently where it never gives an answer."""
    never = NEVER_ANSWERED & {said for said in server.zone.values() if isinstance(said, Fault)}
    return DnsNames(("127.0.0.1",), port=server.port, seconds=1.5 if never else 20.0)


async def look(
    zone: Zone,
    *domains: str,
    host: str = RELAY,
    here: tuple[str, ...] = (),
    selector: str | None = "s1",
    returns_to: str = "",
) -> tuple[Finding, ...]:
    """Return the findings about the museum, as a real name server tells its zone."""
    async with NameServer(zone).serving() as server:
        return await examine_names(
            names_of(server),
            domains or (MUSEUM,),
            way=MailWay(
                host=host,
                here=tuple(ip_address(one) for one in here),
                selector=selector,
                returns_to=returns_to,
            ),
        )


def ills(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return what is not as it should be."""
    return [one for one in findings if one.severity is not Severity.WELL]


def the_ill(findings: tuple[Finding, ...]) -> Finding:
    """Return the only thing that is not as it should be."""
    (found,) = ills(findings)
    return found


class WrittenNames:
    """Names as a map tells them."""

    def __init__(self, records: dict[str, tuple[str, ...]]) -> None:
        self._records = records

    async def look_up(self, name: str, kind: Kind) -> Answer:
        """Return what the map holds."""
        found = self._records.get(f"{name} {kind}")
        return Found(found) if found else NoRecord(is_name_known=True)

"""Looking names up: what a real name server says, well or badly."""

from __future__ import annotations

import pytest

from herald.mailing.dns.lookup import Answer, Found, Kind, NoRecord, Unanswered
from herald.mailing.dns.resolver import DnsNames
from tests.mailing.dns.looking import NEVER_ANSWERED, names_of
from tests.servers.dns import Fault, NameServer, Zone

ZONE: Zone = {
    "a.internal TXT": ('"one " "two"', '"caf\\195\\169"', '"bad \\255"'),
    "a.internal MX": ("20 late.internal.", "10 first.internal."),
    "a.internal AAAA": ("2001:db8::1",),
    "no.internal MX": ("0 .",),
    "alias.internal CNAME": ("second.internal.",),
    "second.internal CNAME": ("a.internal.",),
    "lost.internal CNAME": ("nowhere.internal.",),
    "fails.internal TXT": Fault.FAILS,
    "silent.internal TXT": Fault.SAYS_NOTHING,
    "garbage.internal TXT": Fault.GARBAGE,
    "long.internal TXT": Fault.SHORTENED,
    "long.internal TXT whole": tuple(f'"{nth} {"x" * 200}"' for nth in range(30)),
    "1.2.0.192.in-addr.arpa PTR": ("Mail.Internal.",),
}


async def ask(name: str, kind: Kind) -> Answer:
    zone = {
        key: said
        for key, said in ZONE.items()
        if said not in NEVER_ANSWERED or key.startswith(f"{name} ")
    }
    async with NameServer(zone).serving() as server:
        return await names_of(server).look_up(name, kind)


@pytest.mark.parametrize(
    ("name", "kind", "answer"),
    [
        pytest.param("a.internal", Kind.TXT, {"one two", "café", "bad �"}, id="strings are joined"),
        pytest.param("alias.internal", Kind.AAAA, {"2001:db8::1"}, id="aliases are followed"),
        pytest.param("192.0.2.1", Kind.PTR, {"mail.internal"}, id="an address's name"),
        pytest.param("no.internal", Kind.MX, {""}, id="no mail server on purpose"),
    ],
)
async def test_records_are_told_as_text(name: str, kind: Kind, answer: set[str]) -> None:
    found = await ask(name, kind)
    assert isinstance(found, Found)
    assert set(found.values) == answer


async def test_the_preferred_mail_server_stands_first() -> None:
    assert await ask("a.internal", Kind.MX) == Found(("first.internal", "late.internal"))


@pytest.mark.parametrize(
    ("name", "is_known"),
    [
        pytest.param("nobody.internal", False, id="no such name"),
        pytest.param("lost.internal", False, id="an alias that leads nowhere"),
        pytest.param("no.internal", True, id="a name without such records"),
        pytest.param("internal", True, id="a name with names below it"),
        pytest.param("a..b", False, id="no name at all"),
        pytest.param("x" * 64 + ".internal", False, id="a label that is too long"),
        pytest.param(".".join(["x" * 60] * 5), False, id="a name that is too long"),
    ],
)
async def test_what_is_not_there_is_not_trouble(name: str, is_known: bool) -> None:
    assert await ask(name, Kind.TXT) == NoRecord(is_name_known=is_known)


@pytest.mark.parametrize("name", ["fails.internal", "silent.internal", "garbage.internal"])
async def test_a_name_server_in_trouble_is_told_from_one_that_knows_nothing(name: str) -> None:
    assert isinstance(await ask(name, Kind.TXT), Unanswered)


async def test_a_shortened_answer_is_fetched_whole() -> None:
    zone = {key: said for key, said in ZONE.items() if key.startswith("long.internal ")}
    async with NameServer(zone).serving() as server:
        found = await names_of(server).look_up("long.internal", Kind.TXT)
        assert isinstance(found, Found)
        assert len(found.values) == 30
        assert server.by_tcp == 1


async def test_no_name_server_at_all_is_told() -> None:
    async with NameServer(ZONE).serving() as server:
        port = server.port
    names = DnsNames(("127.0.0.1",), port=port, seconds=0.3)
    assert isinstance(await names.look_up("a.internal", Kind.TXT), Unanswered)

"""All that the DNS says of a museum that writes, told with the line to publish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.dns.examine import MailWay, examine_names
from herald.mailing.dns.resolver import DnsNames
from herald.model.account import Severity
from tests.mailing.dns.looking import (
    ADDRESS,
    MUSEUM,
    RELAY,
    SOUND,
    WrittenNames,
    ills,
    look,
    names_of,
    the_ill,
    with_txt,
    without,
)
from tests.servers.dns import Fault, NameServer, Zone

ADVICE, PROBLEM = Severity.ADVICE, Severity.PROBLEM


async def test_a_domain_that_is_well_has_nothing_to_do() -> None:
    found = await look(SOUND, here=(ADDRESS,))
    assert not ills(found)
    told = "\n".join(one.what for one in found)
    for word in ("takes mail", "SPF:", "DKIM:", "DMARC:", "leads back"):
        assert word in told


@pytest.mark.parametrize(
    ("zone", "severity", "what", "remedy"),
    [
        pytest.param(
            without("museum.internal TXT"),
            PROBLEM,
            "has no SPF record",
            f"Add this TXT record at {MUSEUM}: v=spf1 a:{RELAY} ~all",
            id="no SPF",
        ),
        pytest.param(
            with_txt(MUSEUM, "v=spf1 mx ~all", "v=spf1 ip4:9.9.9.9 mx -all"),
            PROBLEM,
            "has 2 SPF records",
            f"this one TXT record at {MUSEUM}: v=spf1 ip4:9.9.9.9 mx ~all",
            id="two SPF",
        ),
        pytest.param(
            with_txt(MUSEUM, "v=spf1 mx +all"),
            PROBLEM,
            "lets everybody send",
            f"Change the TXT record at {MUSEUM} to: v=spf1 mx ~all",
            id="everybody",
        ),
        pytest.param(
            with_txt(MUSEUM, "v=spf1 mx"),
            ADVICE,
            "all other machines",
            f"Change the TXT record at {MUSEUM} to: v=spf1 mx ~all",
            id="no end",
        ),
        pytest.param(
            with_txt(MUSEUM, "v=spf1 ipv4:9.9.9.9 ~all"),
            PROBLEM,
            "“ipv4:9.9.9.9” is no word of SPF",
            "v=spf1 ipv4:9.9.9.9 ~all",
            id="a misspelt word",
        ),
        pytest.param(
            with_txt(MUSEUM, "v=spf1 mx " + "a:mail.museum.internal " * 10 + "~all"),
            PROBLEM,
            "takes 11 look-ups",
            "take out",
            id="too many look-ups",
        ),
        pytest.param(
            with_txt(MUSEUM, "v=spf1 mx a:x.internal a:y.internal a:z.internal ~all"),
            PROBLEM,
            "names 3 things that are not in the DNS",
            "take out",
            id="too much that is gone",
        ),
        pytest.param(
            with_txt(MUSEUM, "v=spf1 ip4:9.9.9.9 ~all"),
            ADVICE,
            f"does not name the address of {RELAY}",
            f"v=spf1 ip4:9.9.9.9 ip4:{ADDRESS} ~all",
            id="the provider may send from elsewhere",
        ),
        pytest.param(
            without("s1._domainkey.museum.internal TXT"),
            PROBLEM,
            "no DKIM key at s1._domainkey.museum.internal",
            "Add this TXT record at s1._domainkey.museum.internal: v=DKIM1; k=rsa; p=",
            id="no key",
        ),
        pytest.param(
            with_txt("s1._domainkey.museum.internal", "v=DKIM1; p="),
            PROBLEM,
            "revoked",
            "s1._domainkey.museum.internal again",
            id="a revoked key",
        ),
        pytest.param(
            without("_dmarc.museum.internal TXT"),
            ADVICE,
            "no DMARC record",
            f"at _dmarc.{MUSEUM}: v=DMARC1; p=none; rua=mailto:postmaster@{MUSEUM}",
            id="no DMARC",
        ),
        pytest.param(
            with_txt("_dmarc.museum.internal", "v=DMARC1; p=none; rua=mailto:a@museum.internal"),
            ADVICE,
            "only watches",
            "v=DMARC1; p=quarantine; rua=mailto:a@museum.internal",
            id="DMARC that only watches",
        ),
        pytest.param(
            with_txt("_dmarc.museum.internal", "v=DMARC1; p=reject"),
            ADVICE,
            "wants no reports",
            "v=DMARC1; p=reject; rua=mailto:postmaster@museum.internal",
            id="no reports",
        ),
        pytest.param(
            with_txt("_dmarc.museum.internal", "v=DMARC1; p=reject; pct=50; rua=mailto:a@b.c"),
            ADVICE,
            "no longer count",
            "to: v=DMARC1; p=reject; rua=mailto:a@b.c",
            id="tags of the old DMARC",
        ),
        pytest.param(
            with_txt("_dmarc.museum.internal", "v=DMARC1; p=none", "v=DMARC1; p=reject"),
            PROBLEM,
            "more than one DMARC record",
            "keep one TXT record at _dmarc.museum.internal",
            id="two DMARC",
        ),
        pytest.param(
            {
                **SOUND,
                "museum.internal MX": ("0 .",),
                "museum.internal TXT": ('"v=spf1 a:mail.museum.internal -all"',),
            },
            PROBLEM,
            "takes no mail",
            "MX record at museum.internal",
            id="takes no mail",
        ),
    ],
)
async def test_what_is_wrong_is_told_with_what_to_publish(
    zone: Zone, severity: Severity, what: str, remedy: str
) -> None:
    ill = the_ill(await look(zone))
    assert ill.severity is severity
    assert what in ill.what
    assert remedy in ill.remedy


async def test_a_domain_that_does_not_exist_is_told_once() -> None:
    found = await look(SOUND, "musem.internal")
    ill = the_ill(found)
    assert "musem.internal is not in the DNS" in ill.what
    assert len(found) == 1


async def test_every_domain_is_looked_at_once() -> None:
    found = await look(SOUND, MUSEUM, "Museum.Internal", "musem.internal")
    assert sum("takes mail" in one.what for one in found) == 1


@pytest.mark.parametrize("domain", ["example.org", "news.example.org", "museum.test", "localhost"])
async def test_names_for_examples_are_told_and_not_asked_for(domain: str) -> None:
    async with NameServer({}).serving() as server:
        found = await examine_names(names_of(server), (domain,), way=MailWay(host="localhost"))
        assert "a name for examples" in the_ill(found).what
        assert not server.asked


async def test_without_names_one_line_says_so() -> None:
    async with NameServer({}).serving() as server:
        port = server.port
    names = DnsNames(("127.0.0.1",), port=port, seconds=1.5)
    found = await examine_names(names, (MUSEUM, "other.internal"), way=MailWay(host=RELAY))
    ill = the_ill(found)
    assert "names cannot be looked up" in ill.what
    assert ill.severity is ADVICE, "mails may go out all the same"


@pytest.mark.parametrize("fault", [Fault.FAILS, Fault.SAYS_NOTHING, Fault.GARBAGE])
async def test_a_look_up_that_fails_is_not_taken_for_a_missing_record(fault: Fault) -> None:
    found = await look({**SOUND, "museum.internal TXT": fault})
    ill = the_ill(found)
    assert ill.severity is ADVICE
    assert "could be looked up" in ill.what
    assert "no SPF" not in ill.what


async def test_a_domain_whose_servers_fail_spoils_no_other() -> None:
    zone: Zone = {**SOUND, "ill.internal MX": Fault.FAILS}
    found = await look(zone, MUSEUM, "ill.internal")
    assert "not all about ill.internal" in the_ill(found).what
    assert any("SPF: museum.internal" in one.what for one in found)


async def test_an_unknown_selector_is_asked_for() -> None:
    ill = the_ill(await look(SOUND, selector=None))
    assert ill.severity is ADVICE
    assert "smtp: {dkim_selector: ...}" in ill.remedy
    assert "not known here" in ill.what


async def test_a_domain_without_any_key_is_told_though_no_selector_is_known() -> None:
    zone = without("s1._domainkey.museum.internal TXT")
    assert "has no DKIM key" in the_ill(await look(zone, selector=None)).what


async def test_a_selector_is_asked_for_where_nobody_knows_of_keys() -> None:
    zone: Zone = {**SOUND, "_domainkey.museum.internal TXT": Fault.FAILS}
    assert "not known here" in the_ill(await look(zone, selector=None)).what


async def test_one_address_of_a_provider_in_the_record_is_enough() -> None:
    zone = with_txt(MUSEUM, f"v=spf1 ip4:{ADDRESS} ~all")
    zone[f"{RELAY} A"] = (ADDRESS, "185.12.0.11")
    assert not ills(await look(zone))


async def test_a_record_cannot_steer_the_terminal() -> None:
    zone = with_txt(MUSEUM, r"v=spf1 \027[31mred -all")
    ill = the_ill(await look(zone))
    assert "\x1b" not in ill.remedy
    assert "�[31mred" in ill.remedy


async def test_a_key_behind_an_alias_is_found() -> None:
    zone = without("s1._domainkey.museum.internal TXT")
    zone["s1._domainkey.museum.internal CNAME"] = ("key.provider.internal.",)
    zone["key.provider.internal TXT"] = SOUND["s1._domainkey.museum.internal TXT"]
    assert not ills(await look(zone))


# --- copies that come back to an address of their own ---

BOUNCES = "bounces.museum.internal"


def with_bounces(dmarc: str = "", spf: str = "v=spf1 mx -all") -> Zone:
    zone = with_txt(BOUNCES, spf)
    del zone["museum.internal TXT"]
    zone[f"{BOUNCES} MX"] = ("10 mail.museum.internal.",)
    if dmarc:
        zone["_dmarc.museum.internal TXT"] = (f'"{dmarc}"',)
    return zone


async def test_the_record_counts_of_the_domain_that_copies_come_back_to() -> None:
    found = await look(with_bounces(), returns_to=BOUNCES)
    assert not ills(found)
    assert any(f"SPF: {BOUNCES}" in one.what for one in found)


async def test_what_comes_back_must_find_a_mail_server() -> None:
    zone = with_bounces(spf="v=spf1 a:mail.museum.internal -all")
    del zone[f"{BOUNCES} MX"]
    assert f"{BOUNCES} has no MX record" in the_ill(await look(zone, returns_to=BOUNCES)).what


async def test_a_strict_domain_does_not_let_the_one_below_it_speak() -> None:
    zone = with_bounces("v=DMARC1; p=reject; aspf=s; rua=mailto:a@museum.internal")
    ill = the_ill(await look(zone, returns_to=BOUNCES))
    assert ill.severity is ADVICE
    assert f"d={MUSEUM}" in ill.remedy


async def test_another_organisation_does_not_speak_for_the_sender() -> None:
    zone: Zone = {
        **without("museum.internal TXT"),
        "provider.internal MX": ("10 mail.museum.internal.",),
        "provider.internal TXT": ('"v=spf1 mx -all"',),
    }
    ill = the_ill(await look(zone, returns_to="provider.internal"))
    assert "takes for somebody else" in ill.what


# --- a mail server on this machine ---


async def test_this_computer_must_stand_in_the_record() -> None:
    zone = with_txt(MUSEUM, "v=spf1 ip4:9.9.9.9 -all")
    ill = the_ill(await look(zone, host="localhost", here=(ADDRESS,)))
    assert ill.severity is PROBLEM
    assert f"to: v=spf1 ip4:9.9.9.9 ip4:{ADDRESS} -all" in ill.remedy


async def test_where_a_provider_stands_in_the_record_this_computer_need_not() -> None:
    zone = with_txt(MUSEUM, "v=spf1 include:provider.internal -all")
    zone["provider.internal TXT"] = ('"v=spf1 ip4:9.9.9.9 -all"',)
    del zone["10.0.12.185.in-addr.arpa PTR"]
    found = ills(await look(zone, host="localhost", here=(ADDRESS,)))
    assert [one.severity for one in found] == [ADVICE, ADVICE]


async def test_a_missing_record_names_this_computer() -> None:
    zone = without("museum.internal TXT")
    ill = the_ill(await look(zone, host="127.0.0.1", here=(ADDRESS, "192.168.1.5")))
    assert f"v=spf1 ip4:{ADDRESS} ~all" in ill.remedy


async def test_a_server_without_a_name_is_named_by_its_address() -> None:
    ill = the_ill(await look(without("museum.internal TXT"), host=ADDRESS))
    assert f"v=spf1 ip4:{ADDRESS} ~all" in ill.remedy


async def test_a_server_in_the_house_is_not_named_to_the_world() -> None:
    ill = the_ill(await look(without("museum.internal TXT"), host="192.168.1.9"))
    assert "v=spf1 mx ~all" in ill.remedy


async def test_a_missing_reverse_name_is_a_problem() -> None:
    zone = without("10.0.12.185.in-addr.arpa PTR")
    ill = the_ill(await look(zone, host="localhost", here=(ADDRESS,)))
    assert ill.severity is PROBLEM
    assert "10.0.12.185.in-addr.arpa" in ill.remedy


async def test_a_reverse_name_must_lead_back() -> None:
    zone: Zone = {**SOUND, "10.0.12.185.in-addr.arpa PTR": ("host.provider.internal.",)}
    ill = the_ill(await look(zone, host=RELAY, here=(ADDRESS,)))
    assert "does not lead back" in ill.what
    assert ill.remedy == f"Add this A record at host.provider.internal: {ADDRESS}"


async def test_behind_a_router_the_public_address_is_not_guessed() -> None:
    ill = the_ill(await look(SOUND, host="localhost", here=("192.168.1.5",)))
    assert ill.severity is ADVICE
    assert "cannot be seen from here" in ill.what


# --- whatever strangers publish ---

WORDS = ["v=spf1 ", "v=DMARC1; ", "v=DKIM1; ", "p=", "p=none; ", "rua=mailto:", "redirect=", "+all"]
HOSTILE = st.lists(
    st.sampled_from([*WORDS, "include:", "museum.internal ", "\x1b[31m", "\n", "\u202e", "=", ";"])
    | st.text(max_size=10),
    max_size=12,
).map("".join)


@given(st.lists(HOSTILE, min_size=1, max_size=3), HOSTILE, HOSTILE)
async def test_no_text_record_breaks_the_look_or_steers_the_terminal(
    spf: list[str], dkim: str, dmarc: str
) -> None:
    names = WrittenNames(
        {
            "museum.internal MX": ("mail.museum.internal",),
            "museum.internal TXT": tuple(spf),
            "s1._domainkey.museum.internal TXT": (dkim,),
            "_dmarc.museum.internal TXT": (dmarc,),
            "mail.museum.internal A": (ADDRESS,),
        }
    )
    found = await examine_names(names, (MUSEUM,), way=MailWay(host=RELAY, selector="s1"))
    assert len(found) >= 4
    for one in found:
        assert (one.what + one.remedy).isprintable()
        assert len(one.what) <= 1500
        assert len(one.remedy) <= 1500

"""Looking at a mail server: how it is reached, what protects the way, and what to do if not."""

from __future__ import annotations

import ssl

import pytest
import trustme

from herald.mailing.sending.relay import about_one_click, examine_relay, remedy_of
from herald.model.account import Finding, Severity
from herald.model.mailing import MailServer, Tls
from tests.servers.mail import Rude, ScriptedMailServer

STRANGER = "127.0.0.2"
"""On loopback too, but its certificate is looked at like any other's."""


def a_context(name: str = STRANGER) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(name).configure_cert(context)
    return context


async def look(
    server: ScriptedMailServer, host: str = STRANGER, tls: Tls = Tls.STARTTLS
) -> tuple[Finding, ...]:
    async with server.serving():
        return await examine_relay(MailServer(host=host, port=server.port, tls=tls, timeout=2))


async def test_a_protected_way_is_told_with_its_version() -> None:
    (found,) = await look(ScriptedMailServer(tls=a_context("localhost")), "localhost")
    assert found.severity is Severity.WELL
    assert "lets Herald in (TLSv1." in found.what


async def test_a_certificate_that_nobody_trusts_is_told() -> None:
    (found,) = await look(ScriptedMailServer(tls=a_context()))
    assert found.severity is Severity.PROBLEM
    assert "does not take mail from here" in found.what
    assert "a certificate that others trust" in found.remedy


async def test_a_server_without_starttls_is_told() -> None:
    (found,) = await look(ScriptedMailServer(EHLO=b"250 herald.test"))
    assert found.severity is Severity.PROBLEM
    assert "does not offer STARTTLS" in found.remedy


async def test_tls_from_the_first_byte_on_the_wrong_port_is_told() -> None:
    (found,) = await look(ScriptedMailServer(), tls=Tls.IMPLICIT)
    assert "on 25 and 587 it is tls: starttls" in found.remedy


async def test_a_bare_way_to_another_machine_is_advised_against() -> None:
    _, found = await look(ScriptedMailServer(), tls=Tls.NONE)
    assert found.severity is Severity.ADVICE
    assert "tls: starttls" in found.remedy


async def test_a_bare_way_on_this_machine_is_well() -> None:
    (found,) = await look(ScriptedMailServer(), "127.0.0.1", Tls.NONE)
    assert found.severity is Severity.WELL


async def test_nothing_is_mailed() -> None:
    server = ScriptedMailServer()
    await look(server, tls=Tls.NONE)
    assert "MAIL" not in server.steps
    assert server.steps[-1] == "QUIT"


async def test_a_server_that_hangs_up_is_told() -> None:
    (found,) = await look(ScriptedMailServer(greeting=Rude.CLOSES), tls=Tls.NONE)
    assert found.severity is Severity.PROBLEM
    assert "compare smtp:" in found.remedy


@pytest.mark.parametrize(
    ("why", "remedy"),
    [
        (
            "certificate verify failed: Hostname mismatch, certificate is not valid for",
            "the name that stands in the certificate",
        ),
        (
            "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired",
            "renew its certificate",
        ),
        ("certificate verify failed: self-signed certificate", "that others trust"),
        ("535 go away", "compare smtp:"),
    ],
)
def test_the_remedy_fits_the_failure(why: str, remedy: str) -> None:
    assert remedy in remedy_of(why, MailServer(host="smtp.museum.internal"))


@pytest.mark.parametrize(
    ("address", "severity"),
    [
        ("https://herald.museum.internal", Severity.WELL),
        ("http://herald.museum.internal", Severity.ADVICE),
        (None, Severity.ADVICE),
    ],
)
def test_a_button_to_leave_needs_a_protected_page(address: str | None, severity: Severity) -> None:
    assert about_one_click(address).severity is severity

"""What a provider's refusal asks for, in the words that providers use."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.sending.repairs import _repairs, repair_of, repairs_of
from herald.model.mailing import Refusals


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        pytest.param(
            550,
            "5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail "
            "requires all senders to authenticate with either SPF or DKIM. DKIM = did not pass "
            "SPF [example.org] with ip: [192.0.2.1] = did not pass - gsmtp",
            "SPF and DKIM did not pass",
            id="Gmail: nothing proves the sender",
        ),
        pytest.param(
            550,
            "5.7.25 [192.0.2.1] The IP address sending this message does not have a PTR record",
            "(PTR)",
            id="Gmail: no PTR, for good",
        ),
        pytest.param(
            421,
            "4.7.23 The sending IP does not have a PTR record, or the PTR record's forward DNS "
            "entry does not match the sending IP",
            "(PTR)",
            id="Gmail: no PTR, for now",
        ),
        pytest.param(550, "5.7.23 SPF validation failed", "SPF did not pass", id="RFC 7372"),
        pytest.param(421, "4.7.27 SPF did not pass", "SPF did not pass", id="Gmail: SPF"),
        pytest.param(421, "4.7.30 DKIM did not pass", "DKIM did not pass", id="Gmail: DKIM"),
        pytest.param(
            421,
            "4.7.28 Gmail has detected an unusual rate of unsolicited mail",
            "looks like spam",
            id="Gmail: spam",
        ),
        pytest.param(550, "5.7.29 not sent over a TLS connection", "with TLS", id="Gmail: TLS"),
        pytest.param(
            421, "4.7.0 TLS required for RCPT domain", "protected ways", id="Gmail: TLS required"
        ),
        pytest.param(421, "4.7.31 no DMARC policy", "DMARC record", id="Gmail: no DMARC"),
        pytest.param(
            421, "4.7.32 The From: header isn't aligned", "address in From", id="Gmail: alignment"
        ),
        pytest.param(
            550,
            "5.7.515 Access denied, sending domain EXAMPLE.ORG does not meet the required "
            "authentication level. Spf= Pass , Dkim= Fail , DMARC= Pass",
            "Outlook and Hotmail",
            id="Microsoft: large senders",
        ),
        pytest.param(
            432, "4.3.2 Concurrent connections limit exceeded.", "connections:", id="Microsoft 365"
        ),
        pytest.param(
            550,
            "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your "
            "Internet service provider since part of their network is on our block list (S3140).",
            "block list",
            id="Microsoft: block list",
        ),
        pytest.param(
            421,
            "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume "
            "or user complaints - 4.16.55.1",
            "Yahoo",
            id="Yahoo: complaints",
        ),
        pytest.param(
            554,
            "5.7.1 <address>: Relay access denied",
            "HERALD_SMTP__PASSWORD",
            id="Postfix: no login",
        ),
        pytest.param(
            553,
            "5.7.1 <address>: Sender address rejected: not owned by user ana",
            "addresses of its own",
            id="Postfix: somebody else's sender",
        ),
        pytest.param(450, "4.7.1 Try again later", "asks to be sent less", id="slow down"),
        pytest.param(550, "5.7.1 Rejected by policy", "a rule of its own", id="some rule"),
        pytest.param(552, "5.3.4 Message too big", "too large", id="too large"),
        pytest.param(
            None,
            "smtp; 550-5.7.26 Your email has been blocked\n 550 5.7.26 for more information",
            "SPF and DKIM did not pass",
            id="as a bounce quotes it",
        ),
    ],
)
def test_a_refusal_names_its_repair(code: int | None, said: str, told: str) -> None:
    assert told in repair_of(code, said)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (550, "5.1.1 nobody of that name"),
        (452, "4.2.2 mailbox full"),
        (450, "greylisted"),
        (250, "2.0.0 queued; see 5.7.26"),
        (550, "5.1.1 no such user at 192.5.7.26"),
        (550, "from 5.7.26.1"),
        (550, "15.7.26 is no status"),
        (None, ""),
    ],
)
def test_what_is_nobodys_to_repair_is_left(code: int | None, said: str) -> None:
    assert repair_of(code, said) == ""


@given(st.none() | st.integers(200, 599), st.text())
def test_whatever_a_server_says_it_is_a_sentence_of_ours_or_none(
    code: int | None, said: str
) -> None:
    assert repair_of(code, said) in {"", *(one.says for one in _repairs())}


def test_every_repair_can_be_reached_and_is_a_sentence() -> None:
    for one in _repairs():
        assert one.says.endswith(".")
        assert one.status or one.words
        assert all(re.fullmatch(r"[x45](\.\d{1,3}){2}", status) for status in one.status)
        assert all(word == word.lower() for word in one.words)
        status = next(iter(sorted(one.status)), "").replace("x", "5")
        assert repair_of(None, f"{status} {next(iter(one.words), '')}") == one.says


def test_each_repair_is_named_once_with_all_who_ask_for_it() -> None:
    found = repairs_of(
        [
            Refusals(code=552, said="5.3.4 too large", copies=2),
            Refusals(code=550, said="5.7.26 a", copies=2),
            Refusals(code=451, said="4.2.0 come back later", copies=9),
            Refusals(said="5.7.26 b", copies=3),
        ]
    )
    assert [copies for _, copies in found] == [5, 2]
    assert "SPF and DKIM did not pass" in found[0][0]

"""What the lines of a log prove, and what they do not."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.mailing.sending.maillog.reading import MailLog
from tests.mailing.maillog.makers import (
    NAME,
    SENDER,
    client,
    cut,
    header,
    line,
    queued,
    told,
    wanted,
)
from tests.makers import NOON


def test_the_line_of_the_queue_proves_that_a_copy_was_taken() -> None:
    assert told(client(), header(), queued()).taken == {1: "4jX"}
    assert told(queued(sender=SENDER.upper())).taken == {1: "4jX"}


def test_the_line_of_the_header_proves_nothing() -> None:
    found = told(client(), header())
    assert found.taken == {}
    assert set(found.unfinished) == {1}


def test_a_connection_that_ended_before_the_dot_leaves_no_doubt() -> None:
    # In this order and in the other: Postfix's programs write without waiting for each other.
    for lines in ((client(), header(), cut()), (client(), cut(), header())):
        found = told(*lines)
        assert found.taken == {}
        assert set(found.unfinished) == set()
        assert 1 in found.seen


def test_a_connection_of_another_client_ends_nothing() -> None:
    lines = (client(smtpd=1), client("5kY", smtpd=2), header(), cut(smtpd=2))
    assert set(told(*lines).unfinished) == {1}


def test_a_connection_that_ended_after_the_dot_ends_nothing() -> None:
    said = line("lost connection after END-OF-MESSAGE from x[::1]", program="postfix/smtpd[9]")
    assert set(told(client(), header(), said).unfinished) == {1}


def test_a_mail_that_was_refused_whole_leaves_no_doubt() -> None:
    for said, program in (
        ("4jX: milter-reject: END-OF-MESSAGE from x[::1]: 5.7.1 spam;", "postfix/cleanup[8]"),
        ("4jX: reject: END-OF-MESSAGE from x[::1]: 552 5.3.4 too large;", "postfix/smtpd[9]"),
    ):
        assert not told(client(), header(), line(said, program=program)).unfinished


@pytest.mark.parametrize("said", ["4jX: hold: header Subject: x", "4jX: discard: header"])
def test_a_mail_that_was_set_aside_leaves_a_doubt(said: str) -> None:
    assert set(told(client(), header(), line(said, program="postfix/cleanup[8]")).unfinished) == {1}


def test_where_all_copies_share_a_sender_header_and_queue_are_joined_by_the_queue_id() -> None:
    one = wanted(sender="")
    other = queued("5kY", sender="news@example.org")
    same = queued("4jX", sender="news@example.org")
    assert told(header(), other, of=(one,)).taken == {}
    assert told(same, of=(one,)).taken == {}
    assert told(header(), other, same, of=(one,)).taken == {1: "4jX"}


def test_a_queue_id_that_comes_back_is_another_mail() -> None:
    one = wanted(sender="")
    again = (client("4jX"), header("4jX", name="b" * 40), queued("4jX", sender="news@example.org"))
    found = told(client(), header(), *again, of=(one,))
    assert found.taken == {}
    assert set(found.unfinished) == {1}


def test_a_mail_from_before_the_issue_is_another_one() -> None:
    early = NOON - timedelta(hours=2)
    assert told(client(at=early), header(at=early), queued(at=early)).taken == {}


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(
            line(
                f"4jX: message-id=<x postfix/qmgr[1]: 4jX: from=<{SENDER}>, (queue active)",
                program="postfix/cleanup[8]",
            ),
            id="in a header",
        ),
        pytest.param(
            line(f"4jX: from=<{SENDER}>, size=1 (queue active)", program="sshd[7]"), id="by another"
        ),
        pytest.param(
            line(f"4jX: to=<a@b>, from=<{SENDER}>, (queue active)", program="postfix/smtp[7]"),
            id="in an answer",
        ),
        pytest.param(
            line(f"4jX: from=<{SENDER}>, status=expired, returned to sender"), id="given back"
        ),
        pytest.param(b"postfix/qmgr[7]: 4jX: from=<" + SENDER.encode() + b">, (queue active)\n"),
    ],
)
def test_what_stands_elsewhere_in_a_line_is_no_proof(forged: bytes) -> None:
    assert told(client(), forged).taken == {}


def test_other_instances_of_postfix_are_understood() -> None:
    said = f"4jX: from=<{SENDER}>, size=1, nrcpt=1 (queue active)"
    for program in ("postfix-out/qmgr[7]", "postfix/submission/qmgr[7]"):
        assert told(line(said, program=program)).taken == {1: "4jX"}


@pytest.mark.parametrize(
    "said",
    [
        ("imjournal: 123 messages lost due to rate-limiting (20000 allowed)", "rsyslogd"),
        ("imuxsock lost 12 messages from pid 9 due to rate-limiting", "rsyslogd[3]"),
        ("Suppressed 9 messages from postfix.service", "systemd-journald[2]"),
    ],
)
def test_lines_that_were_lost_are_noticed(said: tuple[str, str]) -> None:
    found = told(queued(), line(said[0], program=said[1]), queued(at=NOON + timedelta(hours=1)))
    assert found.unsound_until == NOON + timedelta(seconds=1)
    assert told(line(said[0])).unsound_until is None


def test_a_clock_that_was_set_back_is_noticed_and_an_hour_of_autumn_is_none() -> None:
    back = told(queued(at=NOON), queued(at=NOON - timedelta(hours=3)))
    assert back.unsound_until == NOON + timedelta(seconds=1)
    assert told(queued(at=NOON), queued(at=NOON - timedelta(hours=1))).unsound_until is None


def test_the_log_tells_from_when_to_when_it_goes() -> None:
    ends = NOON + timedelta(minutes=5)
    found = told(b"\x00\xff\n", queued(), line("other", at=NOON, program="sshd[1]"), cut(at=ends))
    assert found.first is not None
    assert found.last is not None
    assert (found.first.earliest, found.last.earliest) == (NOON, ends)


def test_a_queue_in_which_much_happens_takes_little_memory() -> None:
    reading = MailLog((wanted(),), near=NOON, zone=UTC)
    for nth in range(20_000):
        reading.take(client(f"Q{nth}"))
        reading.take(header(f"Q{nth}", name=f"{nth:040x}"))
        reading.take(cut())
    assert len(reading._cut) <= 10_000
    assert NAME not in str(reading._open)


@given(st.lists(st.sampled_from([client(), header(), cut(), queued()]) | st.binary(), max_size=9))
def test_a_copy_counts_as_taken_only_with_the_line_of_the_queue(lines: list[bytes]) -> None:
    found = told(*lines)
    assert (1 in found.taken) == (queued() in lines)
    assert not set(found.unfinished) & found.taken.keys()

"""A body crosses the line as its lines, each dot at their beginning doubled, and nothing else."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from herald.mailing.sending.wire import stuffed

PARTS = st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"x", b"\r\n.", b".\r\n"]))


@given(PARTS.map(b"".join))
@example(b"")
@example(b".")
@example(b"a\r\n.\r\nb\r\n")
@example(b"a\r\nb\r\n")
@example(b"a\r\nb")
@example(b"a\n\rb\r\n")
@example(b"a\r.\r\n")
def test_the_server_reads_the_lines_that_the_mail_has(mail: bytes) -> None:
    lines = re.split(rb"\r\n|\r|\n", mail)
    if not lines[-1]:
        lines.pop()
    said = stuffed(mail)
    assert said.endswith(b".\r\n")
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", said)
    *heard, dot, rest = said.split(b"\r\n")
    assert (dot, rest) == (b".", b"")
    assert [line.removeprefix(b".") for line in heard] == lines
    assert all(line != b"." for line in heard)

"""Whether a log can settle doubts, as herald doctor tells it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from herald.mailing.sending.maillog.examine import examine_log
from herald.model.account import Severity
from tests.mailing.maillog.makers import line
from tests.makers import NOON

SOON = NOON + timedelta(seconds=2)


@pytest.mark.parametrize(
    ("content", "severity", "what"),
    [
        pytest.param(line("connect", at=NOON), Severity.WELL, "tells what", id="of this server"),
        pytest.param(
            line("x", at=NOON - timedelta(minutes=1)), Severity.PROBLEM, "does not tell", id="quiet"
        ),
        pytest.param(
            line("x", at=NOON + timedelta(hours=2)), Severity.PROBLEM, "does not tell", id="zone"
        ),
        pytest.param(b"junk\n", Severity.PROBLEM, "does not tell", id="no log"),
        pytest.param(None, Severity.PROBLEM, "cannot be read", id="no file"),
    ],
)
async def test_a_log_is_judged_by_what_it_tells_of_the_connection_just_made(
    tmp_path: Path, content: bytes | None, severity: Severity, what: str
) -> None:
    path = tmp_path / "mail.log"
    if content is not None:
        path.write_bytes(content)
    found = await examine_log(str(path), host="mail.example.org", since=NOON, now=SOON)
    assert found.severity is severity
    assert what in found.what
    assert (found.remedy == "") == (severity is Severity.WELL)

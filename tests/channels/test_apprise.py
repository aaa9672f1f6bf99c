"""The Apprise channel against Apprise's own JSON service, which refuses, hangs and sends away."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from apprise import Apprise
from apprise.logger import NotifyLogEntry
from apprise.result import AppriseResult, AppriseResultStatus

from herald.channels.apprise.channel import AppriseChannel
from herald.channels.apprise.service import AppriseService, open_service
from herald.channels.apprise.settings import AppriseSettings
from herald.channels.registry import check_settings, missing_secrets, open_channel
from herald.clock import SetClock
from herald.delivery.verdict import Policy, judge_sighting
from herald.errors import ConfigurationBroken
from herald.model.delivery import Action, CannotTell, Claim, Receipt, Refused, Sent, Unclear
from herald.model.ids import ChannelId
from herald.model.verdict import Hold
from herald.ports import Examined
from tests.channels.kept import surroundings
from tests.makers import NOON, a_channel, a_delivery, a_payload
from tests.running import a_free_port
from tests.servers.apprise import HANG, JsonService, serving

SECRET = "k3y-of-the-service"


@pytest.fixture
async def service() -> AsyncIterator[JsonService]:
    async with serving() as service:
        yield service


def a_service(url: str, *, seconds: float = 10.0, **settings: Any) -> AppriseChannel:
    return AppriseChannel(
        ChannelId("chat"), AppriseSettings(**settings), open_service(url), seconds=seconds
    )


def a_claim(text: str = "The salt house", **changes: Any) -> Claim:
    payload = a_payload(text=text, title=changes.pop("title", ""))
    delivery = a_delivery(
        network="apprise", payload=payload, frozen=payload, first_send_at=NOON, **changes
    )
    return Claim(delivery=delivery, token=1, attempt=1)


async def test_a_text_arrives_once_and_the_key_stands_for_it(service: JsonService) -> None:
    outcome = await a_service(service.url).send(a_claim("Sól <b> & 🏛️\n\n#Ecomusei"))
    assert outcome == Sent(Receipt(remote_id=a_claim().delivery.key))
    [message] = service.taken
    assert (message["message"], message["title"]) == ("Sól <b> & 🏛️\n\n#Ecomusei", "")


@pytest.mark.parametrize(("setting", "shown"), [("true", "A walk"), ("false", "")])
async def test_a_title_is_sent_where_it_is_wanted(
    service: JsonService, setting: str, shown: str
) -> None:
    await a_service(service.url, title=setting).send(a_claim(title="A walk"))
    assert [message["title"] for message in service.taken] == [shown]


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 502, 503, 504, 302, 307])
async def test_what_is_no_yes_is_in_doubt_and_left_to_a_person(
    service: JsonService, status: int
) -> None:
    """Apprise tells a refusal from a lost answer in words alone: late is better than twice."""
    service.statuses.append(status)
    channel = a_service(service.url)
    claim = a_claim()
    outcome = await channel.send(claim)
    assert isinstance(outcome, Unclear)
    sighting = await channel.look_up(claim)
    assert isinstance(sighting, CannotTell)
    limits = await channel.capabilities()
    verdict = judge_sighting(claim, sighting, now=NOON, capabilities=limits, policy=Policy())
    assert isinstance(verdict, Hold)
    assert (len(service.taken), service.elsewhere) == (1, 0)


@pytest.mark.parametrize(
    "asks", ["retry=3&wait=0", "optional=yes", "redirect=yes", "overflow=split"]
)
@pytest.mark.parametrize("status", [307, 500])
async def test_an_address_cannot_ask_for_more_than_one_try_or_for_a_kinder_answer(
    service: JsonService, asks: str, status: int
) -> None:
    service.statuses.extend([status] * 4)
    outcome = await a_service(f"{service.url}?{asks}").send(a_claim("long " * 10_000))
    assert isinstance(outcome, Unclear)
    assert (len(service.taken), service.elsewhere) == (1, 0)


async def test_a_service_that_does_not_answer_keeps_nobody_waiting(service: JsonService) -> None:
    service.statuses.append(HANG)
    outcome = await a_service(f"{service.url}?rto=1", seconds=0.3).send(a_claim())
    assert isinstance(outcome, Unclear)
    assert "JSON took longer than 0.3 seconds" in outcome.why


async def test_nobody_listening_is_in_doubt_too() -> None:
    outcome = await a_service(f"json://127.0.0.1:{a_free_port()}/").send(a_claim())
    assert isinstance(outcome, Unclear)
    assert "Connection error" in outcome.why


@contextmanager
def everything_logged() -> Iterator[list[str]]:
    """Listen where Herald's log listens, to all that is said (caplog would go round that)."""
    lines: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    root, listener = logging.getLogger(), Listener()
    before = root.level
    root.addHandler(listener)
    root.setLevel(1)
    try:
        yield lines
    finally:
        root.setLevel(before)
        root.removeHandler(listener)


async def test_no_part_of_the_address_is_told_or_logged(
    service: JsonService, capfd: pytest.CaptureFixture[str]
) -> None:
    service.statuses.append(500)
    url = f"json://ana:{SECRET}@127.0.0.1:{service.port}/hook?+X-Key={SECRET}"
    with everything_logged() as lines:
        outcome = await a_service(url).send(a_claim())
    assert isinstance(outcome, Unclear)
    assert "Internal server error" in outcome.why
    captured = capfd.readouterr()
    assert SECRET not in "\n".join([outcome.why, *lines, captured.out, captured.err])
    assert not captured.err


class Talkative:
    """Stands in for Apprise where it says no, with all that it was told."""

    def __init__(self, words: str) -> None:
        self._words = words

    def notify(self, **_: object) -> AppriseResult:
        entry = NotifyLogEntry("WARNING", self._words)
        return AppriseResult(AppriseResultStatus.FAILURE, [], call_logs=[entry])


def test_what_apprise_repeats_of_the_address_is_hidden() -> None:
    url = f"json://ana:{SECRET}@127.0.0.1/hook/{quote('t0ken of ours')}"
    plugin = Apprise.instantiate(url)
    said = f"No answer from 127.0.0.1\n for {SECRET}:\x07 {url}"
    talkative: Any = Talkative(said)
    told = AppriseService(talkative, plugin, url=url).publish("A text", "")
    assert told is not None
    assert told.startswith("No answer from 127.0.0.1 for ***")
    assert SECRET not in told


async def test_the_limit_is_the_one_that_apprise_knows() -> None:
    discord = a_service("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js")
    assert (await discord.capabilities()).limit == 2000


async def test_the_doctor_hears_where_it_leads_and_nothing_is_posted(service: JsonService) -> None:
    channel = a_service(service.url)
    assert isinstance(channel, Examined)
    [finding] = await channel.examine()
    assert finding.what.startswith("it leads to JSON")
    assert service.taken == []


@pytest.mark.parametrize("action", [Action.EDIT, Action.DELETE, Action.BOOST])
async def test_it_cannot_do_more_than_publish(service: JsonService, action: Action) -> None:
    outcome = await a_service(service.url).send(a_claim(action=action))
    assert isinstance(outcome, Refused)
    assert service.taken == []


# ---------------------------------------------------------------- settings and secret


def test_the_address_is_a_secret() -> None:
    config = a_channel(id=ChannelId("our-chat"), network="apprise")
    assert check_settings(config) == ()
    assert "HERALD_CHANNELS__OUR_CHAT__URL" in missing_secrets(config, {})
    written = a_channel(network="apprise", settings={"url": f"json://{SECRET}/"})
    [problem] = check_settings(written)
    assert problem.code == "secret-in-file"
    assert SECRET not in str(problem)


@pytest.mark.parametrize("url", [f"nothing://{SECRET}", SECRET, f"discord://{SECRET}"])
def test_an_address_that_apprise_does_not_know_is_told_by_its_variable(url: str) -> None:
    config = a_channel(id=ChannelId("our-chat"), network="apprise")
    around = surroundings(Path(), SetClock(NOON))
    with pytest.raises(ConfigurationBroken, match="HERALD_CHANNELS__OUR_CHAT__URL") as told:
        open_channel(config, secrets={"url": url}, around=around)
    assert SECRET not in str(told.value)


def test_where_apprise_is_not_installed_herald_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['apprise'] = None\n"
        "from herald.channels.apprise.channel import open_apprise\n"
        "from tests.makers import a_channel\n"
        "open_apprise(a_channel(network='apprise'), url='json://localhost')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert 'pip install "herald-heritage[apprise]"' in done.stderr

"""What the channels benchmark measures: the same posts, once each, at a strict server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import channels, channels_herald, channels_loops
from benchmarks.channels import seen, serving
from benchmarks.channels_composing import LENGTHS, NETWORKS, SCRIPTS, a_draft
from benchmarks.channels_report import HEAD, Load, Posted, Run, read_load, read_posted
from benchmarks.channels_server import SECRET, Heard, Networks, token_of
from benchmarks.measuring import memory, peak_memory
from herald.channels.signing import signed_headers, signing_key
from herald.clock import SystemClock
from herald.composing.compose import compose
from herald.data.networks import capabilities_of

LOAD = Load(side="mastodon", server="", accounts=1, posts=6, name="test")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving(0) as address:
        yield address


def a_status(**changes: Any) -> Heard:
    headers = {"authorization": f"Bearer {token_of(0)}", "content-type": "application/json"}
    body = {"status": "The salt house", "language": "en", "visibility": "public"}
    headers |= changes.pop("headers", {})
    return Heard(
        method="POST",
        path="/api/v1/statuses",
        headers=headers,
        body=json.dumps(body | changes).encode(),
    )


@pytest.mark.parametrize("network", ["mastodon", "matrix", "webhook"])
async def test_herald_posts_everything_once(server: str, tmp_path: Path, network: str) -> None:
    before = seen(server)
    load = replace(LOAD, side=network, server=server, accounts=2, name=network)
    posted = await channels_herald.post(load, tmp_path)
    assert len(posted.took) == load.posts
    arrived = await asyncio.to_thread(seen, server)
    assert _since(before, arrived) == {"posts": load.posts}


@pytest.mark.parametrize("side", channels_loops.SIDES)
def test_a_loop_posts_everything_once(server: str, side: str) -> None:
    pytest.importorskip(channels_loops.NEEDS[side])
    before = seen(server)
    accounts = 2 if "threads" in side else 1
    load = replace(LOAD, side=side, server=server, accounts=accounts, name=side.replace(" ", ""))
    posted = channels_loops.SIDES[side](load)
    assert len(posted.took) == load.posts
    assert _since(before, seen(server)) == {"posts": load.posts}


def test_a_side_that_runs_in_its_own_process_tells_how_it_did(server: str) -> None:
    run = channels._run(channels._loop("Mastodon.py"), server, 1, 3)
    assert isinstance(run, Run)
    assert (run.seen["posts"], len(run.posted.took)) == (3, 3)
    assert run.posted.processor > 0
    assert 0 < run.posted.seconds < 60


def _since(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Return what arrived but the number of requests, as far as anything did."""
    came = {name: after[name] - before[name] for name in after if name != "requests"}
    return {name: count for name, count in came.items() if count}


@pytest.mark.parametrize(
    ("heard", "status"),
    [
        pytest.param(a_status(), 200, id="a post"),
        pytest.param(
            a_status(headers={"authorization": "Bearer account-99"}), 401, id="a stranger"
        ),
        pytest.param(a_status(status=" "), 422, id="no words"),
        pytest.param(a_status(status="x" * 501), 422, id="too long"),
        pytest.param(
            a_status(status=f"{'x' * 470} https://example.org/{'y' * 90}"), 200, id="link"
        ),
        pytest.param(a_status(language="English"), 422, id="no code of a language"),
        pytest.param(a_status(visibility="everybody"), 422, id="no visibility"),
        pytest.param(replace(a_status(), body=b"status=The"), 400, id="no JSON"),
        pytest.param(replace(a_status(), path="/api/v1/toots"), 404, id="elsewhere"),
    ],
)
def test_the_server_refuses_what_mastodon_refuses(heard: Heard, status: int) -> None:
    networks = Networks()
    assert networks.answer(heard)[0] == status
    assert networks.refused == (status != 200)


def test_the_server_takes_a_repeat_under_one_key_for_the_first_and_counts_another() -> None:
    networks = Networks()
    keyed = a_status(headers={"idempotency-key": "a"})
    first, again = networks.answer(keyed), networks.answer(keyed)
    assert first == again
    assert (networks.repeats, networks.doubles, len(networks.posts)) == (1, 0, 1)
    networks.answer(a_status())
    assert networks.doubles == 1


def test_the_server_takes_no_call_that_is_not_signed() -> None:
    networks, key = Networks(), signing_key(SECRET)
    assert key
    body = json.dumps({"data": {"id": "a", "text": "The salt house"}}).encode()
    headers = signed_headers(key, name="a", body=body, now=SystemClock().now())
    sound = {"content-type": "application/json", **headers}
    forged = sound | {"webhook-signature": "v1,AAAA"}
    old = sound | {"webhook-timestamp": str(int(time.time()) - 3600)}
    for told, status in ((sound, 200), (forged, 401), (old, 401)):
        heard = Heard(method="POST", path="/hook", headers=told, body=body)
        assert networks.answer(heard)[0] == status


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("network", NETWORKS)
def test_what_is_said_to_fit_fits_and_what_is_said_to_be_shortened_is(
    network: str, script: str
) -> None:
    limits = capabilities_of(network)
    short, long, _ = LENGTHS.values()
    assert not compose(a_draft(SCRIPTS[script], short, 49), limits).dropped
    fitted = compose(a_draft(SCRIPTS[script], long, 0), limits)
    assert fitted.fits
    assert ("text" in fitted.dropped) == (network in {"mastodon", "bluesky", "threads"})


def test_what_one_process_writes_another_reads() -> None:
    posted = Posted(seconds=1.5, processor=0.5, peak=40_000_000, took=(0.1, 0.2))
    assert read_posted(posted.spelled()) == posted
    assert read_load(LOAD.spelled()) == LOAD


def test_a_row_has_a_cell_for_each_head() -> None:
    posted = Posted(seconds=2, processor=1, peak=40_000_000, took=(0.1, 0.2, 0.3))
    run = Run(side="a loop", posts=100, posted=posted, seen={"requests": 200})
    cells = run.cells(base=100)
    assert len(cells) == len(HEAD)
    assert cells == ("a loop", "50", "0.50", "200.0", "300.0", "10.0", "40", "2.0")


def test_the_peak_of_memory_is_no_less_than_what_is_held() -> None:
    held = memory()
    if not held:
        pytest.skip("this system does not tell")
    assert peak_memory() >= held

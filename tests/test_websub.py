"""``herald run`` and a hub: subscribed at the start, and told of a change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from herald.app import open_app
from herald.clock import SystemClock
from herald.model.feed import HubLink
from herald.model.polling import Decision, Feed, Understood, Validators
from tests.folders import a_network
from tests.running import a_free_port, running, until
from tests.servers.hub import CHALLENGE, a_hub
from tests.sources.feeds.documents import a_site, item, rss
from tests.sources.folder import write

LATER = timedelta(hours=5)


def a_folder(root: Path, feed: str, port: int) -> Path:
    a_network(
        root,
        config_herald=(
            f'web: {{public_url: "http://127.0.0.1:{port}"}}\nfeeds: {{allow_private: true}}\n'
        ),
    )
    partners = f'argenta:\n  name: Ecomuseo\n  languages: [it]\n  feeds: [{{url: "{feed}"}}]\n'
    write(root, "config/partners.yaml", partners)
    return root


async def the_feed(root: Path, *, named: HubLink | None = None) -> Feed:
    """Return the only feed as the store has it; with *named* it is as if it had named a hub."""
    now = datetime.now(UTC)
    async with open_app(root, SystemClock()) as app:
        if named is not None:
            await app.polling.open_poller((await app.load()).configuration)
        ((only,)) = await app.feeds.health(now=now)
        if named is not None:
            poll = Understood(
                title="",
                validators=Validators(),
                body_hash="h",
                interval=LATER,
                next_check_at=now + LATER,
                hub=named,
            )
            await app.feeds.save_understood(
                only.feed.id, poll, (), lambda known: Decision(), now=now
            )
        return only.feed


async def test_a_daemon_subscribes_at_its_start_and_hears_its_hub(tmp_path: Path) -> None:
    port = a_free_port()
    async with a_site() as site, a_hub() as hub:
        url = site.serve("/feed", rss(item(1)))
        root = a_folder(tmp_path, url, port)
        await the_feed(root, named=HubLink(hub=hub.url, topic=url))
        async with running(root, port=port) as daemon:
            await until(lambda: hub.subscribed, told=lambda: daemon.log)
            assert hub.answers == [(200, CHALLENGE)]
            assert await hub.push(signature="sha256=" + "0" * 64) == 202
            assert (await the_feed(root)).next_check_at > datetime.now(UTC) + LATER / 2
            assert await hub.push() == 202
            assert (await the_feed(root)).next_check_at <= datetime.now(UTC) + timedelta(minutes=1)
            (callback,) = hub.subscribed
            assert callback.rpartition("/")[2] not in daemon.log
            assert "Traceback" not in daemon.log

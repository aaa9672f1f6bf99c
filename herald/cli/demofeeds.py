"""The web sites of the example's partners, served on loopback while the demo runs."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import format_datetime
from importlib.resources import files
from typing import Any

from aiohttp import web
from jinja2 import Environment

Now = Callable[[], datetime]

RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel>
<title>{{ feed.title }}</title><link>https://{{ feed.host }}/</link>
<language>{{ feed.language }}</language>
{% for entry in entries %}<item>
<title>{{ entry.title }}</title><link>https://{{ feed.host }}/{{ entry.slug }}</link>
<guid isPermaLink="false">https://{{ feed.host }}/?p={{ entry.slug }}</guid>
<pubDate>{{ entry.at | rfc822 }}</pubDate>
{% if entry.category %}<category>{{ entry.category }}</category>{% endif %}
<description>{{ entry.text }}</description>
{% if entry.image %}<media:content url="https://{{ feed.host }}/{{ entry.image }}" type="image/jpeg"
 medium="image"><media:description>{{ entry.alt }}</media:description></media:content>{% endif %}
</item>
{% endfor %}</channel></rss>
"""
ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{{ feed.language }}">
<title>{{ feed.title }}</title><id>https://{{ feed.host }}/</id>
<link href="https://{{ feed.host }}/"/>
<updated>{{ (entries[0].at if entries else now).isoformat() }}</updated>
{% for entry in entries %}<entry>
<title>{{ entry.title }}</title><id>tag:{{ feed.host }},2027:{{ entry.slug }}</id>
<link href="https://{{ feed.host }}/{{ entry.slug }}"/>
<published>{{ entry.at.isoformat() }}</published><updated>{{ entry.at.isoformat() }}</updated>
{% if entry.category %}<category term="{{ entry.category }}"/>{% endif %}
<summary>{{ entry.text }}</summary>
</entry>
{% endfor %}</feed>
"""


@asynccontextmanager
async def partner_sites(now: Now) -> AsyncIterator[str]:
    """Serve every example feed as it stands at *now()*; yield the address, ``http://127.0.0.1:…``.

    A feed lies at ``/HOST/…``, whatever follows the host.
    """
    feeds = _feeds()
    pages = Environment(autoescape=True)
    pages.filters["rfc822"] = format_datetime
    templates = {"rss": pages.from_string(RSS), "atom": pages.from_string(ATOM)}

    async def answer(request: web.Request) -> web.Response:
        feed = feeds.get(request.match_info["host"])
        if feed is None:
            raise web.HTTPNotFound(text="No such partner in the example.")
        entries = [entry for entry in reversed(feed["entry"]) if entry["at"] <= now()]
        body = templates[feed["format"]].render(feed=feed, entries=entries, now=now())
        return web.Response(text=body, content_type=f"application/{feed['format']}+xml")

    application = web.Application()
    application.router.add_get("/{host}/{rest:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def _feeds() -> dict[str, dict[str, Any]]:
    text = files("herald.data").joinpath("demo/feeds.toml").read_text(encoding="utf-8")
    return {feed["host"]: feed for feed in tomllib.loads(text)["feed"]}

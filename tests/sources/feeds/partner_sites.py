"""Sites as partners have them, for discovery to look around."""

from __future__ import annotations

from aiohttp import web

from tests.sources.feeds.documents import Answer, Site, calendar, item, rss

WALK = "UID:w\nSUMMARY:A walk\nDTSTART;TZID=Europe/Rome:20270516T100000\nLOCATION:Argenta"
FAIR = "UID:f\nSUMMARY:The fair\nDTSTART;TZID=Europe/Rome:20270612T100000"
NEWS = rss(*(item(number) for number in range(5)))


def page(head: str = "", body: str = "", *, title: str = "Ecomuseo delle Saline") -> str:
    return (
        f'<!doctype html><html lang="it-IT"><head><title>{title}</title>{head}</head>'
        f"<body>{body}</body></html>"
    )


def link(href: str, kind: str = "application/rss+xml", title: str = "") -> str:
    return f'<link rel="alternate" type="{kind}" title="{title}" href="{href}">'


GENERATOR = '<meta name="generator" content="{}">'


def a_wordpress(site: Site) -> str:
    """Serve a WordPress with The Events Calendar whose first page names the news only."""
    head = (
        GENERATOR.format("WordPress 6.8.1")
        + link("/feed/", title="Saline » Feed")
        + link("/comments/feed/", title="Saline » Comments Feed")
        + link("/wp-json/wp/v2/pages/2", "application/json")
    )
    site.serve("/feed/", NEWS)
    site.serve("/comments/feed/", rss(item(99, title="Comment on Story 1")))
    site.serve("/wp-json/tribe/events/v1/events", '{"events": [], "rest_url": "x"}')
    site.answers["/"] = by_query(
        {"ical": calendar(WALK, FAIR), "": page(head, title="Home – Ecomuseo delle Saline")}
    )
    return site.url("/")


def by_query(answers: dict[str, str]) -> Answer:
    """Answer by the first name of the query."""

    async def answer(request: web.Request) -> web.StreamResponse:
        found = next((answers[name] for name in answers if name and name in request.query), None)
        text = answers[""] if found is None else found
        kind = "text/calendar" if text.startswith("BEGIN") else "text/html"
        return web.Response(text=text, content_type=kind)

    return answer


def an_old_static_site(site: Site) -> str:
    """Serve a site of 2009, in Latin-1, that names no feed but has one."""
    html = page(body="<font>Novità</font>").encode("latin-1")
    site.serve("/rss.xml", NEWS)
    return site.serve("/", html, headers={"Content-Type": "text/html; charset=iso-8859-1"})


def a_calendar_only(site: Site) -> str:
    """Serve a page that links a calendar by the button of its program."""
    there = site.base.partition("//")[2]
    site.serve("/cal/events.ics", calendar(WALK))
    return site.serve("/", page(body=f'<a href="webcal://{there}/cal/events.ics">Abbonati</a>'))


def a_script_only(site: Site) -> str:
    """Serve a page that is nothing without JavaScript."""
    return site.serve("/", page(body='<div id="root"></div><script src="/app.js"></script>'))


def a_wary_site(site: Site) -> str:
    """Serve a site that lets no program in."""
    return site.serve("/", "Forbidden", status=403)


def an_endless_page(site: Site) -> str:
    """Serve a page that never ends, faster than it can be read."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(200):
            await response.write(b"<p>more</p>" * 10_000)
        return response

    site.answers["/"] = answer
    return site.url("/")

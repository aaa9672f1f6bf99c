"""Golden stories: a folder that an officer might have, and the plan as text that can be read.

``story.toml`` says at which moment one looks (``now``), which days (``from``, ``until``), and what
the story shows. With ``feeds/before`` and ``feeds/after`` a small server on loopback gives the
partners' documents: those of ``before`` to a first poll at ``polled``, those of ``after`` at
``now``; what ``order`` names appears every second day, the last at ``now``. With ``sent``, all that
is due then goes out before that. ``{feeds}`` in ``config/partners.yaml`` and in the documents is
the server's address.
"""

from __future__ import annotations

import asyncio
import shutil
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from aiohttp import web

from herald.app import App, open_app
from herald.clock import SetClock
from herald.model.delivery import Action
from herald.model.ids import EntryId
from herald.model.plan import PlannedDelivery, Skipped, Step
from herald.model.problem import Problem, Severity
from herald.results import Compared

STORIES = Path(__file__).parent
EXAMPLE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One folder of files and how to look at it."""

    folder: Path
    source: Path
    """Where campaigns/ and config/ are."""
    tells: str
    now: datetime
    first: date
    last: date
    polled: datetime | None = None
    sent: datetime | None = None
    order: tuple[str, ...] = ()

    def appears(self, name: str) -> datetime:
        """Return when the later document of this *name* stands on its site."""
        behind = len(self.order) - 1 - self.order.index(name) if name in self.order else 0
        return self.now - timedelta(days=2 * behind)


def stories() -> list[Story]:
    """Return every story, by name."""
    return [_story(path.parent) for path in sorted(STORIES.glob("*/story.toml"))]


def _story(folder: Path) -> Story:
    facts = tomllib.loads((folder / "story.toml").read_text(encoding="utf-8"))
    return Story(
        folder=folder,
        source=EXAMPLE if facts.get("files") == "the shipped example" else folder,
        tells=facts["tells"].strip(),
        now=facts["now"],
        first=facts["from"],
        last=facts["until"],
        polled=facts.get("polled"),
        sent=facts.get("sent"),
        order=tuple(facts.get("order", ())),
    )


async def told(story: Story, folder: Path) -> str:
    """Plan *story* in the empty *folder*, and return the plan as text."""
    for name in ("campaigns", "config"):
        shutil.copytree(story.source / name, folder / name)
    clock = SetClock(story.polled or story.now)
    sends = story.sent is not None
    async with (
        _sites(story, clock) as address,
        open_app(folder, clock, channels=sends, alone=sends) as app,
    ):
        if story.polled is not None:
            partners = folder / "config" / "partners.yaml"
            partners.write_text(partners.read_text("utf-8").replace("{feeds}", address), "utf-8")
            await app.poll()
        if story.sent is not None:
            clock.advance(story.sent - clock.now())
            await app.replan()
            await app.run_once(asyncio.Event())
        for moment in sorted({story.now, *map(story.appears, story.order)}):
            clock.advance(moment - clock.now())
            if story.polled is not None:
                await app.poll()
        compared = await app.compare(first=story.first, last=story.last)
        return await _page(story, app, compared)


@asynccontextmanager
async def _sites(story: Story, clock: SetClock) -> AsyncIterator[str]:
    """Serve a story's documents: what stood there before at first, then what came after."""

    async def answer(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        when = "after" if clock.now() >= story.appears(name) else "before"
        body = (story.folder / "feeds" / when / name).read_bytes()
        # What an account posted stands on the server that gives its feed.
        body = body.replace(b"{feeds}", f"http://{request.host}".encode())
        kind = "text/calendar" if name.endswith(".ics") else "application/xml"
        return web.Response(body=body, content_type=kind)

    application = web.Application()
    application.router.add_get("/{name:.+}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def _page(story: Story, app: App, compared: Compared) -> str:
    plan = compared.plan
    loaded = await app.load()
    titles = {
        entry.id: entry.content.title
        for entry in await app.feeds.entries(datetime(2000, 1, 1, tzinfo=UTC))
    }
    steps = {step.key: step for step in compared.difference.steps}
    lines = [
        *story.tells.splitlines(),
        "",
        f"Seen at {story.now:%Y-%m-%d %H:%M} UTC, from {story.first} until {story.last}.",
    ]
    deliveries = sorted(plan.deliveries, key=lambda one: _order(one, titles))
    for delivery in deliveries:
        lines += ["", *_delivery(delivery, steps[delivery.key], titles)]
    lines += ["", f"{len(deliveries)} deliveries"]
    if plan.issues:
        lines += ["", "Issues"]
        lines += [
            f"  {_local(issue.due_at, issue.zone)}  {issue.key}  in {' '.join(issue.languages)}"
            f"  approve: {issue.approve}"
            for issue in plan.issues
        ]
    if plan.skipped:
        lines += ["", "Skipped", *(f"  {line}" for line in _skipped(plan.skipped, titles))]
    if plan.corrections:
        lines += ["", "To correct", *sorted(f"  {one.why}: {one.note}" for one in plan.corrections)]
    for title, problems in (("Check says", loaded.problems), ("The plan says", plan.problems)):
        if problems:
            lines += ["", title, *(f"  {line}" for line in dict.fromkeys(map(_said, problems)))]
    return "\n".join(lines) + "\n"


def _order(delivery: PlannedDelivery, titles: dict[EntryId, str]) -> tuple[object, ...]:
    """Order by moment and by what can be read: an amplified entry's key hangs on the port."""
    return (
        delivery.due_at,
        delivery.channel,
        delivery.campaign,
        (titles.get(delivery.entry) or delivery.payload.text) if delivery.entry else delivery.item,
        delivery.part == 0 and delivery.target is not None,
        delivery.language,
        delivery.part,
    )


def _delivery(delivery: PlannedDelivery, step: Step, titles: dict[EntryId, str]) -> Iterator[str]:
    state = f"{step.state}" + (f": {step.reason}" if step.reason else "")
    change = "" if step.change == "new" else f" ({step.change})"
    payload = delivery.payload
    limit = f" of {payload.limit}" if payload.limit else ""
    what = f"“{titles[delivery.entry]}”" if delivery.entry else delivery.item
    if delivery.action is Action.BOOST:
        what = f"boost of {urlsplit(payload.link).path}"
    yield (
        f"{_local(delivery.due_at, delivery.zone)}  {delivery.channel}  {delivery.language}"
        f"  {state}{change}"
    )
    partner = f"  partner {delivery.partner}" if delivery.partner else ""
    yield f"  {delivery.campaign} / {what} / {delivery.occasion}{partner}"
    yield (
        f"  {payload.length}{limit}, not after {_local(delivery.not_after_at, delivery.zone)}"
        f"{'' if delivery.catch_up == 'post' else f', late: {delivery.catch_up}'}"
    )
    if delivery.part:
        yield f"  part {delivery.part + 1} of its thread"
    elif delivery.target is not None:
        yield "  answers the leading language"
    if payload.also:
        yield f"  also in {' '.join(payload.also)}"
    if step.note:
        yield f"  {step.note}"
    yield from (f"  | {line}".rstrip() for line in payload.text.split("\n"))
    for media in payload.media:
        yield f"  [{media.file or media.url}] {media.alt}"


def _local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M} {zone}"


def _skipped(skipped: tuple[Skipped, ...], titles: dict[EntryId, str]) -> list[str]:
    return [
        " / ".join(
            str(part)
            for part in (
                one.campaign,
                titles.get(EntryId(one.item), one.item),
                one.occasion,
                one.channel,
                one.language,
            )
            if part
        )
        # An entry's id hangs on the port.
        + f": {one.reason.replace(one.item, 'ENTRY') if one.item in titles else one.reason}"
        for one in skipped
    ]


def _said(problem: Problem) -> str:
    hint = f" ({problem.hint})" if problem.hint else ""
    error = "ERROR " if problem.severity is Severity.ERROR else ""
    return f"{error}{problem.place.file}:{problem.place.line}: {problem.message}{hint}"

"""What must be true of every page, mail and screen that shows a partner's words."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

from lxml import html
from rich.console import Console, RenderableType

from herald.cli.feedview import show_looked
from herald.cli.partner_show import show_found
from herald.mailing.letters.gather import Sources, gather
from herald.mailing.letters.render import render
from herald.model.advice import Looked
from herald.model.campaign import Kind, Section
from herald.model.feed import Entry, ParsedFeed
from herald.model.ids import Language
from herald.model.plan import Plan
from herald.model.polling import Feed
from herald.model.span import parse_span
from herald.model.words import Words
from herald.outbox.reconcile import reconcile
from herald.reporting.documents import plan_document
from herald.reporting.feedletter import letter_of_hints, letter_of_trouble
from herald.reporting.feedpage import render_feed_html
from herald.reporting.outboxview import outbox_view
from herald.reporting.planview import plan_view
from herald.reporting.preview import render_preview_html, render_preview_text
from herald.sources.feeds.advice.advice import improvements
from herald.sources.feeds.discovery.candidates import Candidate
from herald.sources.feeds.discovery.discover import Discovery
from tests.fuzz.rules_posting import CONFIGURATION
from tests.mailing.makers import a_newsletter, a_planned_issue

_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
_FORBIDDEN = frozenset(
    "script iframe object embed svg math form input textarea base plaintext template".split()  # noqa: SIM905
)
_OWN_STYLE = re.compile(r"\x1b\[\d*m")
"""Bold and back: what Herald itself prints on a terminal."""
_TURNING = re.compile("[\u202a-\u202e]")
_ITALIAN = Language("it")
_NEWSLETTER = a_newsletter(
    Section(title=Words.of({"it": "Dai partner"}), partners=("*",), since_last=True, most=20),
    Section(title=Words.of({"it": "Prossimamente"}), partners=("*",), kinds=(Kind.EVENT,),
            next=parse_span("45d"), most=20),
)  # fmt: skip


def faults_of_screens(
    feed: ParsedFeed, *, now: datetime, page: Callable[..., str] = render_feed_html
) -> Iterator[str]:
    """Say what is wrong with how a feed is shown: as a page, on a terminal, in a letter."""
    advice = improvements(feed, now=now, visit=None)
    looked = Looked(source="feed.xml", at=now, feed=feed, advice=advice)
    yield from unsound_html("page", page(looked, zone="Europe/Rome"))
    yield from _acts(
        "check", printed(lambda: show_looked(looked, zone="Europe/Rome", everything=False))
    )
    one = Candidate(url=feed.link or "https://example.org/feed", why="named by its page", feed=feed)
    found = Discovery(site="https://example.org/", title=feed.title, candidates=(one,))
    yield from _acts("add", printed(lambda: show_found(found, now=now, chosen=())))
    letter = letter_of_hints("https://example.org/feed", advice, language=_ITALIAN)
    yield from _acts("letter", letter.body + letter.subject)


def faults_of_letter(feed: Feed, trouble: str, *, now: datetime) -> Iterator[str]:
    """Say what is wrong with the letter about a feed in trouble."""
    ill = replace(feed, trouble=trouble, trouble_since=now)
    letter = letter_of_trouble(ill, language=_ITALIAN, zone="Europe/Rome")
    yield from _acts("letter of trouble", letter.body + letter.subject)


def faults_of_previews(plan: Plan, *, now: datetime) -> Iterator[str]:
    """Say what is wrong with how a plan is shown."""
    met = reconcile(plan, (), now=now)
    rows = [step.after for step in met.steps if step.after is not None]
    yield from _acts(
        "plan", _on_console(plan_view(plan_document(plan, met, {}, {}), everything=True))
    )
    yield from _acts("outbox", _on_console(outbox_view(rows)))
    yield from _acts("preview", render_preview_text(plan, width=100))
    page = render_preview_html(plan, title="Plan", moment=now)
    yield from unsound_html("preview", page)


def faults_of_newsletter(entries: Sequence[Entry], *, now: datetime) -> Iterator[str]:
    """Say what is wrong with a newsletter that tells *entries*."""
    planned = a_planned_issue(due_at=now, languages=(_ITALIAN,))
    sources = Sources(
        campaigns=(),
        configuration=CONFIGURATION,
        entries=tuple(replace(entry, language=_ITALIAN) for entry in entries),
    )
    content = gather(_NEWSLETTER, planned, sources, now=now, since=None)
    for edition in content.editions:
        mail = render(edition, list_name="Amici")
        yield from unsound_html("newsletter", mail.html)
        yield from _acts("newsletter", f"{mail.subject}\n{mail.text}")


def unsound_html(name: str, page: str) -> Iterator[str]:
    """Say what a page holds that Herald's own templates never write."""
    page.encode()
    for element in html.document_fromstring(page).iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in _FORBIDDEN:
            yield f"{name}: <{element.tag}>"
        for attribute, value in element.attrib.items():
            if attribute.startswith("on") or attribute in {"srcdoc", "formaction"}:
                yield f"{name}: the attribute {attribute}"
            wanted = ("http://", "https://", "#", "mailto:")
            if attribute in {"href", "src"} and not value.lower().startswith(wanted):
                yield f"{name}: a link to {value[:60]!r}"
    balance = _Balance()
    balance.feed(page)
    balance.close()
    if balance.fault or balance.open:
        yield f"{name}: {balance.fault or f'<{balance.open[-1]}> stays open'}"
    yield from _acts(name, page)


def printed(show: Callable[[], None]) -> str:
    """Return what *show* prints on a terminal, less the bold of Herald's own."""
    screen = _Screen()
    with redirect_stdout(screen):
        show()
    return _OWN_STYLE.sub("", screen.getvalue())


class _Screen(io.StringIO):
    """Text that says it is a terminal: click takes escapes out for anything else."""

    def isatty(self) -> bool:
        return True


class _Balance(HTMLParser):
    """Sees that every element is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fault = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.fault = self.fault or f"</{tag}> closes nothing"


def _on_console(shown: RenderableType) -> str:
    screen = io.StringIO()
    console = Console(file=screen, width=120, highlight=False, markup=False, emoji=False)
    console.print(shown)
    return screen.getvalue()


def _acts(name: str, text: str) -> Iterator[str]:
    text.encode()
    for one in sorted(set(text)):
        if unicodedata.category(one) == "Cc" and one not in "\n\t":
            place = text.index(one)
            yield f"{name}: a control character in {text[max(0, place - 30) : place + 30]!r}"
            return
    if found := _TURNING.search(text):
        yield f"{name}: a direction is turned in {text[found.start() - 20 : found.end() + 20]!r}"

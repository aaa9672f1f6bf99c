"""``herald partner``: finds a partner's feeds and calendars and writes them down."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from herald.cli.context import Invocation
from herald.cli.groups import Group
from herald.cli.output import as_json_option, print_json, run_async
from herald.cli.partner_ask import ASK_FIRST, AUTO, Said

if TYPE_CHECKING:
    from herald.sources.config.edit import Edited, NotEdited
    from herald.sources.config.shapes import PartnerShape
    from herald.sources.config.yaml_words import NewPartner
    from herald.sources.feeds.discovery.candidates import Candidate
    from herald.sources.feeds.discovery.discover import Discovery

_HEADER = b"# The network's members.\n"


@click.group(cls=Group)
def partner() -> None:
    """Add partners with their feeds and calendars.

    \b
    herald partner add www.ecomuseo.example.org
    """


def _checked(read: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return a callback that reads an option by the same rule as the file, before any request."""

    def callback(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        from herald.sources.config import guess
        from herald.sources.languages import canonical

        readers: Mapping[str, Callable[[str], str]] = {
            "id": guess.read_id,
            "country": guess.read_country,
            "licence": guess.licence_from,
            "languages": canonical,
        }
        try:
            if isinstance(value, tuple):
                parts = (part for one in value for part in one.replace(",", " ").split())
                return tuple(dict.fromkeys(readers[read](part) for part in parts))
            return None if value is None else readers[read](value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from error

    return callback


@partner.command("add")
@click.argument("url")
@click.option("--id", "id_", callback=_checked("id"), help="Its id: letters, digits and hyphens.")
@click.option("--name", help="Its name; the site's title if nothing is said.")
@click.option("--country", callback=_checked("country"), help="Two capital letters: IT.")
@click.option(
    "--language",
    "languages",
    multiple=True,
    callback=_checked("languages"),
    help="A language it publishes in; may be repeated.",
)
@click.option(
    "--licence", callback=_checked("licence"), help="Of its texts: CC-BY-4.0, or none if unstated."
)
@click.option("--tag", "tags", multiple=True, help="A word by which campaigns choose it.")
@click.option(
    "--trust",
    type=click.Choice([AUTO, ASK_FIRST]),
    help="auto adds the tag trusted, which rules can use; ask (the usual) adds nothing.",
)
@click.option("--feed", "feeds", multiple=True, help="Take this address; may be repeated.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what is found and guessed.")
@click.option("--dry-run", is_flag=True, help="Show what would be written; write nothing.")
@click.option("--allow-private", is_flag=True, help="Let the site be on this computer or network.")
@as_json_option
@click.pass_obj
def add(  # noqa: PLR0913, PLR0917 -- one option each for what a person may want to say beforehand
    invocation: Invocation,
    url: str,
    id_: str | None,
    name: str | None,
    country: str | None,
    languages: tuple[str, ...],
    licence: str | None,
    tags: tuple[str, ...],
    trust: str | None,
    feeds: tuple[str, ...],
    yes: bool,
    dry_run: bool,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Find the feeds and calendars of a partner's site, and add it to config/partners.yaml.

    URL is the partner's web site, or the address of a feed or calendar. Shows what was found with
    three entries each, asks what the site does not say, and writes; comments stay as they are.
    Without a terminal nothing is asked. Exit status 1 if nothing was found or written.

    \b
    herald partner add www.ecomuseo.example.org
    herald partner add https://example.org/events.ics --id salt-house --language it --yes
    """
    said = Said(
        id=id_,
        name=name,
        country=country,
        languages=languages,
        licence=licence,
        tags=tags,
        trust=trust,
    )
    can_ask = not (yes or as_json) and sys.stdin.isatty() and sys.stdout.isatty()
    adding = _Adding(invocation, said, can_ask=can_ask, as_json=as_json, dry_run=dry_run)
    adding.run(url, feeds, allow_private=allow_private)


class _Adding:
    """One call of ``herald partner add``."""

    def __init__(
        self, invocation: Invocation, said: Said, *, can_ask: bool, as_json: bool, dry_run: bool
    ) -> None:
        self._invocation = invocation
        self._root = invocation.folder
        self._path = invocation.folder / "config" / "partners.yaml"
        self._said = said
        self._can_ask = can_ask
        self._as_json = as_json
        self._dry_run = dry_run
        self._now = invocation.moment()

    def run(self, url: str, feeds: Sequence[str], *, allow_private: bool) -> None:
        """Look, ask, write, in this order: whoever leaves in between has changed nothing."""
        if not self._path.parent.is_dir():
            where = "here" if self._root == Path() else f"in {self._root}"
            raise click.ClickException(
                f"there is no config/ {where}: run herald init to write an example, or name the"
                " folder with herald -C DIR"
            )
        partners = self._partners()
        found, chosen = run_async(self._look(url, feeds, allow_private=allow_private))
        if not chosen:
            self._end(found, (), problems=(found.trouble,))
        if not self._as_json:
            from herald.cli.partner_show import show_found

            show_found(found, now=self._now, chosen=[one.url for one in chosen])
        if self._can_ask and not feeds:
            from herald.cli.partner_ask import ask_which

            chosen = ask_which(found, chosen)
        self._add(found, self._unlisted(found, chosen, partners), partners)

    def _partners(self) -> Mapping[str, PartnerShape]:
        """Return the partners that are there; none where the file is broken."""
        from herald.sources.config.load import read_config_file

        file = read_config_file(self._root, "partners")
        return {} if file.shape is None else dict(file.shape.root)

    async def _look(
        self, url: str, feeds: Sequence[str], *, allow_private: bool
    ) -> tuple[Discovery, tuple[Candidate, ...]]:
        """Visit the site; with *feeds* also those of them that it does not offer by itself."""
        from dataclasses import replace

        from herald.settings import read_settings
        from herald.sources.feeds.discovery.candidates import best_of
        from herald.sources.feeds.discovery.discover import ITSELF, discover
        from herald.sources.feeds.fetching.fetch import Fetcher
        from herald.sources.feeds.identity.canonical import canonical_link
        from herald.sources.feeds.parsing.workers import Parser

        settings, _ = read_settings(self._root)
        clock = self._invocation.clock()
        may = allow_private or (settings is not None and settings.feeds.allow_private)
        contact = settings.contact if settings else ""
        async with (
            Fetcher(contact=contact, clock=clock, allow_private=may) as fetcher,
            Parser(workers=1) as parser,
        ):
            found = await discover(url, fetcher=fetcher, parser=parser, clock=clock, tell=_tell)
            if not feeds:
                return found, best_of(found.candidates)
            chosen: list[Candidate] = []
            for feed in feeds:
                known = {canonical_link(one.url): one for one in found.candidates}
                one = known.get(canonical_link(feed))
                if one is None:
                    more = await discover(
                        feed, fetcher=fetcher, parser=parser, clock=clock, tell=_tell
                    )
                    one = next((got for got in more.candidates if got.why == ITSELF), None)
                    if one is None:
                        why = more.trouble or "there is no feed at this very address."
                        return replace(found, trouble=f"--feed {feed}: {why}"), ()
                    found = replace(found, candidates=(*found.candidates, one))
                chosen.append(replace(one, same_as=""))
            return found, tuple(chosen)

    def _unlisted(
        self,
        found: Discovery,
        chosen: Sequence[Candidate],
        partners: Mapping[str, PartnerShape],
    ) -> tuple[Candidate, ...]:
        """Return those that no partner lists yet; leave if there is none."""
        from herald.sources.feeds.identity.canonical import canonical_link

        listed = {
            canonical_link(feed.url): name
            for name, shape in partners.items()
            for feed in shape.feeds
        }
        fresh = tuple(one for one in chosen if canonical_link(one.url) not in listed)
        if not self._as_json:
            for one in chosen:
                if owner := listed.get(canonical_link(one.url)):
                    click.echo(f"\n{one.url} is listed already, under {owner}.")
        if not fresh:
            self._end(found, chosen, problems=())
        return fresh

    def _add(
        self,
        found: Discovery,
        chosen: tuple[Candidate, ...],
        partners: Mapping[str, PartnerShape],
    ) -> None:
        from herald.cli.partner_ask import feeds_of, settle_licence, settle_partner
        from herald.sources.config.edit import with_feeds, with_partner
        from herald.sources.config.yaml_words import NewPartner

        joined = self._joined(found, chosen, partners)
        if joined is None:
            new = settle_partner(found, chosen, self._said, taken=partners, can_ask=self._can_ask)
            edit = with_partner(self._content(), new)
            tags = new.tags
        else:
            licence = settle_licence(found, chosen, self._said, can_ask=self._can_ask)
            shape = partners[joined]
            new = NewPartner(
                id=joined,
                name=next(iter(shape.name.values())),
                country=shape.country or "",
                languages=shape.languages,
                tags=shape.tags,
                feeds=feeds_of(chosen, licence),
            )
            edit = with_feeds(self._content(), joined, new.feeds)
            tags = shape.tags
        self._write(found, chosen, new, edit, is_new=joined is None, tags=tags)

    def _joined(
        self,
        found: Discovery,
        chosen: Sequence[Candidate],
        partners: Mapping[str, PartnerShape],
    ) -> str | None:
        """Return the partner that is there already and gets the feeds; None for a new one."""
        from herald.cli.partner_ask import ask_whether_to_join
        from herald.sources.config.guess import same_host

        if self._said.id is not None:
            return self._said.id if self._said.id in partners else None
        addresses = (found.site, *(one.url for one in chosen))
        for name, shape in partners.items():
            if any(same_host(feed.url, url) for feed in shape.feeds for url in addresses):
                title = next(iter(shape.name.values()))
                if not self._can_ask or ask_whether_to_join(name, title):
                    return name
        return None

    def _content(self) -> bytes:
        return self._path.read_bytes() if self._path.exists() else _HEADER

    def _write(
        self,
        found: Discovery,
        chosen: Sequence[Candidate],
        new: NewPartner,
        edit: Edited | NotEdited,
        *,
        is_new: bool,
        tags: Sequence[str],
    ) -> None:
        from herald.sources.config.edit import NotEdited
        from herald.sources.config.write import write_whole
        from herald.sources.config.yaml_words import feed_words, partner_block

        block = partner_block(new) if is_new else ""
        block = block or "".join(f"    - {feed_words(feed)}\n" for feed in new.feeds)
        if isinstance(edit, NotEdited):
            self._refuse(found, chosen, new, edit)
            return
        if not self._as_json:
            where = "at the end of" if is_new else f"under {new.id} in"
            verb = "Would be written" if self._dry_run else "To be written"
            click.echo(f"\n{verb} {where} config/partners.yaml:\n\n{block}")
        if self._dry_run:
            self._end(found, chosen, partner=new)
        if self._can_ask:
            click.confirm("Write it?", default=True, abort=True)
        write_whole(self._path, edit.content)
        if self._as_json:
            self._end(found, chosen, partner=new, written="config/partners.yaml")
        self._show_next(new.id, tags)

    def _refuse(
        self,
        found: Discovery,
        chosen: Sequence[Candidate],
        new: NewPartner,
        edit: NotEdited,
    ) -> None:
        """Leave the file alone, and give what a person can paste."""
        told = [f"{edit.why}; nothing was written.", *map(str, edit.problems)]
        if not self._as_json:
            click.echo(f"\nTo paste once that is settled:\n\n{edit.block}")
        self._end(found, chosen, partner=new, problems=told)

    def _show_next(self, id_: str, tags: Sequence[str]) -> None:
        from herald.cli.check import load_all
        from herald.cli.partner_show import show_next
        from herald.sources.problems import has_errors

        click.echo("Written to config/partners.yaml.")
        loaded, problems = load_all(self._root.resolve())
        campaigns = None if has_errors(problems) else loaded.campaigns
        folder = "" if self._root.resolve() == Path.cwd() else f" -C {self._root}"
        show_next(id_, tags, campaigns, folder=folder)

    def _end(
        self,
        found: Discovery,
        chosen: Sequence[Candidate],
        *,
        partner: NewPartner | None = None,
        written: str | None = None,
        problems: Sequence[str] = (),
    ) -> None:
        """Say what is left to say, and leave: with 1 if something is wrong."""
        from herald.cli.partner_show import document_of

        if self._as_json:
            urls = [one.url for one in chosen]
            print_json(
                document_of(
                    found,
                    now=self._now,
                    chosen=urls,
                    partner=partner,
                    written=written,
                    problems=problems,
                )
            )
        else:
            for problem in problems:
                click.echo(problem, err=True)
            for note in () if found.candidates else found.notes:
                click.echo(note, err=True)
        raise SystemExit(1 if problems else 0)


def _tell(url: str) -> None:
    """Show each request while a person waits for it; a pipe gets nothing."""
    if sys.stderr.isatty():
        click.echo(f"  asking {url} …", err=True)

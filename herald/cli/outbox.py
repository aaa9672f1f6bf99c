"""``herald outbox``: deliveries, and what a person decides about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from herald.cli.context import Invocation
from herald.cli.correct import correct
from herald.cli.groups import Group
from herald.cli.output import a_console, as_json_option, print_json, run_async

if TYPE_CHECKING:
    from herald.model.delivery import Delivery

STATES = ("pending", "claimed", "held", "sent", "failed", "expired", "withdrawn")


@click.group(cls=Group)
def outbox() -> None:
    """See what waits to go out, and decide about it.

    \b
    herald outbox list --state held
    herald outbox approve 3fa9
    herald outbox approve --campaign ecomuseum-stories
    """


@outbox.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Only these.")
@click.option("--campaign", default="", help="Only this campaign's.")
@click.option("--item", default="", help="Only this item's.")
@click.option("--channel", default="", help="Only this channel's.")
@as_json_option
@click.pass_obj
def list_(invocation: Invocation, /, as_json: bool, states: tuple[str, ...], **narrow: str) -> None:
    """List deliveries, oldest moment first.

    \b
    herald outbox list --state held --campaign ecomuseum-stories
    """

    async def work() -> tuple[Delivery, ...]:
        async with invocation.open_to_look() as app:
            return await app.store.list_deliveries(states=states, **narrow)

    deliveries = run_async(work())
    if as_json:
        from herald.reporting.documents import outbox_document

        print_json(outbox_document(deliveries))
        return
    from herald.reporting.outboxview import outbox_view

    a_console().print(outbox_view(deliveries))


@outbox.command()
@click.argument("key")
@as_json_option
@click.pass_obj
def show(invocation: Invocation, key: str, as_json: bool) -> None:
    """Show one delivery with its text and every attempt to send it.

    \b
    herald outbox show 3fa9c2
    """

    async def work() -> tuple[Delivery, Any, Any, Any]:
        async with invocation.open_to_look() as app:
            found = await app.desk.find(key)
            following = await app.store.following([found.key])
            counts = await app.echo_store.counts([found.key])
            return found, await app.store.attempts(found.key), following, counts.get(found.key)

    delivery, attempts, following, counts = run_async(work())
    from herald.reporting.documents import attempt_document, counts_document, delivery_document

    document = delivery_document(delivery) | {
        "attempts_made": [attempt_document(attempt) for attempt in attempts]
    }
    if corrections := [delivery_document(row) for row in following if row.corrects]:
        document["corrected_by"] = corrections
    if counts is not None:
        document["reactions"] = counts_document(counts)
    if as_json:
        print_json(document)
        return
    from herald.reporting.outboxview import delivery_view

    a_console().print(delivery_view(document))


def _choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Add the ways to name deliveries that all decisions share."""
    for option in (
        as_json_option,
        click.option("--all", "everything", is_flag=True, help="All that this can be done to."),
        click.option("--item", default="", help="All of this item."),
        click.option("--campaign", default="", help="All of this campaign."),
        click.argument("keys", nargs=-1),
    ):
        command = option(command)
    return command


def _decision(verb: str, summary: str) -> None:
    """Add ``herald outbox VERB``."""

    @click.pass_obj
    def command(invocation: Invocation, /, **choice: Any) -> None:
        _decide(invocation, verb, **choice)

    command.__doc__ = (
        f"{summary}\n\nKEYS are keys or their first digits."
        f"\n\n\b\nherald outbox {verb} 3fa9\nherald outbox {verb} --campaign ecomuseum-stories"
    )
    chosen = _choosing(command)
    if verb == "retry":
        chosen = click.option("--sure", is_flag=True, help="I looked: it is not there.")(chosen)
    outbox.command(verb)(chosen)


def _decide(
    invocation: Invocation,
    verb: str,
    *,
    keys: tuple[str, ...],
    campaign: str,
    item: str,
    everything: bool,
    as_json: bool,
    sure: bool = False,
) -> None:
    if not (keys or campaign or item or everything):
        raise click.UsageError("Say which: a key, --campaign, --item or --all.")

    async def work() -> Any:
        async with invocation.open_to_change() as app:
            return await app.desk.decide(verb, keys=keys, campaign=campaign, item=item, sure=sure)

    decided, refused = run_async(work())
    if as_json:
        from herald.reporting.documents import outbox_document

        print_json(
            outbox_document(decided)
            | {"refused": [{"key": key, "reason": why} for key, why in refused]}
        )
    else:
        for delivery in decided:
            click.echo(
                f"{delivery.key[:8]}  {delivery.state}"
                f"{f' ({delivery.reason})' if delivery.reason else ''}"
                f"  {delivery.campaign}/{delivery.item}  {delivery.channel} {delivery.language}"
                f"  {delivery.due_at.astimezone(ZoneInfo(delivery.zone)):%Y-%m-%d %H:%M}"
            )
        named = bool(keys)
        for key, why in refused if named else ():
            click.echo(f"{key[:8]}  {why}", err=True)
        if not decided:
            click.echo(f"Nothing to {verb}.", err=True)
    if not decided or (keys and refused):
        raise SystemExit(1)


for _verb, _summary in (
    ("approve", "Agree to what you saw: text, link, pictures and moment."),
    ("hold", "Keep deliveries from going out until you release them."),
    ("release", "Let held deliveries go out."),
    ("withdraw", "Drop deliveries that were not sent."),
    ("retry", "Send again what failed, expired, or is unclear and certainly not out there."),
):
    _decision(_verb, _summary)


@outbox.command("mark-sent")
@click.argument("key")
@click.argument("url", default="")
@click.pass_obj
def mark_sent(invocation: Invocation, key: str, url: str) -> None:
    """Tell Herald that an unclear delivery is there after all.

    \b
    herald outbox mark-sent 3fa9 https://social.example.org/@us/1139
    """

    async def work() -> None:
        async with invocation.open_to_change() as app:
            await app.desk.mark_sent(key, url)

    run_async(work())
    click.echo("Recorded as sent.")


@outbox.command()
@click.argument("key")
@click.argument("language")
@click.argument("text")
@click.pass_obj
def translate(invocation: Invocation, key: str, language: str, text: str) -> None:
    """Type the translation that a delivery waits for, and let it go out.

    \b
    herald outbox translate 3fa9 en "Fifty years of the hop museum"
    """

    async def work() -> Delivery:
        from herald.model.network import Capabilities

        async with invocation.open_to_change() as app:
            row = await app.desk.find(key)
            configuration = (await app.load()).configuration
            limits = (await app.capabilities(configuration)).get(row.channel, Capabilities())
            return await app.desk.translate(key, language, text, capabilities=limits)

    delivery = run_async(work())
    click.echo(f"{delivery.key[:8]}  {delivery.state}\n\n{delivery.payload.text}")


outbox.add_command(correct)

"""``herald outbox correct``: sets right what was sent and is no longer true."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from herald.cli.context import Invocation
from herald.cli.output import as_json_option, print_json, run_async

if TYPE_CHECKING:
    from herald.correcting import Proposal
    from herald.model.delivery import Delivery

WAYS = ("edit", "reply", "delete")
VERBS = {
    "edit": "The post is edited: it says the new text in place of the old.",
    "reply": "The post stays, and is answered by the new text.",
    "delete": "The post is deleted, with what people answered or shared.",
}


@click.command()
@click.argument("key", required=False)
@click.option("--text", default="", help="What it is to say, in your words.")
@click.option("--edit", "way", flag_value="edit", help="Change the post itself.")
@click.option("--reply", "way", flag_value="reply", help="Leave the post, and answer it.")
@click.option("--delete", "way", flag_value="delete", help="Take the post down.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
@click.pass_obj
def correct(
    invocation: Invocation, key: str | None, text: str, way: str | None, yes: bool, as_json: bool
) -> None:
    """Correct a post that was sent; without KEY, list those that are no longer true.

    Where the network lets a post be changed, it is; elsewhere it is answered. Nothing is corrected
    before you have seen the old and the new text and agreed.

    \b
    herald outbox correct
    herald outbox correct 3fa9
    herald outbox correct 3fa9 --reply --text "We meet at 11:00, not at 10:00."
    """
    if key is None:
        if text or way or yes:
            raise click.UsageError("Say which post: KEY, as `herald outbox correct` lists it.")
        _list(invocation, as_json=as_json)
        return
    if way == "delete" and text:
        raise click.UsageError("--delete takes no --text: there is nothing left to say it.")
    proposal = run_async(_look(invocation, key, text.strip(), way))
    if proposal.obstacle:
        _refuse(proposal, as_json=as_json)
    if not as_json:
        _show(proposal)
    if not yes and not _agreed(as_json=as_json):
        if as_json:
            print_json(_document(proposal) | {"enqueued": None})
        else:
            click.echo("Nothing was changed. To do this: add --yes.", err=True)
        raise SystemExit(1)
    made = run_async(_enqueue(invocation, proposal))
    if as_json:
        from herald.reporting.documents import delivery_document

        print_json(_document(proposal) | {"enqueued": delivery_document(made)})
    else:
        click.echo(f"{made.key[:8]}  goes out as soon as Herald runs (herald outbox show {key})")


def _list(invocation: Invocation, *, as_json: bool) -> None:
    async def work() -> tuple[Proposal, ...]:
        async with invocation.open_to_look() as app:
            return await app.corrections.proposals()

    proposals = run_async(work())
    if as_json:
        print_json({"corrections": [_document(one) for one in proposals]})
        return
    for one in proposals:
        why = one.why.note if one.why is not None else ""
        click.echo(f"{one.sent.key[:8]}  {one.sent.channel} {one.sent.language}  {why}")
        _show(one, heading=False)
        click.echo()
    if proposals:
        click.echo("To correct one: herald outbox correct KEY")
    else:
        click.echo("Nothing that was sent is known to be untrue.")


async def _look(invocation: Invocation, key: str, text: str, way: str | None) -> Proposal:
    from herald.outbox.correcting import Way

    async with invocation.open_to_look() as app:
        sent = await app.desk.find(key)
        return await app.corrections.proposal(sent, way=Way(way) if way else None, text=text)


async def _enqueue(invocation: Invocation, proposal: Proposal) -> Delivery:
    async with invocation.open_to_change() as app:
        return await app.corrections.correct(proposal)


def _agreed(*, as_json: bool) -> bool:
    """Ask on a terminal; where nobody sits nobody agrees."""
    return not as_json and sys.stdin.isatty() and click.confirm("Do this?")


def _refuse(proposal: Proposal, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(proposal) | {"enqueued": None})
        raise SystemExit(1)
    raise click.ClickException(f"{proposal.sent.key[:8]}: {proposal.obstacle}.")


def _show(proposal: Proposal, *, heading: bool = True) -> None:
    if heading and proposal.why is not None:
        click.echo(f"{proposal.why.note}\n")
    click.echo(_indented("It says", proposal.reads.text))
    if proposal.way is None:
        click.echo(f"  {proposal.obstacle}.")
        return
    if proposal.way != "delete":
        new = proposal.payload
        words = new.text if new is not None else "(nobody knows: type it with --text)"
        click.echo(_indented("It would say" if proposal.way == "edit" else "The answer", words))
    click.echo(f"  {VERBS[proposal.way]}")


def _indented(title: str, text: str) -> str:
    lines = "\n".join(f"    {line}" for line in text.splitlines())
    return f"  {title}:\n{lines}"


def _document(proposal: Proposal) -> dict[str, Any]:
    from herald.reporting.documents import instant

    sent, why, new = proposal.sent, proposal.why, proposal.payload
    return {
        "key": sent.key,
        "campaign": sent.campaign,
        "item": sent.item,
        "occasion": sent.occasion,
        "partner": sent.partner,
        "channel": sent.channel,
        "network": sent.network,
        "language": sent.language,
        "sent_at": instant(sent.sent_at),
        "url": sent.url or None,
        "why": None if why is None else why.why,
        "note": None if why is None else why.note,
        "way": proposal.way,
        "text": proposal.reads.text,
        "new_text": None if new is None or proposal.way == "delete" else new.text,
        "obstacle": proposal.obstacle or None,
    }

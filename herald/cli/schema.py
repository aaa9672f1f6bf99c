"""``herald schema``: the JSON Schemas by which editors complete and check."""

from __future__ import annotations

import click

_NAMES = ("campaign", "herald", "channels", "partners", "projects", "lists", "media", "newsletter")


@click.command()
@click.argument("name", type=click.Choice(_NAMES), default="campaign", metavar="[NAME]")
def schema(name: str) -> None:
    """Print the JSON Schema of a kind of file, by which editors complete and check.

    NAME is campaign, herald, channels, partners, projects, lists, media or newsletter.

    \b
    herald schema > campaign.schema.json
    herald schema partners
    """
    from herald.cli.output import print_json
    from herald.sources.schemas import json_schema

    print_json(json_schema(name))

"""What planning, ``herald check`` and ``herald preview`` make of a Bluesky account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from herald.data.networks import capabilities_of
from herald.model.delivery import Payload
from herald.model.ids import Language
from herald.planning.payloads import fingerprint
from herald.store.rows import from_text, to_text
from tests.cli.commands import document, herald
from tests.folders import a_network
from tests.makers import a_channel, a_partner, an_item
from tests.planning.plans import ENGLISH, a_configuration, in_english, plan_of

CHANNELS = "sky: {network: bluesky, handle: salt.example.org}\n"
CAMPAIGN = """\
campaign: stories
languages: [en]
channels: [sky]
items:
  - id: salt-house
    kind: news
    title: The salt house
    text: "TEXT"
    link: "https://salt.example.org/house"
    post: 2027-05-03 10:00
"""


def planned(root: Path, text: str) -> dict[str, Any]:
    """Return the one post of a campaign that says *text*."""
    stories = CAMPAIGN.replace("TEXT", text)
    root = a_network(root, stories=stories, config_channels=CHANNELS)
    shown = document(herald(root, "preview", "--json"))
    [line] = shown["deliveries"]
    assert isinstance(line, dict)
    return line


@pytest.mark.parametrize(
    "letter",
    ["a", "ħ", "ж", "塩", "👨‍👩‍👧‍👦"],
    ids=["Latin", "Maltese", "Cyrillic", "Japanese", "family"],
)
def test_a_preview_counts_as_bluesky_does_and_the_post_fits(tmp_path: Path, letter: str) -> None:
    line = planned(tmp_path, f"{letter * 11} " * 40)
    limits = capabilities_of("bluesky")
    assert line["limit"] == limits.limit == 300
    assert line["length"] <= 300
    assert len(line["text"].encode()) <= 3000
    assert line["text"].endswith("https://salt.example.org/house")


def test_a_preview_shows_the_limit_on_the_terminal(tmp_path: Path) -> None:
    stories = CAMPAIGN.replace("TEXT", "Come")
    root = a_network(tmp_path, stories=stories, config_channels=CHANNELS)
    shown = herald(root, "preview", "stories")
    assert "sky (bluesky)" in shown.stdout
    assert "/300" in shown.stdout


def test_a_check_refuses_a_handle_that_is_none_and_says_what_was_meant(tmp_path: Path) -> None:
    channels = "sky: {network: bluesky, handle: salt}\n"
    stories = CAMPAIGN.replace("TEXT", "Come")
    told = herald(a_network(tmp_path, stories=stories, config_channels=channels), "check")
    assert told.exit_code == 1
    assert "sky: {network: bluesky, handle: salt}" in told.output
    assert 'did you mean "salt.bsky.social"?' in " ".join(told.output.split())


def mentions(network: str, text: str, **accounts: str) -> tuple[str, ...]:
    """Return whom the post of an item that says *text* may mention."""
    partner = a_partner(accounts=accounts)
    configuration = a_configuration(a_channel(network=network), partners={partner.id: partner})
    item = an_item(text=in_english(text))
    plan = plan_of(item, languages=ENGLISH, configuration=configuration)
    [payload] = {delivery.payload for delivery in plan.deliveries}
    return payload.mentions


def test_only_accounts_that_partners_declared_may_be_mentioned() -> None:
    text = "With @Risaie.example.org, @stranger.example.org and @hop@social.example.org"
    accounts = {"bluesky": "@risaie.Example.org", "mastodon": "@hop@social.example.org"}
    assert mentions("bluesky", text, **accounts) == ("risaie.example.org",)
    assert mentions("bluesky", text, mastodon="@hop@social.example.org") == ()
    assert mentions("bluesky", "No one", **accounts) == ()


def test_a_network_that_finds_mentions_by_itself_is_told_none() -> None:
    assert mentions("mastodon", "With @a.example.org", mastodon="@a.example.org") == ()


def test_a_mention_that_a_partner_declares_later_changes_what_a_post_shows() -> None:
    plain, naming = (
        Payload(text="@a.org", language=Language("en"), mentions=named)
        for named in ((), ("a.org",))
    )
    assert fingerprint(plain) != fingerprint(naming)


def test_a_text_without_mentions_is_stored_as_ever() -> None:
    plain = Payload(text="Salt", language=Language("en"))
    assert "mentions" not in to_text(plain)
    naming = Payload(text="@a.org", language=Language("en"), mentions=("a.org", "b.org"))
    assert from_text(to_text(naming)) == naming

"""One post with a picture through the joined app, to networks' own servers where these run here.

Each way is gone with the stand-in as well, so that it is tried on every machine.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from herald.app import open_app
from herald.model.delivery import DeliveryState
from herald.model.ids import ChannelId
from tests.contracts.test_channels import a_place
from tests.everywhere.campaign import LINK, SHIPPED
from tests.sources.folder import write

ALT = "Drawing of a white salt store with a red roof"
CAMPAIGN = f"""\
campaign: salt
timezone: Europe/Rome
languages: [en]
channels: [here]
items:
  - id: salt-house
    kind: news
    title: {{en: The salt house opens again}}
    text: {{en: Neighbours repaired the roof 👩🏽‍🌾}}
    link: {LINK}
    image: {{file: media/salt-house.png, alt: {{en: {ALT}}}}}
    post: 2027-05-10 14:00
"""


@pytest.mark.parametrize(
    ("network", "real"),
    [
        ("bluesky", ""),
        ("matrix", ""),
        ("wordpress", ""),
        ("bluesky", "pds"),
        ("matrix", "synapse"),
        ("wordpress", "wordpress"),
    ],
    ids=["bluesky", "matrix", "wordpress", "pds", "synapse", "wordpress itself"],
)
async def test_a_post_goes_the_whole_way_once(
    network: str, real: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue(real) if real else None
    async with a_place(network, server, tmp_path) as place:
        await place.channel.close()
        place.config = replace(place.config, id=ChannelId("here"))
        settings = {"network": network, **place.config.settings}
        write(tmp_path, "config/herald.yaml", "timezone: Europe/Rome\n")
        write(tmp_path, "config/channels.yaml", json.dumps({"here": settings}))
        named = place.secrets.items()
        secrets = [f"HERALD_CHANNELS__HERE__{name.upper()}='{value}'\n" for name, value in named]
        write(tmp_path, ".env", "".join(secrets))
        write(tmp_path, "campaigns/salt.yaml", CAMPAIGN)
        (tmp_path / "campaigns" / "media").mkdir()
        shutil.copy(SHIPPED / "campaigns/media/salt-house.png", tmp_path / "campaigns/media")
        async with open_app(tmp_path, place.clock, channels=True) as app:
            for _ in range(2):
                await app.begin()
                await app.replan()
                await app.worker.drain()
                [row] = await app.store.list_deliveries()
                assert (row.state, row.error) == (DeliveryState.SENT, "")
                [held] = place.held()
                assert (held.language, held.alts) == ("en", (ALT,))
                assert held.text.count(LINK) == 1
                assert "Neighbours repaired the roof 👩🏽‍🌾" in held.text
            assert row.url

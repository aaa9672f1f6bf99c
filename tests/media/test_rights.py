"""What may be shown of people, and what is asked of a picture's licence."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from herald.app import open_app
from herald.clock import SetClock
from herald.model.campaign import At, Image
from herald.model.ids import ItemId, Language
from herald.model.network import Capabilities
from herald.sources.load import Loaded
from tests.folders import MONDAY, a_network, journal
from tests.makers import a_campaign, an_occasion
from tests.planning.plans import an_english_item, plan_campaigns, reasons
from tests.planning.plans import codes as warned
from tests.sources.folder import DOT, a_folder, a_loader, loaded, write

WALK = """\
campaign: walks
languages: [en]
channels: [trial]
items:
  - {{id: walk, kind: news, title: {{en: A walk}}, image: {image}, post: 2027-05-03 10:00}}
  - {{id: mill, kind: news, title: {{en: The mill}}, post: 2027-05-03 11:00}}
"""
AGREED = "consent_ref: folder 12"


def a_walk(rights: str) -> str:
    rights = f", {rights}" if rights else ""
    return WALK.format(image=f"{{file: media/dot.png, alt: A group{rights}}}")


def codes(result: Loaded) -> list[str]:
    return [problem.code for problem in result.problems if "image" in problem.place.path]


def withheld(result: Loaded) -> str:
    (campaign,) = result.campaigns
    image = campaign.items[0].image
    assert image is not None
    return image.withheld


RIGHTS = {
    "nothing said": ("", []),
    "nobody": ("people: none", []),
    "a crowd": ("people: crowd", []),
    "people": ("people: identifiable", ["no-consent"]),
    "people who agreed": (f"people: identifiable, {AGREED}", []),
    "children in a crowd": ("people: crowd, minors: true", ["no-consent"]),
    "children": ("minors: true", ["no-consent"]),
    "children whose parents agreed": (f"minors: true, {AGREED}", []),
    "a licence without a name": ("licence: CC-BY-4.0", ["missing-credit"]),
    "a licence with a name": ("licence: CC-BY-4.0, credit: Ana", []),
    "a licence that asks for none": ("licence: CC0-1.0", []),
}


@pytest.mark.parametrize(("rights", "found"), RIGHTS.values(), ids=RIGHTS)
def test_people_must_have_agreed_and_licences_be_kept(
    tmp_path: Path, rights: str, found: list[str]
) -> None:
    root = a_folder(tmp_path, walks=a_walk(rights).replace("trial", "fedi"))
    result = loaded(root)
    assert codes(result) == found
    assert bool(withheld(result)) == ("no-consent" in found)


def test_what_media_yaml_says_of_people_counts_too(tmp_path: Path) -> None:
    root = a_folder(tmp_path, walks=a_walk("").replace("trial", "fedi"))
    write(root, "campaigns/media/media.yaml", "dot.png: {people: identifiable}\n")
    assert "people can be recognised" in withheld(loaded(root))


def test_a_picture_that_must_not_be_shown_is_kept_back_at_once(tmp_path: Path) -> None:
    """Were the file's last sound state used, as after any other error, it would go out."""
    root = a_folder(tmp_path, walks=a_walk("").replace("trial", "fedi"))
    loader = a_loader(root)
    assert not withheld(loader.load())
    path = write(root, "campaigns/walks.yaml", a_walk("minors: true").replace("trial", "fedi"))
    os.utime(path, ns=(1, 2_000_000_000_000_000_000))
    changed = loader.load()
    assert "children can be recognised" in withheld(changed)
    assert changed.broken == ("campaigns/walks.yaml",)
    assert changed.kept == ()


async def test_nothing_is_posted_with_it_and_everything_else_goes_on(tmp_path: Path) -> None:
    root = a_network(tmp_path, walks=a_walk("people: identifiable"))
    write(root, "campaigns/media/dot.png", DOT)
    clock = SetClock(MONDAY)
    async with open_app(root, clock, channels=True) as app:
        await app.begin()
        compared = await app.replan()
        (left_out,) = compared.plan.skipped
        assert (left_out.item, left_out.channel) == ("walk", "trial")
        assert "no consent is on record" in left_out.reason
        clock.advance(timedelta(hours=4))
        await app.worker.drain()
        assert [line["item"] for line in journal(root)] == ["mill"]


async def test_what_waits_with_it_is_withdrawn_and_comes_back_with_the_consent(
    tmp_path: Path,
) -> None:
    root = a_network(tmp_path, walks=a_walk(""))
    write(root, "campaigns/media/dot.png", DOT)
    clock = SetClock(MONDAY)
    async with open_app(root, clock, channels=True) as app:
        await app.begin()
        said = []
        for nth, rights in enumerate(("", "minors: true", f"minors: true, {AGREED}")):
            path = write(root, "campaigns/walks.yaml", a_walk(rights))
            os.utime(path, ns=(1, (2_000_000_000 + nth) * 10**9))
            await app.replan()
            rows = await app.store.list_deliveries(item="walk")
            said.append([str(row.state) for row in rows])
        clock.advance(timedelta(hours=4))
        await app.worker.drain()
        assert said == [["pending"], ["withdrawn"], ["pending"]]
        assert {line["item"] for line in journal(root)} == {"walk", "mill"}


PICTURED = Capabilities(media_needed=True, media_most=1)


def test_a_network_that_takes_pictures_only_gets_no_words_alone() -> None:
    shown = Image(file="media/dot.png", sha256="ab" * 32, media_type="image/png", decorative=True)
    posts = (an_occasion(At(local=datetime(2027, 5, 3, 10, 0))),)
    bare, pictured = (
        an_english_item(id=ItemId(name), image=image, post=posts)
        for name, image in (("bare", None), ("pictured", shown))
    )
    plan = plan_campaigns(a_campaign(bare, pictured, languages=(Language("en"),)), limits=PICTURED)
    assert [each.item for each in plan.deliveries] == ["pictured"]
    assert reasons(plan) == ["fedi takes no post without a picture"]
    assert warned(plan) == ["no-picture"]
    everywhere = plan_campaigns(
        a_campaign(bare, pictured, languages=(Language("en"),)), limits=Capabilities(media_most=1)
    )
    assert len(everywhere.deliveries) == 2

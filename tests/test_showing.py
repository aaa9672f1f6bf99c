"""What a preview shows beside the words comes from where it is: files, the store, the outbox."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from herald.model.card import LinkCard
from herald.model.delivery import Action, Delivery, DeliveryState, Media, Payload, Reason
from herald.model.ids import ChannelId, DeliveryKey, Language
from herald.model.network import Capabilities
from herald.model.plan import PlannedDelivery
from herald.outbox.fingerprint import payload_fingerprint
from herald.outbox.reconcile import reconcile
from herald.reporting.previewvalues import Sight, Thumb
from herald.results import Compared
from herald.showing import THUMB_BYTES, THUMB_SIDE, Showing, changes_of, standing_of
from tests.channels.kept import KeptMedia
from tests.makers import NOON, a_delivery, a_planned_delivery
from tests.media.corpus import SECRET, noise, noted, saved
from tests.reporting.test_preview import a_plan

FEDI = ChannelId("fedi")
PAYLOAD = Payload(text="The salt house", language=Language("en"))


class NoCards:
    """Knows no card of any page."""

    async def card(self, link: str) -> LinkCard | None:
        """Return nothing."""
        return None


def compared(*planned: PlannedDelivery, waiting: tuple[Delivery, ...] = ()) -> Compared:
    plan = a_plan(*planned, made_at=NOON)
    difference = reconcile(plan, waiting, now=NOON)
    return Compared(plan=plan, difference=difference, waiting=waiting, issue_states={})


def showing(folder: Path, *contents: bytes) -> Showing:
    return Showing(folder=folder, media=KeptMedia(*contents), cards=NoCards())


def pictured(content: bytes, **media: str) -> PlannedDelivery:
    digest = hashlib.sha256(content).hexdigest()
    shown = Media(**({"sha256": digest, "media_type": "image/jpeg"} | media))
    return a_planned_delivery(payload=replace(PAYLOAD, media=(shown,)))


async def seen(one: PlannedDelivery, shows: Showing, limits: Capabilities) -> Thumb | str:
    """Return how the only picture of a post is shown."""
    sight = await shows.with_pictures(a_plan(one), Sight(capabilities={FEDI: limits}))
    (found,) = sight.thumbs.values()
    return found


async def test_a_picture_is_small_and_says_nothing_of_its_camera(tmp_path: Path) -> None:
    content = saved(noise((1200, 900)), "JPEG", exif=noted())
    assert SECRET in content
    thumb = await seen(pictured(content), showing(tmp_path, content), Capabilities())

    assert isinstance(thumb, Thumb)
    assert max(thumb.width, thumb.height) <= THUMB_SIDE
    inside = base64.b64decode(thumb.address.partition(",")[2])
    assert len(inside) <= THUMB_BYTES
    assert SECRET not in inside
    assert Image.open(BytesIO(inside)).size == (thumb.width, thumb.height)


async def test_a_picture_has_the_shape_that_its_network_wants(tmp_path: Path) -> None:
    content = saved(noise((900, 300)), "JPEG")
    thumb = await seen(
        pictured(content), showing(tmp_path, content), Capabilities(media_ratio=(0.8, 1.91))
    )

    assert isinstance(thumb, Thumb)
    assert thumb.width / thumb.height == pytest.approx(1.91, abs=0.01)


async def test_a_file_that_is_not_the_one_that_was_planned_is_not_shown(tmp_path: Path) -> None:
    content = saved(noise((30, 20)), "JPEG")
    (tmp_path / "a.jpg").write_bytes(saved(noise((20, 20)), "JPEG"))
    one = pictured(content, file="a.jpg")

    assert await seen(one, showing(tmp_path), Capabilities()) == "The picture is not there."
    thumb = await seen(one, showing(tmp_path, content), Capabilities())
    assert isinstance(thumb, Thumb)
    assert (thumb.width, thumb.height) == (30, 20)


async def test_what_is_no_picture_says_so_and_a_film_too(tmp_path: Path) -> None:
    bad = b"no picture"
    said = await seen(pictured(bad), showing(tmp_path, bad), Capabilities())
    film = await seen(pictured(bad, media_type="video/mp4"), showing(tmp_path, bad), Capabilities())

    assert isinstance(said, str)
    assert said.startswith("The picture cannot be used: ")
    assert film == "A film cannot be seen here."


def test_a_translation_that_somebody_typed_is_what_stands() -> None:
    planned = a_planned_delivery(payload=PAYLOAD, hold=Reason.TRANSLATION)
    typed = replace(PAYLOAD, text="La casa del sale")
    row = a_delivery(
        payload=typed,
        translated=payload_fingerprint(PAYLOAD),
        planned_hold=Reason.TRANSLATION,
        content_hash="first",
        due_at=planned.due_at,
        not_after_at=planned.not_after_at,
        moves=planned.moves,
    )
    standing = standing_of(compared(planned, waiting=(row,)))[planned.key]

    assert standing.payload == typed
    assert standing.state is DeliveryState.PENDING


def test_what_was_sent_stands_in_the_words_that_went_out() -> None:
    planned = a_planned_delivery(payload=PAYLOAD)
    row = a_delivery(state=DeliveryState.SENT, frozen=replace(PAYLOAD, text="Old"), sent_at=NOON)
    standing = standing_of(compared(planned, waiting=(row,)))[planned.key]

    assert standing.state is DeliveryState.SENT
    assert standing.payload is not None
    assert standing.payload.text == "Old"


def test_only_changes_that_wait_and_are_in_no_plan_stand_by_themselves() -> None:
    planned = a_planned_delivery()
    edit = a_delivery(key=DeliveryKey("e" * 64), action=Action.EDIT)
    done = a_delivery(key=DeliveryKey("d" * 64), action=Action.DELETE, state=DeliveryState.SENT)
    boost = a_delivery(key=planned.key, action=Action.BOOST)

    assert changes_of(compared(planned, waiting=(edit, done, a_delivery()))) == (edit,)
    assert changes_of(compared(planned, waiting=(boost,))) == ()

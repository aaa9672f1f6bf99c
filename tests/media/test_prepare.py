"""What a network gets of each kind of picture that people bring."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from herald.errors import PictureUnusable
from herald.media.fitting import Limits, fitted
from herald.media.prepare import prepare
from herald.model.picture import Picture
from tests.media.corpus import (
    ALL,
    BLUESKY,
    INSTAGRAM,
    JPEG_ONLY,
    SECRET,
    UNUSABLE,
    bomb,
    moving,
    noise,
    noted,
    quarters,
    saved,
    srgb,
    turned,
    wide_gamut,
)

PNG_ONLY = Limits(types=frozenset({"image/png"}))
ANIMATED = replace(ALL, animated=True)


def shown(picture: Picture) -> Image.Image:
    """Decode what a network would get."""
    image = Image.open(BytesIO(picture.content))
    assert (image.get_format_mimetype() or "").replace("apng", "png") == picture.media_type
    assert image.size == (picture.width, picture.height)
    image.load()
    return image


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    found = image.convert("RGBA").getpixel((x, y))
    assert isinstance(found, tuple)
    return tuple(int(value) for value in found)


def is_near(found: tuple[int, ...], wanted: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(found, wanted, strict=False))


# --- what is fine stays ----------------------------------------------------------------------

FINE = {
    "JPEG": saved(quarters(), "JPEG"),
    "progressive JPEG": saved(quarters(), "JPEG", progressive=True),
    "grey JPEG": saved(quarters(mode="L"), "JPEG"),
    "PNG": saved(quarters(), "PNG"),
    "palette": saved(quarters(mode="P"), "PNG"),
    "one bit": saved(quarters(mode="1"), "PNG"),
    "WebP": saved(quarters(), "WEBP"),
    "GIF": saved(quarters(mode="P"), "GIF"),
    "1x1": saved(quarters((1, 1)), "PNG"),
    "20000x10": saved(quarters((20_000, 10)), "PNG"),
}


@pytest.mark.parametrize("content", FINE.values(), ids=FINE)
def test_a_picture_that_is_fine_goes_out_byte_for_byte(content: bytes) -> None:
    assert prepare(content, ALL).content == content


NOTED = {
    "JPEG": saved(quarters(), "JPEG", exif=noted(), comment=SECRET, xmp=b"<x>" + SECRET),
    "PNG": saved(quarters(), "PNG", exif=noted()),
    "WebP": saved(quarters(), "WEBP", exif=noted(), xmp=b"<x>" + SECRET, lossless=True),
    "GIF": saved(quarters(mode="P"), "GIF", comment=SECRET),
    "JPEG with sRGB": saved(quarters(), "JPEG", icc_profile=srgb(), exif=noted()),
    "WebP with sRGB": saved(quarters(), "WEBP", icc_profile=srgb(), exif=noted(), lossless=True),
}


@pytest.mark.parametrize("content", NOTED.values(), ids=NOTED)
def test_what_a_camera_noted_goes_and_every_pixel_stays(content: bytes) -> None:
    assert SECRET in content
    picture = prepare(content, ALL)
    assert SECRET not in picture.content
    kept = shown(picture)
    assert not kept.info.get("icc_profile")
    assert not kept.getexif()
    before = Image.open(BytesIO(content)).convert("RGBA")
    assert kept.convert("RGBA").tobytes() == before.tobytes()


def test_what_a_phone_appended_goes() -> None:
    plain = saved(quarters(), "JPEG")
    film = plain + b"\0\0\0\x18ftypmp42" + SECRET
    assert prepare(film, ALL).content == plain
    second = quarters().transpose(Image.Transpose.ROTATE_180)
    pair = saved(quarters(), "MPO", save_all=True, append_images=[second])
    picture = prepare(pair, ALL)
    assert picture.media_type == "image/jpeg"
    assert picture.content.count(b"\xff\xd8\xff") == 1
    assert is_near(pixel(shown(picture), 2, 2), (255, 0, 0))


# --- upright, in the right colours -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_upright_however_the_camera_was_held(orientation: int, kind: str) -> None:
    picture = prepare(turned(orientation, kind), ALL)
    image = shown(picture)
    assert image.size == (48, 32)
    assert SECRET not in picture.content
    for at, colour in (
        ((4, 4), (255, 0, 0)),
        ((44, 4), (0, 160, 0)),
        ((4, 28), (0, 0, 255)),
        ((44, 28), (128, 128, 128)),
    ):
        assert is_near(pixel(image, *at), colour), at


def test_a_turned_jpeg_is_hardly_larger_and_loses_hardly_anything() -> None:
    content = saved(noise((80, 64)).convert("L"), "JPEG", quality=60, exif=noted(6))
    picture = prepare(content, ALL)
    assert len(picture.content) < 1.05 * len(content)
    before = Image.open(BytesIO(content)).transpose(Image.Transpose.ROTATE_270)
    pairs = zip(before.tobytes(), shown(picture).tobytes(), strict=True)
    assert sum(abs(a - b) for a, b in pairs) / len(before.tobytes()) < 1


def test_colours_that_screens_would_get_wrong_become_srgb() -> None:
    image = Image.new("RGB", (16, 16), (0, 200, 0))
    picture = prepare(saved(image, "PNG", icc_profile=wide_gamut()), ALL)
    red, green, _, _ = pixel(shown(picture), 8, 8)
    assert green > 200  # the same green needs more of sRGB's
    assert red < 10
    assert "icc_profile" not in shown(picture).info


def test_a_profile_that_cannot_be_read_changes_nothing() -> None:
    content = saved(quarters(), "PNG", icc_profile=b"nonsense")
    assert shown(prepare(content, ALL)).tobytes() == quarters().tobytes()


def test_ink_becomes_light() -> None:
    content = saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    image = shown(prepare(content, ALL))
    assert image.mode == "RGB"
    assert is_near(pixel(image, 8, 8), (255, 0, 0), by=40)


def test_sixteen_bits_of_grey_become_eight() -> None:
    deep = Image.new("I;16", (16, 16), 0x8000)
    image = shown(prepare(saved(deep, "PNG"), JPEG_ONLY))
    assert is_near(pixel(image, 8, 8), (128, 128, 128), by=3)


# --- transparency, movement ------------------------------------------------------------------


def see_through() -> Image.Image:
    image = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    image.paste((200, 0, 0, 255), (8, 8, 24, 24))
    return image


SEE_THROUGH = {
    "RGBA": saved(see_through(), "PNG"),
    "palette": saved(see_through().quantize(8), "PNG"),
    "GIF": saved(see_through(), "GIF"),
    "WebP": saved(see_through(), "WEBP", lossless=True),
    "AVIF": saved(see_through(), "AVIF", quality=90),
}


@pytest.mark.parametrize("content", SEE_THROUGH.values(), ids=SEE_THROUGH)
def test_transparency_lies_on_white_where_a_network_has_none(content: bytes) -> None:
    image = shown(prepare(content, JPEG_ONLY))
    assert is_near(pixel(image, 1, 1), (255, 255, 255))
    assert is_near(pixel(image, 16, 16), (200, 0, 0), by=30)


@pytest.mark.parametrize("content", SEE_THROUGH.values(), ids=SEE_THROUGH)
@pytest.mark.parametrize("side", [32, 16])
def test_transparency_stays_where_a_network_has_it(content: bytes, side: int) -> None:
    image = shown(prepare(content, replace(BLUESKY, side=side)))
    assert pixel(image, 0, 0)[3] == 0
    assert pixel(image, side // 2, side // 2)[3] == 255


def test_a_transparent_picture_within_few_bytes_keeps_its_transparency() -> None:
    image = noise((300, 300)).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize((300, 300)))
    picture = prepare(saved(image, "PNG"), replace(BLUESKY, bytes_most=20_000))
    assert picture.media_type == "image/webp"
    assert len(picture.content) <= 20_000
    assert shown(picture).mode == "RGBA"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_moving_picture_goes_out_as_it_is_where_it_may(kind: str) -> None:
    content = moving(kind)
    kept = shown(prepare(content, ANIMATED))
    assert getattr(kept, "n_frames", 1) == 3


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize(
    "limits",
    [
        ALL,
        replace(ANIMATED, side=12),
        replace(ANIMATED, bytes_most=90),
        replace(JPEG_ONLY, animated=True),
    ],
    ids=["it may not", "too large", "too many bytes", "only JPEG"],
)
def test_else_its_first_frame_does(kind: str, limits: Limits) -> None:
    if limits.bytes_most:
        limits = replace(limits, bytes_most=len(moving(kind)) - 1)
    image = shown(prepare(moving(kind), limits))
    assert getattr(image, "n_frames", 1) == 1
    assert is_near(pixel(image, 5, 5), (255, 0, 0))


# --- within the limits -----------------------------------------------------------------------


def test_a_photograph_becomes_small_enough_and_stays_as_large_as_it_may() -> None:
    picture = prepare(saved(noise((2400, 1200)), "JPEG", quality=80), BLUESKY)
    assert len(picture.content) < 1_000_000
    assert 1000 < picture.width <= 2000
    assert picture.width == 2 * picture.height


def test_a_drawing_stays_without_loss_where_there_is_room() -> None:
    picture = prepare(saved(quarters((3000, 2000)), "PNG"), BLUESKY)
    assert (picture.media_type, picture.width, picture.height) == ("image/png", 2000, 1333)


def test_where_there_is_no_room_it_becomes_a_photograph() -> None:
    picture = prepare(saved(noise((700, 700)), "PNG"), replace(BLUESKY, bytes_most=500_000))
    assert picture.media_type == "image/jpeg"
    assert picture.width == 700


def test_a_network_that_takes_png_alone_gets_a_smaller_one() -> None:
    picture = prepare(saved(noise((200, 200)), "PNG"), replace(PNG_ONLY, bytes_most=20_000))
    assert picture.media_type == "image/png"
    assert len(picture.content) <= 20_000
    assert picture.width > 60


@pytest.mark.parametrize(
    ("size", "whole"),
    [((1000, 2000), (1600, 2000)), ((2000, 1000), (2000, 1048)), ((1000, 1000), (1000, 1000))],
    ids=["tall", "wide", "square"],
)
def test_nothing_is_cut_off_where_a_network_wants_another_shape(
    size: tuple[int, int], whole: tuple[int, int]
) -> None:
    picture = prepare(saved(quarters(size), "JPEG"), INSTAGRAM)
    assert (picture.width, picture.height) == whole
    image = shown(picture)
    left, top = (whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2
    assert is_near(pixel(image, left + 20, top + 20), (255, 0, 0))
    assert is_near(pixel(image, whole[0] - left - 20, whole[1] - top - 20), (128, 128, 128))
    if whole != size:
        assert is_near(pixel(image, 2, 2), (255, 255, 255))


def test_a_panorama_gets_room_above_and_below() -> None:
    telegram = Limits(side=5000, ratio=(0.05, 20.0), types=frozenset({"image/jpeg"}))
    picture = prepare(saved(quarters((20_000, 10)), "PNG"), telegram)
    assert (picture.width, picture.height) == (5000, 250)


def test_a_large_photograph_is_read_at_the_size_that_is_needed() -> None:
    """Four times the pixels, hardly more time: a JPEG is scaled down while it is decoded."""
    image = quarters((7000, 5000))
    content = saved(image, "JPEG", quality=50)
    began = time.process_time()
    picture = prepare(content, replace(BLUESKY, side=400))
    assert (picture.width, picture.height) == (400, 286)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("content", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_picture_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(PictureUnusable) as refused:
        prepare(content, ALL)
    assert words in str(refused.value)
    assert "save" in str(refused.value)


def test_a_claim_of_many_pixels_costs_nothing() -> None:
    began = time.process_time()
    for _ in range(20):
        with pytest.raises(PictureUnusable):
            prepare(bomb(50_000, 50_000), ALL)
    assert time.process_time() - began < 1


def test_what_can_never_fit_is_refused_and_says_so() -> None:
    content = saved(noise((64, 64)), "PNG")
    with pytest.raises(PictureUnusable, match="cannot be made to fit 50 bytes"):
        prepare(content, replace(JPEG_ONLY, bytes_most=50))
    with pytest.raises(PictureUnusable, match="takes image/tiff only: save it so"):
        prepare(content, Limits(types=frozenset({"image/tiff"})))


def test_a_film_passes_untouched_where_it_is_taken() -> None:
    film = b"\0\0\0\x18ftypmp42" + bytes(100)
    takes = Limits(video_types=frozenset({"video/mp4"}))
    assert prepare(film, takes, media_type="video/mp4").content == film
    with pytest.raises(PictureUnusable, match="takes no video/mp4"):
        prepare(film, BLUESKY, media_type="video/mp4")
    with pytest.raises(PictureUnusable, match="Herald makes no video/mp4 smaller"):
        prepare(film, replace(takes, video_bytes=50), media_type="video/mp4")


TYPES = ["image/jpeg", "image/png", "image/webp"]
LIMITS = st.builds(
    Limits,
    bytes_most=st.none() | st.integers(400, 20_000),
    side=st.none() | st.integers(1, 80),
    pixels=st.none() | st.integers(1, 4000),
    ratio=st.none() | st.sampled_from([(0.8, 1.91), (0.05, 20.0), (1.0, 1.0), (2.0, 3.0)]),
    types=st.sets(st.sampled_from(TYPES)).map(frozenset),
    animated=st.booleans(),
)
KINDS: dict[str, dict[str, Any]] = {
    "JPEG": {"exif": noted(6)},
    "PNG": {},
    "WEBP": {"exif": noted(3)},
    "GIF": {},
}


@settings(max_examples=120, deadline=None)
@given(
    limits=LIMITS,
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_a_network_never_gets_what_it_does_not_take(
    limits: Limits, size: tuple[int, int], kind: str
) -> None:
    content = saved(noise(size), kind, **KINDS[kind])
    try:
        picture = prepare(content, limits)
    except PictureUnusable:
        return
    image = shown(picture)
    assert limits.take(picture.media_type)
    assert limits.hold(image.size)
    assert limits.have_room_for(picture.content)
    assert SECRET not in picture.content
    assert prepare(content, limits) == picture
    # What a network gets is fine, so it would get the same of it again.
    assert prepare(picture.content, limits) == picture


@given(
    size=st.tuples(st.integers(1, 60_000), st.integers(1, 60_000)),
    limits=LIMITS.map(lambda limits: replace(limits, bytes_most=None)),
)
def test_a_size_is_never_more_than_it_was_nor_less_than_it_must_be(
    size: tuple[int, int], limits: Limits
) -> None:
    try:
        small, whole = fitted(size, limits)
    except PictureUnusable:
        return
    assert small[0] <= size[0]
    assert small[1] <= size[1]
    assert limits.hold(whole)
    assert fitted(small, limits) == (small, whole)


def a_few_bytes_off(content: bytes) -> Iterator[bytes]:
    for at in range(0, len(content), max(1, len(content) // 150)):
        yield content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
        yield content[:at]


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("content", [*NOTED.values(), moving("GIF"), SEE_THROUGH["AVIF"]])
def test_a_damaged_picture_is_shown_or_refused_and_nothing_else(content: bytes) -> None:
    for damaged in a_few_bytes_off(content):
        try:
            picture = prepare(damaged, replace(BLUESKY, animated=True))
        except PictureUnusable:
            continue
        shown(picture)


@pytest.mark.parametrize("side", [40, 300, 900])
def test_libjpeg_has_nothing_to_complain_of(side: int, capfd: pytest.CaptureFixture[str]) -> None:
    content = saved(noise((side, side)), "PNG")
    assert shown(prepare(content, JPEG_ONLY))
    assert capfd.readouterr() == ("", "")

"""Makes a picture ready for a network: upright, without what its camera noted, and small enough.

What is fine as it is keeps its pixels to the last bit. The rest is decoded and encoded again, once,
as well as the network's limits allow. Equal bytes and limits give equal bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image, JpegImagePlugin
from PIL.ImageFile import MAXBLOCK, ImageFile

from herald.errors import PictureUnusable
from herald.media.colours import is_plain, plainly_coloured, profile_of
from herald.media.fitting import Limits, fitted
from herald.media.opening import is_moving, media_type_of, opened
from herald.media.stripping import NotWhole, stripped
from herald.model.picture import Picture

JPEG, PNG, WEBP, GIF = "image/jpeg", "image/png", "image/webp", "image/gif"
_ORIENTATION = 0x0112
_UPRIGHT: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each way in which a camera can be held (Exif 2.3, tag 274)."""
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
_SCALABLE = frozenset({"RGB", "RGBA", "L", "CMYK"})
_QUALITIES = (90, 84, 78, 72)
"""In turn, until the bytes fit; below that a smaller picture looks better than a coarser one."""
_WHOLE_COLOUR = 90
"""From this quality on colours keep their full detail, as red letters on posters need it."""
_HOPELESS = 4
"""So many times too many bytes at the first try: no quality mends that, a smaller picture does."""
_DRAFT = 2
"""A JPEG is decoded at no less than this many times the size it will have, for smooth scaling."""
_FRAMES_MOST = 1_000
_MOVING_PIXELS_MOST = 400_000_000
"""Of all frames together: they are all looked at, as half a film would be sent otherwise."""
_SMALLEST = 16
"""Pixels of the longer side; a picture that must be smaller shows nothing."""
_WHITE = (255, 255, 255)

Tables = list[list[int]]
Encode = Callable[[Image.Image, int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """A picture as it is to be seen, without margins."""

    image: Image.Image
    media_type: str
    """Of the original."""
    size: int
    """Bytes of the original, if every pixel of it is still there; else an estimate."""
    like: dict[str, Any] | None = None
    """How the original JPEG was encoded, where encoding it so again loses next to nothing."""


def prepare(content: bytes, limits: Limits, *, media_type: str = "") -> Picture:
    """Return the picture in *content* within *limits*.

    *media_type* matters only for what is no picture, which is passed on untouched where it is
    taken. Raises PictureUnusable, with words for an editor that go on after a colon.
    """
    if media_type and not media_type.startswith("image/"):
        return _passed_on(content, limits, media_type)
    with opened(content) as image:
        if kept := _kept(content, image, limits):
            return kept
        image.seek(0)
        drawn = _drawn(content, image, limits)
    return _encoded(drawn, limits)


def _passed_on(content: bytes, limits: Limits, media_type: str) -> Picture:
    if media_type not in limits.video_types:
        raise PictureUnusable(f"its network takes no {media_type}: give it a picture instead")
    if limits.video_bytes is not None and len(content) > limits.video_bytes:
        raise PictureUnusable(
            f"it has {len(content):,} bytes, its network takes {limits.video_bytes:,}, and Herald"
            f" makes no {media_type} smaller: save it smaller"
        )
    return Picture(content=content, media_type=media_type)


# ---------------------------------------------------------------------- what is fine as it is


def _kept(content: bytes, image: ImageFile, limits: Limits) -> Picture | None:
    """Return the picture with every pixel as it was, or None where something must change."""
    media_type, size = media_type_of(image), image.size
    moves = is_moving(image)
    if not (limits.take(media_type) and limits.hold(size) and is_plain(image)):
        return None
    if moves and not (limits.animated and _are_sound(image)):
        return None
    try:
        bare = stripped(content, media_type)
    except NotWhole:
        return None
    if not limits.have_room_for(bare):
        return None
    if media_type != JPEG and not moves:
        image.load()  # a PNG's notes may stand behind its pixels
    if _orientation(image) != 1:
        return None
    image.load()  # half a file is no picture
    return Picture(content=bare, media_type=media_type, width=size[0], height=size[1])


def _are_sound(image: ImageFile) -> bool:
    """Tell whether all frames can be shown, and are not too many."""
    pixels = 0
    for frame in range(_FRAMES_MOST):
        try:
            image.seek(frame)
        except EOFError:
            return True
        pixels += image.width * image.height
        if pixels > _MOVING_PIXELS_MOST:
            return False
        image.load()
    return False


def _orientation(image: ImageFile) -> int:
    """Return how the camera was held; 1 for upright, and where nothing sensible is noted."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except (ValueError, KeyError, TypeError, SyntaxError, OSError):
        return 1  # notes that nobody can read turn nothing
    return found if found in _UPRIGHT else 1


# ---------------------------------------------------------------------- what must change


def _drawn(content: bytes, image: ImageFile, limits: Limits) -> _Drawn:
    """Decode a picture at the size that it will have at most, upright and in plain colours."""
    profile, media_type = profile_of(image), media_type_of(image)
    if media_type != JPEG:
        image.load()
    turned = _orientation(image)
    on_its_side = turned in _ON_ITS_SIDE
    full = image.size[::-1] if on_its_side else image.size
    size, _ = fitted(full, limits)
    lying = size[::-1] if on_its_side else size
    like = _like(image, turned) if size == full and profile is None else None
    image.draft(image.mode, (lying[0] * _DRAFT, lying[1] * _DRAFT))
    image.load()
    shown: Image.Image = image
    if shown.mode not in _SCALABLE or "transparency" in shown.info:
        shown, profile = plainly_coloured(_with_alpha(shown), profile), None
    if shown.size != lying:
        shown = shown.resize(lying, Image.Resampling.LANCZOS)
    shown = plainly_coloured(shown, profile)
    if turned != 1:
        shown = shown.transpose(_UPRIGHT[turned])
    estimate = int(len(content) * size[0] * size[1] / (full[0] * full[1]))
    return _Drawn(image=_opaque(shown), media_type=media_type, size=estimate, like=like)


def _with_alpha(image: Image.Image) -> Image.Image:
    """Return a picture in which one colour stands for transparent with real transparency."""
    seen = image.mode in {"RGB", "L", "1"} and "transparency" in image.info
    return image.convert("RGBA") if seen else image


def _opaque(image: Image.Image) -> Image.Image:
    """Return a picture without the transparency of which it makes no use."""
    if image.mode != "RGBA" or image.getchannel("A").getextrema() != (255, 255):
        return image
    return image.convert("RGB")


def _like(image: ImageFile, turned: int) -> dict[str, Any] | None:
    """Return the original's own tables: turned or not, its blocks are then rounded as before."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.mode not in {"RGB", "L"}:
        return None
    tables: Tables = [list(image.quantization[key]) for key in sorted(image.quantization)]
    sampling = JpegImagePlugin.get_sampling(image)
    if turned in _ON_ITS_SIDE:
        tables = [[table[8 * (i % 8) + i // 8] for i in range(64)] for table in tables]
        sampling = 0 if sampling == 1 else sampling  # 4:2:2 on its side has no name
    return {"qtables": tables, "subsampling": max(sampling, 0)}


def _encoded(drawn: _Drawn, limits: Limits) -> Picture:
    """Return the picture in the first way of writing it that suits it and that fits."""
    for media_type, image in _ways(drawn, limits):
        encode = _JPEGS(drawn.like) if media_type == JPEG else _ENCODERS[media_type]
        once = media_type == PNG and any(limits.take(other) for other in (JPEG, WEBP))
        if found := _written(drawn, image, media_type, encode, limits, once=once):
            return found
    raise PictureUnusable(_hopeless(limits))


def _ways(drawn: _Drawn, limits: Limits) -> Iterator[tuple[str, Image.Image]]:
    """Yield media types, best first, and the picture as it is to be in them.

    Drawings stay without loss where there is room; transparency stays where any type has it.
    """
    image = drawn.image
    taken = {each for each in (JPEG, PNG, WEBP) if limits.take(each)}
    is_drawing = drawn.media_type in {PNG, GIF}
    if image.mode == "RGBA" and taken & {PNG, WEBP}:
        order = [PNG, WEBP] if is_drawing or WEBP not in taken else [WEBP]
        yield from ((each, image) for each in order if each in taken)
        return
    flat = _flattened(image)
    order = [PNG, JPEG, WEBP] if is_drawing else [JPEG, WEBP, PNG]
    yield from ((each, flat) for each in order if each in taken)


def _written(
    drawn: _Drawn,
    image: Image.Image,
    media_type: str,
    encode: Encode,
    limits: Limits,
    *,
    once: bool,
) -> Picture | None:
    """Return the picture in one type, coarser and then smaller until its bytes fit.

    *once*: only if it fits at once, as another type does better with less room.
    """
    if once and limits.bytes_most is not None and drawn.size > _HOPELESS * limits.bytes_most:
        return None
    qualities = _QUALITIES if media_type != PNG else _QUALITIES[:1]
    smaller = limits
    while True:
        shown = _framed(image, smaller)
        content = b""
        for quality in qualities:
            content = encode(shown, quality)
            if limits.have_room_for(content):
                width, height = shown.size
                return Picture(content=content, media_type=media_type, width=width, height=height)
            if len(content) > _HOPELESS * (limits.bytes_most or 0):
                break
        if once or max(shown.size) <= _SMALLEST:
            return None
        share = (limits.bytes_most or 0) / len(content)
        smaller = limits.smaller(shown.size, min(0.9, max(0.1, share * 0.95)))


def _framed(image: Image.Image, limits: Limits) -> Image.Image:
    """Return the picture at the size that *limits* leave it, on a white mount if need be."""
    size, whole = fitted(image.size, limits)
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    if whole == size:
        return image
    mount = Image.new("RGB" if image.mode == "L" else image.mode, whole, _mount(image.mode))
    mount.paste(image, ((whole[0] - size[0]) // 2, (whole[1] - size[1]) // 2))
    return mount


def _mount(mode: str) -> tuple[int, ...]:
    """White, as in a frame: a blurred copy of a work around it would pretend to be part of it."""
    return (*_WHITE, 0) if mode == "RGBA" else _WHITE


def _flattened(image: Image.Image) -> Image.Image:
    """Return a picture on white paper where it is transparent."""
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, _WHITE)
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _JPEGS(like: dict[str, Any] | None) -> Encode:  # noqa: N802 - one of the encoders below
    """Return what writes a JPEG; at the best quality as the original was, if that is known.

    What is written progressively must lie in memory at once, for which Pillow holds a byte a
    pixel: more makes libjpeg give up, with words of its own on the standard error.  Noise asks for
    more; it is written piece by piece, as every picture is at first, to see how long it gets.
    """

    def encode(image: Image.Image, quality: int) -> bytes:
        whole = quality >= _WHOLE_COLOUR
        how: dict[str, Any] = {"quality": quality, "subsampling": 0 if whole else 2}
        if whole and like is not None:
            how = like
        if image.mode == "L" and "qtables" in how:
            how = {"qtables": how["qtables"][:1]}
        plain = _saved(image, "JPEG", **how)
        if len(plain) > max(image.width * image.height, MAXBLOCK):
            return plain
        return _saved(image, "JPEG", optimize=True, progressive=True, **how)

    return encode


def _png(image: Image.Image, quality: int) -> bytes:
    return _saved(image, "PNG")


def _webp(image: Image.Image, quality: int) -> bytes:
    return _saved(image, "WEBP", quality=quality, method=4)


def _saved(image: Image.Image, kind: str, **how: Any) -> bytes:
    # Some writers put back what stands here: profile, comment, Exif.
    image.info.clear()
    written = BytesIO()
    image.save(written, kind, **how)
    return written.getvalue()


_ENCODERS: dict[str, Encode] = {PNG: _png, WEBP: _webp}


def _hopeless(limits: Limits) -> str:
    if not any(limits.take(each) for each in (JPEG, PNG, WEBP)):
        return f"its network takes {', '.join(sorted(limits.types))} only: save it so"
    return f"it cannot be made to fit {limits.bytes_most:,} bytes: give the network another picture"

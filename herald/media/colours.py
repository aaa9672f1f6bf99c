"""Brings a picture's colours to sRGB, as screens take a picture without a profile to be."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageCms
from PIL.ImageCms import Direction, Flags, ImageCmsProfile, Intent, PyCMSError

_PROBE = bytes(value for r in (0, 90, 255) for g in (0, 128, 255) for b in (0, 60, 255)
               for value in (r, g, b))  # fmt: skip
_NOBODY_SEES = 3
"""Two profiles that differ by less of 255 show the same picture."""
_PROFILED = frozenset({"RGB", "RGBA", "L", "CMYK", "LAB"})


def profile_of(image: Image.Image) -> ImageCmsProfile | None:
    """Return a picture's own colour profile; None where it has none, or a broken one."""
    content = image.info.get("icc_profile")
    if not isinstance(content, bytes) or not content:
        return None
    try:
        return ImageCmsProfile(BytesIO(content))
    except (PyCMSError, OSError, ValueError):
        return None


def is_plain(image: Image.Image) -> bool:
    """Tell whether a picture shows the same colours when its profile is left out.

    It is asked of the colours themselves: a profile's name proves nothing.
    """
    if image.mode == "CMYK":
        return False
    profile = profile_of(image)
    if profile is None:
        return True
    mode = "L" if image.mode in {"L", "LA", "1", "I", "I;16"} else "RGB"
    probe = Image.frombytes("RGB", (27, 1), _PROBE).convert(mode)
    shown = _shown(probe, profile)
    if shown is None:
        return True  # a profile for another kind of picture: no program can follow it
    plain = probe.convert("RGB").tobytes()
    return all(abs(a - b) <= _NOBODY_SEES for a, b in zip(plain, shown.tobytes(), strict=True))


def plainly_coloured(image: Image.Image, profile: ImageCmsProfile | None) -> Image.Image:
    """Return a picture in RGB or RGBA with sRGB's colours, or in shades of grey."""
    image = _eight_bits(image)
    if profile is not None and image.mode in _PROFILED:
        shown = _shown(image, profile)
        if shown is not None:
            return shown
    match image.mode:
        case "RGB" | "RGBA" | "L":
            return image
        case "P" if "transparency" not in image.info:
            return plainly_coloured(image.convert("RGB"), profile)
        case "P" | "PA" | "LA" | "La" | "RGBa":
            return plainly_coloured(image.convert("RGBA"), profile)
        case "1":
            return image.convert("L")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return shades of grey of 16 bits in 8: no network shows more."""
    if image.mode.startswith("I;16"):
        image = image.convert("I")
    if image.mode == "I":
        return image.point(lambda value: value * (1 / 256)).convert("L")
    return image.convert("L") if image.mode == "F" else image


def _shown(image: Image.Image, profile: ImageCmsProfile) -> Image.Image | None:
    """Return what *profile* says that *image* shows, as sRGB; None where it speaks of others."""
    out = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        if not profile.profile.is_intent_supported(Intent.RELATIVE_COLORIMETRIC, Direction.INPUT):
            return None
        return ImageCms.profileToProfile(
            image,
            profile,
            ImageCms.createProfile("sRGB"),
            renderingIntent=Intent.RELATIVE_COLORIMETRIC,
            outputMode=out,
            flags=Flags.BLACKPOINTCOMPENSATION,
        )
    except (PyCMSError, OSError, ValueError):
        return None

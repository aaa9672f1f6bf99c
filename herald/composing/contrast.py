"""How well two colours can be told apart, as WCAG 2.2 measures it.  Pure."""

from __future__ import annotations

import colorsys
import re

ENOUGH = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA): the ratio that text of any size needs."""

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_STEPS = 200
"""Of lightness, between black and white: finer than an eye sees."""


def is_colour(written: str) -> bool:
    """Tell whether *written* is a colour as ``#7a1f2b`` or ``#729``."""
    return _HEX.fullmatch(written) is not None


def spelled_out(colour: str) -> str:
    """Return a colour in six small digits."""
    digits = colour.lstrip("#").lower()
    return "#" + ("".join(digit * 2 for digit in digits) if len(digits) == 3 else digits)


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours, from 1 (equal) to 21 (black and white)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(colour: str, *grounds: str, enough: float = ENOUGH) -> str:
    """Return *colour*, or the nearest of its hue that can be read on each of *grounds*.

    Without any that can, black or white, whichever is seen better.
    """
    colour = spelled_out(colour)
    if _passes(colour, grounds, enough):
        return colour
    hue, lightness, saturation = colorsys.rgb_to_hls(*_parts(colour))
    candidates = sorted(
        (step / _STEPS for step in range(_STEPS + 1)), key=lambda one: abs(one - lightness)
    )
    for candidate in candidates:
        found = _hex(colorsys.hls_to_rgb(hue, candidate, saturation))
        if _passes(found, grounds, enough):
            return found
    return max(("#000000", "#ffffff"), key=lambda one: min(contrast(one, g) for g in grounds))


def _passes(colour: str, grounds: tuple[str, ...], enough: float) -> bool:
    return all(contrast(colour, ground) >= enough for ground in grounds)


def _luminance(colour: str) -> float:
    """Return the relative luminance as WCAG 2.2 defines it."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in _parts(spelled_out(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _hex(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)

"""Reads a server's limits from what it says about itself."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from herald.composing.counting import graphemes
from herald.data.networks import capabilities_of
from herald.model.network import Capabilities, Count

_VERSION = re.compile(r"[3-9]\.\d+\.\d+(?:[-+.][\w.+-]*)?")


def usual_capabilities(*, content_warning: str = "") -> Capabilities:
    """Return the limits of a server that says nothing about itself."""
    return _with_habits(capabilities_of("mastodon"), {}, content_warning)


def read_capabilities(instance: dict[str, Any], *, content_warning: str = "") -> Capabilities:
    """Return the limits in the answer of ``/api/v2/instance`` or ``/api/v1/instance``.

    What it does not say, or says in an impossible way, is as usual.
    """
    usual = capabilities_of("mastodon")
    configuration = _table(instance, "configuration")
    statuses = _table(configuration, "statuses")
    attachments = _table(configuration, "media_attachments")
    types = _types(attachments)
    told = replace(
        usual,
        # Pleroma and its kin say max_toot_chars instead.
        limit=_count(statuses, "max_characters")
        or _count(instance, "max_toot_chars")
        or usual.limit,
        url_length=_count(statuses, "characters_reserved_per_url") or usual.url_length,
        media_most=_count(statuses, "max_media_attachments") or usual.media_most,
        media_bytes=_count(attachments, "image_size_limit") or usual.media_bytes,
        media_pixels=_count(attachments, "image_matrix_limit") or usual.media_pixels,
        alt_limit=_count(attachments, "description_limit") or usual.alt_limit,
        media_types=types or usual.media_types,
        video_types=types & usual.video_types if types else usual.video_types,
        video_bytes=_count(attachments, "video_size_limit") or usual.video_bytes,
    )
    if _is_pixelfed(instance):
        told = _like_pixelfed(told)
    return _with_habits(told, instance, content_warning)


def remembers_keys(instance: dict[str, Any]) -> bool:
    """Tell whether a server is Mastodon itself, whose Idempotency-Key holds for an hour.

    The others say "compatible", or count their versions from 0; GoToSocial, Takahe and snac made
    two posts of one key.
    """
    version = instance.get("version")
    source = instance.get("source_url", "mastodon")
    return (
        isinstance(version, str)
        and _VERSION.fullmatch(version.strip()) is not None
        and isinstance(source, str)
        and source.rstrip("/").endswith("mastodon")
    )


def keeps_language(instance: dict[str, Any]) -> bool | None:
    """Tell whether a server shows a status in the language in which it was sent; None: not known.

    Pixelfed says ``en`` of every status; GoToSocial and Hollo were seen to keep the language.
    """
    if remembers_keys(instance):
        return True
    said = f"{instance.get('version')} {instance.get('source_url')}".casefold()
    if _is_pixelfed(instance):
        return False
    return True if re.search(r"hollo|gotosocial|superseriousbusiness", said) else None


def _is_pixelfed(instance: dict[str, Any]) -> bool:
    return "pixelfed" in str(instance.get("version")).casefold()


def _like_pixelfed(told: Capabilities) -> Capabilities:
    """Return *told* with what Pixelfed's source says and its answer does not.

    Every post has a picture; a link counts with its whole length; a description has up to 1,000
    characters (ApiV1Controller, config/pixelfed.php).
    """
    return replace(told, count=Count.CODE_POINTS, media_needed=True, alt_limit=1000)


def _with_habits(
    told: Capabilities, instance: dict[str, Any], content_warning: str
) -> Capabilities:
    """Add what does not depend on limits; a content warning counts as part of every text."""
    limit = told.limit
    if limit is not None:
        limit = max(limit - graphemes(content_warning), 1)
    return replace(
        told,
        limit=limit,
        repeat_within=told.repeat_within if remembers_keys(instance) else None,
        concurrent=1,
    )


def _table(values: dict[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _count(values: dict[str, Any], name: str) -> int | None:
    found = values.get(name)
    if isinstance(found, str) and found.isascii() and found.isdigit():
        found = int(found)
    return found if type(found) is int and found > 0 else None


def _types(attachments: dict[str, Any]) -> frozenset[str]:
    found = attachments.get("supported_mime_types")
    return (
        frozenset(one for one in found if isinstance(one, str))
        if isinstance(found, list)
        else frozenset()
    )

"""Tells by the first bytes of a file whether it is a video that networks take. Pure.

Nothing of a video is decoded or changed: it goes out as it is, or not at all.
"""

from __future__ import annotations

import re

HEAD_BYTES = 64
"""So many of a file's first bytes tell what it is."""
_MP4 = re.compile(rb"iso[2-9m]|mp4[12]|avc1|M4V |M4VH|M4VP|MSNV|dash|3gp[4-6]")
"""Major brands of MP4 files (ISO/IEC 14496-12, 4.3; mp4ra.org); pictures have others."""
_EBML = b"\x1a\x45\xdf\xa3"


def video_type(head: bytes) -> str:
    """Return the media type of the video that begins with *head*; '' where it is none."""
    if head[4:8] == b"ftyp" and _MP4.fullmatch(head[8:12]):
        return "video/mp4"
    return "video/webm" if head.startswith(_EBML) and b"webm" in head else ""


def other_film(head: bytes) -> str:
    """Return the name of a kind of video that browsers do not show; '' for anything else."""
    if head[4:8] == b"ftyp" and head[8:12] == b"qt  ":
        return "QuickTime"
    return "Matroska" if head.startswith(_EBML) and b"matroska" in head else ""

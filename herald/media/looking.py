"""Looks whether a file is a picture of which Herald can make others, without decoding its pixels.

So quick that a folder of thousands is checked in seconds; what is odd is decoded to be sure.
"""

from __future__ import annotations

from herald.media.opening import media_type_of, opened
from herald.media.stripping import NotWhole, stripped


def look_at(content: bytes) -> str:
    """Return a picture's media type, by its bytes and whatever its file is called.

    Raises PictureUnusable, with words for an editor, for what ``prepare`` would refuse.
    """
    with opened(content) as image:
        media_type = media_type_of(image)
        try:
            stripped(content, media_type)
        except NotWhole:
            image.load()
    return media_type

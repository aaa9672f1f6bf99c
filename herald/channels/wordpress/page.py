"""Makes a page of a post: its address, its title and its HTML. Pure.

The HTML is plain paragraphs, which WordPress' editor keeps as they are. Its own blocks would be
declared broken by the editor for the ``lang`` that tells screen readers the language.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Any

from herald.composing.entities import URL
from herald.model.delivery import Delivery, Media, Payload
from herald.model.ids import DeliveryKey, Language
from herald.model.words import EVERY

_TITLE_MOST = 120
"""Characters of a title that is made of a text's first sentence."""
_EXCERPT_MOST = 300
_SENTENCE = re.compile(r"(?<=[.!?…。؟])\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture that the site has."""

    id: int
    address: str
    media: Media
    width: int = 0
    height: int = 0

    @property
    def is_video(self) -> bool:
        """Whether it is a video."""
        return self.media.media_type.startswith("video/")


def slug_of(delivery: Delivery) -> str:
    """Return the end of a post's address, the same for ever: the item's name and a mark.

    By this one post is told from another: two deliveries share it less often than once in 10^12.
    """
    return f"{_ascii(delivery.item)}-{mark_of(delivery.key)}"


def mark_of(key: DeliveryKey) -> str:
    """Return the twelve letters and digits that are drawn from a delivery's key."""
    return hashlib.sha256(f"wordpress {key}".encode()).hexdigest()[:12]


def picture_slug(sha256: str, media: Media) -> str:
    """Return the name of a picture on the site: another description makes another picture."""
    told = "\n".join((sha256, media.alt, caption_of(media)))
    return f"herald-{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def page_of(payload: Payload, pictures: Sequence[Shown] = ()) -> dict[str, Any]:
    """Return title, content and excerpt as the REST API takes them."""
    text = _without_title(payload)
    first, *_ = _paragraphs(text) or [""]
    return {
        "title": title_of(payload),
        "content": content_of(payload, pictures),
        "excerpt": _shortened(" ".join(first.split()), _EXCERPT_MOST),
    }


def title_of(payload: Payload) -> str:
    """Return the item's title; where it has none the first sentence of the text."""
    if title := " ".join(payload.title.split()):
        return title
    first_line = next((line for line in payload.text.split("\n") if line.strip()), "")
    return _shortened(_SENTENCE.split(first_line.strip(), maxsplit=1)[0], _TITLE_MOST)


def content_of(payload: Payload, pictures: Sequence[Shown] = ()) -> str:
    """Return the HTML of a post: its pictures, then its paragraphs, then its link.

    A link that stands in the text is not repeated.
    """
    paragraphs = _paragraphs(_without_title(payload))
    if payload.link and payload.link not in payload.text:
        paragraphs.append(payload.link)
    mark = _language_mark(payload.language)
    parts = [_figure(picture, mark) for picture in pictures]
    parts += [f"<p{mark}>{_lines(paragraph)}</p>" for paragraph in paragraphs]
    return "\n\n".join(parts)


def caption_of(media: Media) -> str:
    """Return whose picture it is, and under which licence."""
    return ", ".join(part for part in (media.credit.strip(), media.licence.strip()) if part)


def says_the_same(content: str, wanted: Payload) -> bool:
    """Tell whether the paragraphs of *content* hold the words of *wanted*, however they are set."""
    return _words(content) == _words(content_of(wanted))


def _paragraphs(text: str) -> list[str]:
    return [part.strip("\n") for part in re.split(r"\n{2,}", text) if part.strip()]


def _without_title(payload: Payload) -> str:
    """Return the text without a first line that only says the title again."""
    first, _, rest = payload.text.partition("\n")
    says_title = " ".join(first.split()) == " ".join(payload.title.split())
    return rest.lstrip("\n") if payload.title and says_title and rest.strip() else payload.text


def _language_mark(language: Language) -> str:
    if language == EVERY:
        return ' dir="auto"'
    return f' lang="{escape(language.replace("_", "-"))}" dir="auto"'


def _lines(paragraph: str) -> str:
    return "<br>".join(_linked(line) for line in paragraph.split("\n"))


def _linked(line: str) -> str:
    parts, end = [], 0
    for match in URL.finditer(line):
        address = match[0]
        parts.append(_shown(line[end : match.start()]))
        target = escape(address.replace("[", "%5B").replace("]", "%5D"))
        parts.append(f'<a href="{target}">{_shown(address)}</a>')
        end = match.end()
    return "".join([*parts, _shown(line[end:])])


def _shown(text: str) -> str:
    """Return *text* as HTML; ``[gallery]`` and its kin would be commands to WordPress."""
    return escape(text, quote=False).replace("[", "&#91;")


def _figure(picture: Shown, mark: str) -> str:
    caption = caption_of(picture.media)
    credit = f"<figcaption>{_shown(caption)}</figcaption>" if caption else ""
    alt = escape(picture.media.alt).replace("[", "&#91;")
    if picture.is_video:
        film = f'<video controls src="{escape(picture.address)}" aria-label="{alt}"></video>'
        return f'<figure class="wp-block-video"{mark}>{film}{credit}</figure>'
    size = f' width="{picture.width}" height="{picture.height}"' if picture.width else ""
    image = f'<img class="wp-image-{picture.id}" src="{escape(picture.address)}" alt="{alt}"{size}>'
    return f'<figure class="wp-block-image"{mark}>{image}{credit}</figure>'


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:60].strip("-") or "post"


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return text[: most - 1].rpartition(" ")[0].rstrip(" ,;:–—-") + "…"


def _words(content: str) -> tuple[str, ...]:
    reader = _Paragraphs()
    reader.feed(content)
    reader.close()
    words = (unicodedata.normalize("NFC", "".join(told)) for told in reader.told)
    return tuple(spaced for one in words if (spaced := "".join(one.split())))


class _Paragraphs(HTMLParser):
    """Reads the text of paragraphs; captions are none."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.told: list[list[str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "p":
            self._inside = True
            self.told.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag == "p":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.told[-1].append(data)

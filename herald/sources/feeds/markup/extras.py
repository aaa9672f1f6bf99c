"""Reads from a feed's tree what feedparser drops or mixes up, entry by entry.

feedparser moves ``media:description`` into the summary and loses which picture it belongs to;
it makes URLs of ids, and knows one event module only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from herald.sources.feeds.markup.eventfacts import EventWords, read_event_words
from herald.sources.feeds.markup.spaces import family
from herald.sources.feeds.markup.tree import Element, attribute, local, words
from herald.sources.feeds.words.rights import licence_of

_ENTRIES = frozenset({"item", "entry"})
_IDS = frozenset({("", "guid"), ("", "id")})
_BODIES = ("content", "encoded", "fullitem", "body", "description", "summary")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")
_DATES = (
    ("dcterms", "issued"),
    ("dc", "date"),
    ("prism", "publicationdate"),
    ("dcterms", "available"),
    ("dcterms", "created"),
)
_SMALL = 150
"""Pixels: a thumbnail below this is shown only where there is nothing else (Blogger's is 72)."""
_PICTURED = frozenset(
    {("media", "group"), ("media", "content"), ("media", "thumbnail"), ("itunes", "image")}
    | {("webfeeds", "cover"), ("", "image")}
)
"""What may hold pictures."""
_MOST_PICTURES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that a feed names."""

    url: str
    alt: str = ""
    """What the feed says of this picture itself; never its file name or title."""
    is_small: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What one item or entry says besides."""

    guid: str = ""
    """As written: feedparser makes a URL of it."""
    link: str = ""
    languages: tuple[str, ...] = ()
    """Its own words for its language, the nearest to the text first."""
    pictures: tuple[Picture, ...] = ()
    descriptions: frozenset[str] = frozenset()
    """Every ``media:description``, to know it again where feedparser took it for the text."""
    of_video: str = ""
    """The description of a video or sound: the only text that such an entry has."""
    date: str = ""
    """When it came out, by Dublin Core or PRISM: feedparser takes dc:date for a change."""
    licence: str = ""
    is_from_elsewhere: bool = False
    """It was taken over from another feed, whose authors are not this one's."""
    event: EventWords = field(default_factory=EventWords)


def read_extras(root: Element | None) -> tuple[Extras, ...]:
    """Return the extras of every entry in the order of the document."""
    if root is None:
        return ()
    return tuple(_extras(element) for element in root.iter() if is_entry(element))


def is_entry(element: Element) -> bool:
    """Tell whether *element* is an item or entry of the feed, and no module's."""
    return local(element) in _ENTRIES and family(element) == ""


def _extras(entry: Element) -> Extras:
    children = [child for child in entry if isinstance(child.tag, str)]
    names = [_named(child) for child in children]
    # Looking for a name among a dozen names costs less than asking each element for its own.
    by_name: dict[tuple[str, str], list[Element]] = {}
    for name, child in zip(names, children, strict=True):
        by_name.setdefault(name, []).append(child)
    ids = next((child for name, child in zip(names, children, strict=True) if name in _IDS), None)
    pictures = list(_pictures(entry, inherited="")) if _PICTURED.intersection(by_name) else []
    return Extras(
        guid=words(ids) or attribute(entry, "about"),
        link=words(next(iter(by_name.get(("", "link"), ())), None)),
        languages=tuple(_languages(entry, children, names)),
        pictures=tuple(pictures[:_MOST_PICTURES]),
        descriptions=frozenset(_media_descriptions(entry, children, names)),
        of_video=_of_video(entry) if ("media", "group") in by_name else "",
        date=next((words(each) for name in _DATES for each in by_name.get(name, ())), ""),
        licence=licence_of(children),
        is_from_elsewhere=("", "source") in by_name,
        event=read_event_words(entry),
    )


def _media_descriptions(
    entry: Element, children: list[Element], names: list[tuple[str, str]]
) -> Iterator[str]:
    if ("media", "description") not in names and not any(len(child) for child in children):
        return  # as in most entries: nothing to look through
    for each in entry.iter():
        if _named(each) == ("media", "description"):
            yield words(each)


def _named(element: Element) -> tuple[str, str]:
    return family(element), local(element)


def _languages(
    entry: Element, children: list[Element], names: list[tuple[str, str]]
) -> Iterator[str]:
    named = list(zip(names, children, strict=True))
    bodies = [each for body in _BODIES for (_, name), each in named if name == body]
    titles = [each for name, each in named if name == ("", "title")]
    for element in [*bodies, *titles]:
        yield attribute(element, "lang")
        if len(element) == 1:  # content of type xhtml is one div
            yield attribute(element[0], "lang")
    yield attribute(entry, "lang")
    yield from (words(each) for (_, name), each in named if name == "language")


def _pictures(element: Element, *, inherited: str) -> Iterator[Picture]:
    """Yield pictures; a group's description serves its members, a picture's own wins."""
    for child in element:
        match family(child), local(child):
            case "media", "group":
                of_group = "" if _has_other_media(child) else _description(child)
                yield from _pictures(child, inherited=of_group)
            case "media", "content":
                described = _description(child) or inherited
                if _is_picture(child):
                    yield from _picture(attribute(child, "url"), described, child)
                yield from _pictures(child, inherited=described if _is_picture(child) else "")
            case "media", "thumbnail":
                yield from _picture(attribute(child, "url") or words(child), inherited, child)
            case "itunes", "image":
                yield from _picture(attribute(child, "href") or attribute(child, "url"), "", child)
            case "webfeeds", "cover":
                yield from _picture(attribute(child, "image"), "", child)
            case "", "image":
                inner = next((words(each) for each in child if local(each) == "url"), "")
                yield from _picture(inner or attribute(child, "url") or words(child), "", child)
            case _:
                pass


def _picture(url: str, alt: str, element: Element) -> Iterator[Picture]:
    if not url.strip() or _is_avatar(url):
        return
    sides = [attribute(element, side) for side in ("width", "height")]
    is_small = any(side.isdecimal() and int(side[:6]) < _SMALL for side in sides)
    yield Picture(url=url.strip(), alt=alt.strip(), is_small=is_small)


def _description(element: Element) -> str:
    found = (
        words(each) for each in element if local(each) == "description" and family(each) == "media"
    )
    return next(found, "")


def _is_picture(content: Element) -> bool:
    kind, medium = attribute(content, "type").lower(), attribute(content, "medium").lower()
    if kind or medium:
        return kind.startswith("image/") or medium == "image"
    return attribute(content, "url").lower().partition("?")[0].endswith(_SUFFIXES)


def _has_other_media(group: Element) -> bool:
    """Tell whether a group is about a video or sound: its words then are no picture's."""
    return any(
        local(each) in {"content", "player"} and not _is_picture(each)
        for each in group
        if family(each) == "media"
    )


def _of_video(entry: Element) -> str:
    """Return what a media group says of its video (YouTube has no other text)."""
    groups = (each for each in entry if _named(each) == ("media", "group"))
    return next(
        (
            _description(group)
            for group in groups
            if not any(_named(each) == ("media", "content") and _is_picture(each) for each in group)
        ),
        "",
    )


def _is_avatar(url: str) -> bool:
    """Tell whether a picture is the author's portrait, as WordPress.com puts first."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return True
    return host == "gravatar.com" or host.endswith(".gravatar.com")

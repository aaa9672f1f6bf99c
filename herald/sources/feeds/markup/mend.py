"""Mends by its letters alone what keeps a feed from being XML, and names each fault.

What web masters' systems do wrong is much the same everywhere: a warning of PHP before the feed,
an "&" in a title, a name of HTML. A parser that guesses loses text; mended letters lose none.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from html.entities import html5

_ROOT = re.compile(r"<(?:\?xml\b|(?:[A-Za-z][\w.-]{0,20}:)?(?:rss|feed|rdf)[\s>])", re.IGNORECASE)
_END = re.compile(r"</((?:[A-Za-z][\w.-]{0,20}:)?(?:rss|feed|rdf))\s*>", re.IGNORECASE)
_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]"
    r"|&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));"
    r"|&#(?:0*(?:5529[6-9]|55[3-9]\d\d|56\d{3}|57[0-2]\d\d|573[0-3]\d|5734[0-3])"
    r"|x0*d[89a-f][0-9a-f]{2});",
    re.IGNORECASE,
)
"""What XML does not allow, as it is or by number; the last are halves of characters."""
_AMPERSAND = re.compile(r"&(?!#\d{1,7};|#x[0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_OF_XML = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_ANGLE = re.compile(r"<(?![A-Za-z_/!?])")
_VOID = re.compile(r"<(br|hr|img|wbr)\b([^<>]*)(?<!/)>(?!\s*</\1\s*>)", re.IGNORECASE)
_ENTRY = re.compile(
    r"<(?P<end>/)?(?:[A-Za-z][\w.-]{0,20}:)?(?:item|entry)(?:\s[^<>]*)?(?:(?<!/)>|\Z)",
    re.IGNORECASE,
)
_HTML_START = re.compile(r"\s*<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_NEAR_START = 20_000
_TAG = re.compile(r"<[^<>]*>")
_DECLARATION = re.compile(r"\A<\?xml[^>]*>")
_PREFIXES = {
    "media": "http://search.yahoo.com/mrss/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "atom": "http://www.w3.org/2005/Atom",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "ev": "http://purl.org/rss/1.0/modules/event/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "georss": "http://www.georss.org/georss",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
    "cc": "http://web.resource.org/cc/",
    "xcal": "urn:ietf:params:xml:ns:xcal",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
_OPENING = re.compile(r"<(?:[A-Za-z][\w.-]*:)?(?:rss|feed|rdf)\b", re.IGNORECASE)
_SAID = re.compile(r"xmlns:([A-Za-z][\w.-]{0,30})")
_USED = re.compile(r"</?([A-Za-z][\w.-]{0,30}):[A-Za-z]|\s([A-Za-z][\w.-]{0,30}):[A-Za-z]+\s*=")


def mended_text(document: str) -> tuple[str, list[str]]:
    """Mend what can be mended by its letters alone; name each fault with its first line."""
    faults: list[str] = []
    for mend in (_without_surroundings, _without_controls, _with_entities, _with_prefixes):
        document = mend(document, faults)
    return document, faults


def without_half_an_entry(document: str) -> str:
    """Drop the entry in which a document breaks off: half a title is no news, and has no id."""
    bare = _CDATA.sub(lambda found: " " * len(found[0]), document)
    last = next(iter(deque(_ENTRY.finditer(bare), maxlen=1)), None)
    return document if last is None or last["end"] else document[: last.start()]


def _without_surroundings(document: str, faults: list[str]) -> str:
    """Drop what stands before and behind the feed: blank lines, warnings of PHP, a second feed."""
    start = _ROOT.search(document[:_NEAR_START])
    if start and start.start() and not _HTML_START.match(document[:_NEAR_START]):
        before = " ".join(_TAG.sub(" ", document[: start.start()]).split())
        what = (
            f"something stands before the feed: {before[:80]!r} (a warning of PHP? turn off"
            " display_errors)"
            if before
            else "an empty line or space stands before <?xml (look for one at the end of a PHP"
            " file, often functions.php)"
        )
        if before or document[start.start() : start.start() + 5] == "<?xml":
            faults.append(f"line 1: {what}")
        lines = "\n" * document.count("\n", 0, start.start())  # so that later lines are told right
        document = lines + _DECLARATION.sub("", document[start.start() :])
    ends = list(_END.finditer(_CDATA.sub(lambda found: " " * len(found[0]), document)))
    if ends and document[ends[0].end() :].strip():
        faults.append(f"line {_line(document, ends[0].end())}: something stands behind the feed")
        document = document[: ends[0].end()]
    return document


def _without_controls(document: str, faults: list[str]) -> str:
    return _replaced(
        document, _CONTROLS, lambda _: "", "a control character, which XML does not allow", faults
    )


def _with_entities(document: str, faults: list[str]) -> str:
    """Mend what stands outside of CDATA, and CDATA in CDATA."""
    found: list[str] = []
    mended = []
    line = 1
    for index, piece in enumerate(_CDATA.split(document)):
        here: list[str] = []
        mended.append(_inside(piece, here) if index % 2 else _outside(piece, here))
        found += [f"line {line + int(told[0])}: {told[1]}" for told in _numbered(here)]
        line += piece.count("\n")
    first: dict[str, str] = {}
    for told in found:
        first.setdefault(told.partition(": ")[2], told)
    faults += first.values()
    return "".join(mended)


def _numbered(here: list[str]) -> Iterator[tuple[str, str]]:
    for told in here:
        number, _, what = told.removeprefix("line ").partition(": ")
        yield str(int(number) - 1), what


def _inside(piece: str, faults: list[str]) -> str:
    """Mend a CDATA section: another one begins in it, or it has no end."""
    inner = piece[9:]
    if "<![CDATA[" in inner:
        faults.append("line 1: a CDATA section begins inside another one")
        inner = inner.replace("<![CDATA[", "")
    if not inner.endswith("]]>"):
        faults.append("line 1: a CDATA section that does not end")
        inner += "]]>"
    return f"<![CDATA[{inner}"


def _outside(piece: str, faults: list[str]) -> str:
    piece = piece.replace("&#X", "&#x")
    piece = _replaced(
        piece, _AMPERSAND, lambda _: "&amp;", "an & that should be written &amp;", faults
    )
    piece = _replaced(
        piece, _NAMED, _character, "a name like &nbsp; or &eacute; that XML does not know", faults
    )
    piece = _replaced(
        piece,
        _VOID,
        lambda match: f"<{match[1]}{match[2]}/>",
        "a tag of HTML that is not closed (write the text in a CDATA section)",
        faults,
    )
    piece = _replaced(piece, _ANGLE, lambda _: "&lt;", "a < that should be written &lt;", faults)
    if "]]>" in piece:
        faults.append(f"line {_line(piece, piece.index(']]>'))}: ]]> ends a CDATA that never began")
        piece = piece.replace("]]>", "")
    return piece


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name in _OF_XML:
        return match[0]
    return html5.get(name) or f"&amp;{name}"


def _replaced(
    text: str,
    pattern: re.Pattern[str],
    by: Callable[[re.Match[str]], str],
    what: str,
    faults: list[str],
) -> str:
    changed = pattern.sub(by, text)
    if changed != text:
        at = next(match.start() for match in pattern.finditer(text) if by(match) != match[0])
        faults.append(f"line {_line(text, at)}: {what}")
    return changed


def _with_prefixes(document: str, faults: list[str]) -> str:
    """Declare prefixes that are used and nowhere declared, in their usual meaning."""
    opening = _OPENING.search(document)
    if opening is None:
        return document
    bare = _CDATA.sub("", document)
    used = {name for pair in _USED.findall(bare) for name in pair if name}
    declared = {"xml", "xmlns", *_SAID.findall(document)}
    missing = sorted(used - declared)[:30]
    if not missing:
        return document
    faults.append(
        f"line {_line(document, opening.start())}: {', '.join(missing[:5])}: is used but never"
        f" declared (write xmlns:{missing[0]}=… in <{opening[0][1:]}>)"
    )
    told = "".join(
        f' xmlns:{name}="{_PREFIXES.get(name, "urn:undeclared:" + name)}"' for name in missing
    )
    return document[: opening.end()] + told + document[opening.end() :]


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def listed(faults: list[str]) -> str:
    """Say the first few faults in one line."""
    return "; ".join(faults[:4])

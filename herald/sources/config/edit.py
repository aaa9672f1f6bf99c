"""Adds a partner, or feeds to one, to the text of ``partners.yaml`` and leaves all else as it is.

A writer of YAML would write the file anew: also one that keeps comments changes line ends, the
byte-order mark, indentation and the spaces inside brackets. So text is inserted at a spot that the
parsed file tells, and the result is read back: anything but what was meant is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from herald.model.problem import Problem
from herald.sources.config.shapes import PartnersFile
from herald.sources.config.yaml_words import (
    NewFeed,
    NewPartner,
    feed_data,
    feed_words,
    partner_block,
    partner_data,
    partner_words,
)
from herald.sources.problems import Problems, has_errors
from herald.sources.shape import check_shape
from herald.sources.yaml import Data, Document, read

FILE = "config/partners.yaml"
_BOM = "\ufeff"
_WHOLE_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")
_BLANK_LINE = re.compile(r"(?:\A|\n)[ \t]*\r?\n")


@dataclass(frozen=True, slots=True)
class Edited:
    """The file's new bytes."""

    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEdited:
    """The file is better left to a person: why, and what to paste."""

    why: str
    block: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Text:
    """A file's text without its mark, and how it is laid out."""

    content: str
    has_mark: bool
    document: Document

    @property
    def line_end(self) -> str:
        found = re.search("\r\n|\n|\r", self.content)
        return found[0] if found else "\n"

    def bytes_with(self, at: int, inserted: str, *, until: int | None = None) -> bytes:
        """Return the file with *inserted* at one spot, in place of what stands up to *until*."""
        spelled = inserted.replace("\n", self.line_end)
        changed = self.content[:at] + spelled + self.content[at if until is None else until :]
        return ((_BOM if self.has_mark else "") + changed).encode()


def with_partner(content: bytes, partner: NewPartner) -> Edited | NotEdited:
    """Return the file with *partner* as its last, or why not; empty *content* is a new file."""
    block = partner_block(partner)
    text = _open(content, block)
    if isinstance(text, NotEdited):
        return text
    root, data = text.document.root, text.document.data
    if data is not None and not isinstance(data, dict):
        return NotEdited(why=f"{FILE} is no list of partners", block=block)
    known = data or {}
    if partner.id in known:
        return NotEdited(why=f'there is a partner "{partner.id}" already', block=block)
    if isinstance(root, yaml.MappingNode) and root.flow_style:
        changed = _into_braces(text, root, partner_words(partner))
    else:
        changed = _behind_all(text, root, partner)
    wanted: dict[str, Data] = {**known, partner.id: partner_data(partner)}
    return _proven(changed, wanted, block)


def with_feeds(content: bytes, partner: str, feeds: Sequence[NewFeed]) -> Edited | NotEdited:
    """Return the file with *feeds* behind those that *partner* has, or why not."""
    block = "".join(f"    - {feed_words(feed)}\n" for feed in feeds)
    text = _open(content, block)
    if isinstance(text, NotEdited):
        return text
    root, data = text.document.root, text.document.data
    node = _value_of(root, partner)
    known = data.get(partner) if isinstance(data, dict) else None
    if not isinstance(node, yaml.MappingNode) or not isinstance(known, dict):
        return NotEdited(why=f'there is no partner "{partner}" in {FILE}', block=block)
    changed = _with_more_feeds(text, node, feeds)
    if changed is None:
        why = f'the feeds of "{partner}" are written in a way that is better changed by hand'
        return NotEdited(why=why, block=block)
    more: list[Data] = [*_as_list(known.get("feeds")), *map(feed_data, feeds)]
    wanted: dict[str, Data] = dict(data) if isinstance(data, dict) else {}
    wanted[partner] = {**known, "feeds": more}
    return _proven(changed, wanted, block)


def _open(content: bytes, block: str) -> _Text | NotEdited:
    """Read the file as it is; one with an error is left alone."""
    document, problems = read(content, file=FILE)
    if document is None or has_errors(problems):
        return NotEdited(why=f"{FILE} cannot be read as it is", block=block, problems=problems)
    if document.data is not None:
        found = Problems()
        check_shape(PartnersFile, document.data, document, found)
        if has_errors(found.found):
            why = f"something in {FILE} has to be put right first"
            return NotEdited(why=why, block=block, problems=tuple(found.found))
    whole = content.decode("utf-8")
    return _Text(whole.removeprefix(_BOM), whole.startswith(_BOM), document)


def _behind_all(text: _Text, root: yaml.Node | None, partner: NewPartner) -> bytes:
    """Write a partner below everything else, laid out as the others are."""
    is_map = isinstance(root, yaml.MappingNode)
    column = root.start_mark.column if root is not None and is_map else 0
    step, dash = _indents(root)
    before = text.content
    block = partner_block(partner, indent=column, step=step, dash=dash)
    if before and not before.endswith(("\n", "\r")):
        block = "\n" + ("\n" if _wants_space(text, root) else "") + block
    elif before and _wants_space(text, root) and not re.search(r"(?:\r?\n)[ \t]*\r?\n\Z", before):
        block = "\n" + block
    return text.bytes_with(len(before), block)


def _wants_space(text: _Text, root: yaml.Node | None) -> bool:
    """Tell whether partners stand apart; where there is one only, whether anything does."""
    if not isinstance(root, yaml.MappingNode) or len(root.value) < 2:
        return bool(text.content.strip()) and _BLANK_LINE.search(text.content) is not None
    last_but_one, last = root.value[-2][1], root.value[-1][0]
    return bool(_BLANK_LINE.search(text.content[_end(last_but_one) : last.start_mark.index]))


def _indents(root: yaml.Node | None) -> tuple[int, int]:
    """Return by how much the file's maps are indented, and its lists' dashes: 2 and 2 if unsure."""
    step, dash = 2, 2
    for _, child in root.value if isinstance(root, yaml.MappingNode) else ():
        if not isinstance(child, yaml.MappingNode) or child.flow_style or root is None:
            continue
        step = child.start_mark.column - root.start_mark.column
        for _, inner in child.value:
            if isinstance(inner, yaml.SequenceNode) and not inner.flow_style:
                return step, inner.start_mark.column - child.start_mark.column
        dash = step
    return step, dash


def _into_braces(text: _Text, node: yaml.Node, words: str) -> bytes:
    """Write *words* behind the last thing in ``{…}`` or ``[…]``."""
    if not node.value:
        return text.bytes_with(node.start_mark.index + 1, words)
    last = node.value[-1]
    return text.bytes_with(_end(last[1] if isinstance(last, tuple) else last), f", {words}")


def _with_more_feeds(
    text: _Text, partner: yaml.MappingNode, feeds: Sequence[NewFeed]
) -> bytes | None:
    """Write feeds behind those that stand there, in the way in which they stand there."""
    listed = _value_of(partner, "feeds")
    told = ", ".join(map(feed_words, feeds))
    if isinstance(listed, yaml.SequenceNode):
        if listed.flow_style:
            return _into_braces(text, listed, told)
        return _below(text, _end(listed), listed.start_mark.column, feeds)
    if listed is not None and not _is_nothing(listed):
        return _into_a_list(text, listed, told)
    return _first_feeds(text, partner, listed, feeds)


def _into_a_list(text: _Text, single: yaml.Node, told: str) -> bytes | None:
    """Make a list of the one feed that stands there without one."""
    if isinstance(single, yaml.MappingNode) and not single.flow_style:
        return None
    start, end = single.start_mark.index, _end(single)
    own = text.content[start:end]
    if isinstance(single, yaml.ScalarNode) and not single.style:
        own = feed_words(NewFeed(url=single.value))  # what is bare may not be so in brackets
    return text.bytes_with(start, f"[{own}, {told}]", until=end)


def _first_feeds(
    text: _Text, partner: yaml.MappingNode, empty: yaml.Node | None, feeds: Sequence[NewFeed]
) -> bytes | None:
    """Write feeds of a partner that has none, whether or not ``feeds:`` stands there, empty."""
    dash, column = _indents(text.document.root)[1], partner.start_mark.column
    if empty is None and partner.flow_style:
        return _into_braces(text, partner, f"feeds: [{', '.join(map(feed_words, feeds))}]")
    if empty is None:
        return _below(text, _end(partner), column, feeds, dash=dash, key="feeds")
    if partner.flow_style or empty.value:
        return None
    key = next(key for key, value in partner.value if value is empty)
    return _below(text, key.end_mark.index, column + dash, feeds)


def _below(
    text: _Text,
    at: int,
    column: int,
    feeds: Sequence[NewFeed],
    *,
    dash: int = 0,
    key: str = "",
) -> bytes:
    """Write feeds as lines of their own below the line in which *at* lies."""
    line = _WHOLE_LINE.match(text.content, at)
    end = at if line is None or text.content[at - 1 : at] == "\n" else line.end()
    lines = [f"{' ' * column}{key}:\n"] if key else []
    lines += [f"{' ' * (column + dash)}- {feed_words(feed)}\n" for feed in feeds]
    is_last = not text.content[:end].endswith(("\n", "\r"))
    return text.bytes_with(end, ("\n" if is_last else "") + "".join(lines))


def _end(node: yaml.Node) -> int:
    """Return where a node's last word ends; PyYAML counts the blank lines below to a block."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        if not isinstance(last, tuple):
            return _end(last)
        key, value = last
        return max(_end(key), _end(value)) if not _is_nothing(value) else _end(key)
    return int(node.end_mark.index)


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and not node.style and node.value in _NOTHING


_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


def _value_of(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for name, value in pairs if name.value == key), None)


def _as_list(data: Data) -> list[Data]:
    if data is None:
        return []
    return list(data) if isinstance(data, list) else [data]


def _proven(content: bytes, wanted: Mapping[str, Data], block: str) -> Edited | NotEdited:
    """Return *content* if it says *wanted* and nothing else, and Herald takes it."""
    document, faults = read(content, file=FILE)
    problems = Problems()
    problems.found.extend(faults)
    if document is not None and not has_errors(faults):
        check_shape(PartnersFile, document.data, document, problems)
    is_meant = document is not None and _same(document.data, dict(wanted))
    if is_meant and not has_errors(problems.found):
        return Edited(content)
    why = f"{FILE} is laid out in a way that Herald would not change without damage"
    return NotEdited(why=why, block=block, problems=tuple(problems.found))


def _same(found: Data, wanted: Data) -> bool:
    """Compare; a feed may stand as its bare address, and the order of partners counts."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return [*found] == [*wanted] and all(_same(found[key], wanted[key]) for key in found)
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(_same, found, wanted))
    if isinstance(found, dict) and isinstance(wanted, str):
        return found == {"url": wanted}
    return found == wanted

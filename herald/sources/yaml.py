"""YAML as text: every scalar stays what was typed, and every node knows its line and column.

PyYAML's ``compose`` builds nodes without giving them types, so that ``no``, ``10:30`` and ``1_000``
stay words. The C loader reads about 8 MB a second, seven times what the Python one does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import yaml

try:
    from yaml import CBaseLoader as _BaseLoader
except ImportError:  # PyYAML was built without libyaml: the same, seven times slower
    from yaml import BaseLoader as _BaseLoader  # type: ignore[assignment]

from herald.model.problem import Place, Problem
from herald.sources.encoding import UNREADABLE, decode
from herald.sources.problems import Problems
from herald.sources.yaml_faults import QUOTE, explain

Data: TypeAlias = "str | list[Data] | dict[str, Data] | None"
Step: TypeAlias = "str | int"
Loc: TypeAlias = "Sequence[Step]"

KEY_STEP = "[key]"
"""The step with which pydantic points at a mapping's key instead of its value."""

PROSE = frozenset(
    [
        "text",
        "texts",
        "title",
        "subtitle",
        "subject",
        "notice",
        "alt",
        "credit",
        "excerpts",
        "evidence_of_success",
        "transferability",
        "statement",
        "disclaimer",
        "hashtags",
        "name",
        "label",
        "place",
        "because",
    ]
)
"""Keys below which people write sentences: there a lost ``#tag`` is an error."""

_DEEPEST = 40
_MANY_OPENINGS = 1_000
"""The C composer calls itself for every level; so many levels are far from its stack's end."""
_LONG_DASHES = re.compile(r"^ *(?:[-?:][ \t]+){200}", re.MULTILINE)
_ANCHOR = re.compile(r"(?:^|[\s\[{,:-])&\S")
_LOST = re.compile(r"[ \t]+#(?P<tag>\S?)")
_AFTER_KEY = re.compile(r"[ \t]*(?P<colon>:?)[ \t]*(?P<rest>[^\r\n]*)")
_TIGHT = re.compile(r"([a-z][\w-]*):(\S.*)")
_CURLY = frozenset("“”„‟")
"""Quotation marks that word processors type; « » are left to the languages that use them."""
_NULLS = frozenset({"~", "null", "Null", "NULL"})
_SWITCHES = frozenset({"auto", "none"})
"""What `statement:` takes besides a text; nobody begins a text so and goes on behind a #."""
_TAGS: dict[type, str] = {
    yaml.ScalarNode: "tag:yaml.org,2002:str",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.MappingNode: "tag:yaml.org,2002:map",
}
_PLAIN_TAGS = frozenset(_TAGS.values())


class _AsText(_BaseLoader):
    """Composes nodes without asking what type they could be: half of PyYAML's time goes there."""

    def resolve(self, kind: type, value: object, implicit: object) -> str:
        """Return the tag of text, list or map."""
        return _TAGS[kind]

    def descend_resolver(self, current_node: object, current_index: object) -> None:
        """Do nothing: no path decides a type."""

    def ascend_resolver(self) -> None:
        """Do nothing."""


class _Spot(NamedTuple):
    """One node, where it begins, and its path; the nearest holder where it is not there."""

    node: yaml.Node | None
    mark: tuple[int, int]
    path: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file as plain text values, and where each of them stands."""

    file: str
    text: str
    data: Data
    root: yaml.Node | None
    _spots: dict[tuple[Step, ...], _Spot] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def place(self, loc: Loc = ()) -> Place:
        """Return where the value at *loc* stands, else the nearest that holds it."""
        if loc and loc[-1] == KEY_STEP:
            return self.key(loc[:-1])
        spot = self._spot(tuple(loc))
        return _place(self.file, spot.mark, spot.path)

    def _spot(self, loc: tuple[Step, ...]) -> _Spot:
        """Return what stands at *loc*; whoever holds it was mostly asked for before."""
        known = self._spots.get(loc)
        if known is None:
            known = self._spots[loc] = self._found(loc)
        return known

    def _found(self, loc: tuple[Step, ...]) -> _Spot:
        if not loc:
            return _Spot(self.root, (0, 0) if self.root is None else _start(self.root), "", True)
        holder, step = self._spot(loc[:-1]), loc[-1]
        if step == KEY_STEP or not holder.is_there:
            return holder
        found = _child(holder.node, step)
        if found is None:
            # A single entry may be written without its list.
            is_single = step == 0 and holder.node is not None
            return holder if is_single else holder._replace(is_there=False)
        key, node = found
        path = f"{holder.path}[{step}]" if isinstance(step, int) else f"{holder.path}.{step}"
        return _Spot(node, _start(node if _has_place(node) else key), path, True)

    def key(self, loc: Loc) -> Place:
        """Return where the key of the value at *loc* stands."""
        holder = self.root
        for step in loc[:-1]:
            found = _child(holder, step)
            holder = found[1] if found else None
        found = _child(holder, loc[-1]) if loc else None
        if found is None:
            return self.place(loc)
        return _place(self.file, _start(found[0]), self.place(loc).path)


def read(content: bytes, *, file: str) -> tuple[Document | None, tuple[Problem, ...]]:
    """Turn a file's bytes into a document and what is wrong with it; never raises.

    There is no document where the bytes are no YAML; an error beside a document means that some of
    its values cannot be trusted.
    """
    text = decode(content, file=file)
    if isinstance(text, Problem):
        return None, (text,)
    if refused := _refuse_dangers(text, file):
        return None, (refused,)
    try:
        root = yaml.compose(text, Loader=_AsText)
    except yaml.MarkedYAMLError as error:
        return None, (explain(error, text, file),)
    except yaml.YAMLError as error:
        return None, (Problem(place=Place(file=file), code="no-yaml", message=str(error)),)
    if root is None:
        return Document(file, text, None, None), ()
    walk = _Walk(text, file)
    data = walk.value(root, is_prose=False)
    return Document(file, text, data, root), tuple(walk.problems.found)


def _refuse_dangers(text: str, file: str) -> Problem | None:
    """Refuse anchors, aliases and bottomless nesting before a node is built."""
    openings = text.count("[") + text.count("{")
    has_anchors = "&" in text and _ANCHOR.search(text)
    if openings <= _MANY_OPENINGS and not _LONG_DASHES.search(text) and not has_anchors:
        return None
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_AsText):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            place = _place(file, _start(event), "")
            if depth > _DEEPEST:
                return Problem(place=place, code="too-deep", message=_TOO_DEEP)
            if getattr(event, "anchor", None):
                return Problem(place=place, code="anchor", message=_NO_ANCHOR, hint=_ANCHOR_HINT)
    except yaml.YAMLError:
        return None  # compose meets the same fault and explain tells it
    return None


_TOO_DEEP = f"the file is nested more than {_DEEPEST} levels deep"
_NO_ANCHOR = "& and * make YAML copy parts of a file, which Herald does not allow"
_ANCHOR_HINT = f"write the part out again; if this is a text, {QUOTE}"


class _Walk:
    """One pass over the nodes: plain values out, traps for prose noted."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems = Problems()
        self.path: list[Step] = []

    def value(self, node: yaml.Node, *, is_prose: bool) -> Data:
        if node.tag not in _PLAIN_TAGS:
            hint = f"if this is a text, {QUOTE}"
            self._error(node, "tag", "a value cannot begin with an exclamation mark", hint)
            return None
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, is_prose=is_prose)
        if len(self.path) > _DEEPEST:
            self._error(node, "too-deep", _TOO_DEEP)
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self._entry(child, at, is_prose) for at, child in enumerate(node.value)]
        return (
            self._mapping(node, is_prose=is_prose) if isinstance(node, yaml.MappingNode) else None
        )

    def _entry(self, node: yaml.Node, at: int, is_prose: bool) -> Data:
        self.path.append(at)
        value = self.value(node, is_prose=is_prose)
        if value is None and is_prose and (node.start_mark.line < self.text.count("\n") + 1):
            self._check_rest(node, node.start_mark.index, is_prose=True)
        self.path.pop()
        return value

    def _mapping(self, node: yaml.MappingNode, *, is_prose: bool) -> dict[str, Data]:
        values: dict[str, Data] = {}
        seen: dict[str, int] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._error(key, "odd-key", "a key must be one word", QUOTE)
                continue
            name = key.value
            self.path.append(name)
            if not name.isascii() and (odd := _odd_key(name)):
                self._error(key, "odd-key", *odd)
            elif name in seen:
                message = f'"{name}" stands twice: first in line {seen[name]}'
                self._error(key, "repeated-key", message, "keep one of them")
            else:
                seen[name] = key.start_mark.line + 1
                value = self.value(child, is_prose=is_prose or name in PROSE)
                if value is None:
                    self._no_value(node, key, child, is_prose=is_prose or name in PROSE)
                else:
                    values[name] = value
            self.path.pop()
        return values

    def _scalar(self, node: yaml.ScalarNode, *, is_prose: bool) -> str | None:
        if node.style is None or node.style == "":
            if not node.value or node.value in _NULLS:
                return None
            if node.value[0] in _CURLY and (node.value[-1] in _CURLY or not is_prose):
                self._check_curly(node, is_prose=is_prose)
                if not is_prose:
                    return str(node.value).strip("".join(_CURLY))
            if is_prose:
                self._check_behind(node)
        elif not node.value.isprintable() and (found := UNREADABLE.search(node.value)):
            message = f"the control character U+{ord(found[0]):04X} is written here"
            self._error(node, "control-character", message, "delete the code for it")
        return str(node.value)

    def _check_curly(self, node: yaml.ScalarNode, *, is_prose: bool) -> None:
        """Note typographic quotation marks around a value, which YAML takes for letters."""
        if is_prose:
            message = "the typographic quotation marks around this text are posted with it"
            hint = 'if they are not meant, type straight ones: "'
            self.problems.warn(self._here(node), "curly-quotes", message, hint)
        else:
            message = "typographic quotation marks do not enclose a value"
            self._error(node, "curly-quotes", message, _STRAIGHT)

    def _check_behind(self, node: yaml.ScalarNode) -> None:
        """Note a comment right behind an unquoted text: it may be the rest of the text."""
        lost = _LOST.match(self.text, node.end_mark.index)
        if lost is None:
            return
        if lost["tag"]:
            self._error(node, "lost-text", "the text ends before the #: the rest is lost", _QUOTE)
        elif node.value not in _SWITCHES:
            place = self._here(node)
            self.problems.warn(
                place, "lost-text", "what stands behind the # is a comment", _LOST_HINT
            )

    def _no_value(
        self, holder: yaml.MappingNode, key: yaml.ScalarNode, child: yaml.Node, *, is_prose: bool
    ) -> None:
        if child.tag not in _PLAIN_TAGS or (child.value in _NULLS):
            return
        behind = _AFTER_KEY.match(self.text, key.end_mark.index)
        if holder.flow_style and behind is not None and not behind["colon"]:
            if tight := _TIGHT.match(key.value):
                message, hint = (
                    "behind the colon a space is missing",
                    f"write {tight[1]}: {tight[2]}",
                )
                self._error(key, "no-space", message, hint)
                return
            message = f'"{key.value}" has no value: in {{…}} a comma ends the value before it'
            is_curly = not _CURLY.isdisjoint(key.value)
            self._error(key, "comma-in-braces", message, _STRAIGHT if is_curly else _QUOTE)
            return
        if self._check_rest(key, key.end_mark.index, is_prose=is_prose):
            return
        hint = "write one, or delete the line"
        self.problems.warn(self._here(key), "empty-value", f'"{key.value}" has no value', hint)

    def _check_rest(self, node: yaml.Node, index: int, *, is_prose: bool) -> bool:
        """Note a value that begins with ``#`` and so is a comment; tell whether it is one."""
        behind = _AFTER_KEY.match(self.text, index)
        rest = behind["rest"].lstrip("- ") if behind else ""
        if not (is_prose and rest.startswith("#") and len(rest) > 1 and not rest[1].isspace()):
            return False
        self._error(node, "lost-text", "what begins with # is a comment: the text is lost", _QUOTE)
        return True

    def _error(self, node: yaml.Node, code: str, message: str, hint: str = "") -> None:
        self.problems.error(self._here(node), code, message, hint)

    def _here(self, node: yaml.Node) -> Place:
        path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return _place(self.file, _start(node), path)


_QUOTE = QUOTE
_STRAIGHT = 'replace them with straight quotation marks, as the keyboard has them: "'
_LOST_HINT = f"if it belongs to the text, {QUOTE}; if not, put the comment on its own line"


def _odd_key(name: str) -> tuple[str, str] | None:
    """Return what is wrong with signs in a key that look like others, and the remedy."""
    if "\N{NO-BREAK SPACE}" in name:
        return "a special, unbreakable space stands here", "type an ordinary space instead"
    if name[:1] in _CURLY:
        return "typographic quotation marks stand around this key", "delete them"
    return None


def _child(node: yaml.Node | None, step: Step) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the key and the value of one step down; a list's entry is its own key."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next(((key, child) for key, child in node.value if key.value == step), None)
    return None


def _has_place(node: yaml.Node) -> bool:
    return not isinstance(node, yaml.ScalarNode) or bool(node.value) or bool(node.style)


def _start(node: yaml.Node | yaml.Event) -> tuple[int, int]:
    mark = node.start_mark
    return (mark.line, mark.column) if mark else (0, 0)


def _place(file: str, mark: tuple[int, int], path: str) -> Place:
    return Place(file=file, line=mark[0] + 1, column=mark[1] + 1, path=path.removeprefix("."))

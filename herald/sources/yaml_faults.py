"""What a YAML parse error means to somebody who was writing a sentence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from herald.model.problem import Place, Problem

QUOTE = "put this text in quotes, or below its key with |"

_FIRST_COLON = re.compile(r"""^[\s-]*(?:["'][^"']*["']|[^\s"'{\[][^:]*):\s""")
_AFTER_QUOTE = re.compile(r"""["'][ \t]*$""")
_TIGHT_KEY = re.compile(r"(\w+):(\S[^\s]{0,9})")
_EQUALS = re.compile(r"(\w+)\s*=")
_TAG_IN_LIST = re.compile(r"[\[,{]\s*#")

Mark: TypeAlias = tuple[int, int]
"""Line and column, counted from 0."""


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the parser stopped, and where what it was reading began."""

    lines: list[str]
    at: Mark
    opened: Mark
    about: str

    @property
    def before(self) -> str:
        return self.line(self.at[0])[: self.at[1]]

    @property
    def char(self) -> str:
        return self.line(self.at[0])[self.at[1] : self.at[1] + 1]

    def line(self, number: int) -> str:
        return self.lines[number] if 0 <= number < len(self.lines) else ""


@dataclass(frozen=True, slots=True)
class _Meaning:
    at: Mark
    code: str
    message: str
    hint: str


def explain(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem:
    """Translate PyYAML's words and point at the spot that must change."""
    mark = error.problem_mark or error.context_mark
    at = (mark.line, mark.column) if mark else (0, 0)
    context = error.context_mark
    spot = _Spot(
        lines=re.split("\r\n|\r|\n", text),
        at=at,
        opened=(context.line, context.column) if context else at,
        about=f"{error.context or ''} {error.problem or ''}".strip(),
    )
    rule = next((rule for words, rule in _RULES if all(w in spot.about for w in words)), _unknown)
    meaning = rule(spot)
    return Problem(
        place=Place(file=file, line=meaning.at[0] + 1, column=meaning.at[1] + 1),
        code=meaning.code,
        message=meaning.message,
        hint=meaning.hint,
    )


def _colon(spot: _Spot) -> _Meaning:
    if _FIRST_COLON.match(spot.before):
        message = "inside an unquoted text a colon and a space make a new key"
        return _Meaning(spot.at, "colon-in-text", message, QUOTE)
    message = "this line does not fit the one above, which is a text or lacks its colon"
    hint = "check the colon above and the spaces in front of this line"
    return _Meaning(spot.at, "misfit", message, hint)


def _tab(spot: _Spot) -> _Meaning:
    message = "a tab stands here; YAML counts only spaces"
    return _Meaning(spot.at, "tab", message, "replace it with spaces")


def _beginning(spot: _Spot) -> _Meaning:
    if spot.char == "\t":
        return _tab(spot)
    message = f"a text cannot begin with {spot.char}"
    return _Meaning(spot.at, "begins-with-sign", message, QUOTE)


def _alias(spot: _Spot) -> _Meaning:
    message = "a text cannot begin with * or & here"
    return _Meaning(spot.opened, "begins-with-sign", message, QUOTE)


def _open_quote(spot: _Spot) -> _Meaning:
    message = "this quotation mark is never closed"
    return _Meaning(spot.opened, "open-quote", message, "close it, or double it inside a text")


def _backslash(spot: _Spot) -> _Meaning:
    message = "in double quotes a backslash starts a code, and YAML does not know this one"
    return _Meaning(spot.at, "backslash", message, "write two backslashes, or use single quotes")


def _behind_bar(spot: _Spot) -> _Meaning:
    message = "behind | or > nothing else may stand in the line"
    hint = "begin the text in the next line, two spaces further in"
    return _Meaning(spot.at, "behind-bar", message, hint)


def _second_document(spot: _Spot) -> _Meaning:
    message = "--- begins a second document"
    return _Meaning(spot.at, "second-document", message, "make it a file of its own")


def _brackets(spot: _Spot) -> _Meaning:
    for number in (spot.opened[0], max(spot.at[0] - 1, 0)):
        if tag := _TAG_IN_LIST.search(spot.line(number)):
            message = "in a list […] what begins with # is a comment"
            at = (number, tag.start() + 1)
            return _Meaning(at, "lost-text", message, "write tags without #")
    if lost := re.search(r"\s#\S", spot.line(spot.opened[0])[spot.opened[1] :]):
        message = "the text ends before the #: the rest is lost, the closing bracket too"
        at = (spot.opened[0], spot.opened[1] + lost.start() + 1)
        return _Meaning(at, "lost-text", message, QUOTE)
    rest = "\n".join(spot.lines[spot.at[0] :])[spot.at[1] :]
    if not rest.strip():
        message = "this bracket is never closed"
        return _Meaning(spot.opened, "open-bracket", message, "close { with } and [ with ]")
    message = f"the bracket that opens in line {spot.opened[0] + 1} breaks here"
    hint = f"inside {{…}} and […] a text with , : ? ' \" or a bracket needs quotes: {QUOTE}"
    return _Meaning(spot.at, "broken-brackets", message, hint)


def _dash(spot: _Spot) -> _Meaning:
    message = 'a list entry ("- ") cannot begin here'
    hint = f"put it on its own line below its key; if this is a text, {QUOTE}"
    return _Meaning(spot.at, "stray-dash", message, hint)


def _no_colon(spot: _Spot) -> _Meaning:
    line = spot.line(spot.opened[0])[spot.opened[1] :]
    if "\N{NO-BREAK SPACE}" in line:
        message = "a special, unbreakable space stands here"
        at = (spot.opened[0], spot.opened[1] + line.index("\N{NO-BREAK SPACE}"))
        return _Meaning(at, "odd-space", message, "type an ordinary space instead")
    if key := _TIGHT_KEY.match(line):
        message = "behind the colon of a key a space is missing"
        hint = f"write {key[1]}: {key[2]}…"
        return _Meaning(spot.opened, "no-space", message, hint)
    if key := _EQUALS.match(line):
        message = "between a key and its value stands a colon, not ="
        return _Meaning(spot.opened, "no-colon", message, f"write {key[1]}: …")
    return _Meaning(spot.opened, "no-colon", "this line has no colon after its key", QUOTE)


def _misfit(spot: _Spot) -> _Meaning:
    if spot.before.strip() and _AFTER_QUOTE.search(spot.before):
        message = "text goes on after the closing quotation mark"
        hint = "put the whole text in quotes, or below its key with |"
        return _Meaning(spot.at, "after-quote", message, hint)
    if spot.before.rstrip().endswith(("}", "]")):
        message = "text goes on after the closing bracket"
        hint = f"inside {{…}} a text with , : }} or a quotation mark needs quotes: {QUOTE}"
        return _Meaning(spot.at, "broken-brackets", message, hint)
    if lost := re.search(r"\s#\S", spot.line(spot.at[0] - 1)):
        message = "the text ends before this #: the rest is lost"
        return _Meaning((spot.at[0] - 1, lost.start() + 1), "lost-text", message, QUOTE)
    hint = "give it as many spaces in front as the lines it belongs to"
    return _Meaning(spot.at, "misfit", "this line does not fit the lines above it", hint)


def _unknown(spot: _Spot) -> _Meaning:
    return _Meaning(spot.at, "no-yaml", f"this is no YAML: {spot.about}", QUOTE)


_RULES: tuple[tuple[tuple[str, ...], Callable[[_Spot], _Meaning]], ...] = (
    (("mapping values are not allowed",), _colon),
    (("tab character",), _tab),
    (("cannot start any token",), _beginning),
    (("scanning an alias",), _alias),
    (("undefined alias",), _alias),
    (("scanning an anchor",), _alias),
    (("quoted scalar", "end of stream"), _open_quote),
    (("quoted scalar", "document"), _open_quote),
    (("escape character",), _backslash),
    (("block scalar",), _behind_bar),
    (("another document",), _second_document),
    (("flow",), _brackets),
    (("sequence entries are not allowed",), _dash),
    (("could not find expected ':'",), _no_colon),
    (("block mapping",), _misfit),
    (("block collection",), _misfit),
)
"""Words of the parser, all of which must stand in its complaint, and what they mean."""

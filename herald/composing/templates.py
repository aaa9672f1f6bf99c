"""Templates: the ten documented names put into a text, and nothing else.

One pass over the template, so a value is never looked at again: a partner's title that contains
``{link}`` stays as it is. Nothing is executed and no attribute is reached, which is why neither
``str.format`` nor a template engine is used here.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, fields

from herald.composing.cleaning import isolate
from herald.model.ids import Language

_PIECE = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SPELLED = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NEVER_ISOLATED = frozenset({"link", "language"})
"""Invisible characters beside a link become part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The values that a template may name; empty where there is nothing to say."""

    title: str = ""
    text: str = ""
    link: str = ""
    partner: str = ""
    begins: str = ""
    finishes: str = ""
    place: str = ""
    month: str = ""
    year: str = ""
    language: str = ""
    """The tag of the language in which the text is written, such as ``it``."""


NAMES = tuple(field.name for field in fields(Names))
"""Every documented name, in the order of the manual."""

_KNOWN = frozenset(NAMES)


def substitute(template: str, names: Names) -> str:
    """Put *names* into *template*; ``{{`` and ``}}`` write braces.

    What is no documented name stays as it was written, so that nothing is lost without a word;
    ``template_problems`` tells the editor. A value whose writing direction differs from that of
    ``names.language`` is isolated (U+2068 … U+2069).
    """
    if "{" not in template and "}" not in template:
        return template

    def put(match: re.Match[str]) -> str:
        spelled, name = match[0], match[1]
        if name is None:
            return spelled[0]
        if name not in _KNOWN:
            return spelled
        value: str = getattr(names, name)
        return value if name in _NEVER_ISOLATED else isolate(value, Language(names.language))

    return _PIECE.sub(put, template)


def names_in(template: str) -> frozenset[str]:
    """Return the documented names that *template* uses."""
    if "{" not in template:
        return frozenset()
    return frozenset(match[1] for match in _PIECE.finditer(template) if match[1] in _KNOWN)


def template_problems(template: str) -> tuple[str, ...]:
    """Return what is wrong with *template*, each a sentence with its remedy."""
    found = (_trouble(match) for match in _SPELLED.finditer(template))
    return tuple(dict.fromkeys(trouble for trouble in found if trouble))


def _trouble(match: re.Match[str]) -> str:
    spelled, name = match[0], match[1]
    if spelled in ("{{", "}}"):
        return ""
    if name is None:
        return f"a brace {spelled} stands alone (write {spelled * 2} for a brace)"
    if name in _KNOWN:
        return ""
    near = difflib.get_close_matches(name.strip().lower(), NAMES, n=1)
    if near:
        return f"unknown name {spelled} (did you mean {{{near[0]}}}?)"
    listed = ", ".join(f"{{{known}}}" for known in NAMES)
    return f"unknown name {spelled} (known are {listed}; write {{{{ for a brace)"

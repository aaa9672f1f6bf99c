"""The parts of a newsletter that somebody writes: ``newsletters/ID/ISSUE.yaml``."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from herald.model.problem import Problem
from herald.model.words import Words
from herald.sources.campaigns.scope import Scope
from herald.sources.campaigns.shapes import WrittenFile
from herald.sources.files import read_bytes
from herald.sources.problems import did_you_mean
from herald.sources.shape import check_shape
from herald.sources.yaml import read

Parts = tuple[tuple[str, Words], ...]

_ISSUE = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-\d{2})?")


def written_of(
    newsletter: str, keys: Collection[str], scope: Scope
) -> tuple[tuple[str, Parts], ...]:
    """Return the hand-written parts of every issue, by issue (``2027-02`` or ``2027-02-02``).

    Files beside the campaign come before files in the root for the same issue.
    """
    found: dict[str, Parts] = {}
    for base in dict.fromkeys((scope.folder.resolve(), scope.pictures.root)):
        folder = base / "newsletters" / newsletter
        scope.depend_on(folder)
        for path in sorted(folder.glob("*.yaml")):
            if path.stem not in found:
                found[path.stem] = _parts(path, keys, scope)
    return tuple(sorted(found.items()))


def _parts(path: Path, keys: Collection[str], scope: Scope) -> Parts:
    root = scope.pictures.root
    file = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
    scope.depend_on(path)
    content = read_bytes(path, file=file)
    if isinstance(content, Problem):
        scope.problems.found.append(content)
        return ()
    document, faults = read(content, file=file)
    scope.problems.found.extend(faults)
    if document is None or document.data is None:
        return ()
    inner = replace(scope, where=document)
    if not _ISSUE.fullmatch(path.stem):
        hint = "call it by the issue's month or day: 2027-02.yaml, 2027-02-02.yaml"
        inner.error((), "bad-name", f'"{path.name}" names no issue', hint)
    shape = check_shape(WrittenFile, document.data, document, scope.problems)
    if shape is None:
        return ()
    for key in shape.root:
        if key not in keys:
            message = f'no section writes "{key}"'
            inner.warn((key,), "unknown-key", message, did_you_mean(key, keys))
    return tuple((key, inner.own_words(texts, (key,))) for key, texts in shape.root.items())

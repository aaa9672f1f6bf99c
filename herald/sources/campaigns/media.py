"""Descriptions of pictures that several campaigns share: ``media/media.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from herald.model.problem import Problem
from herald.sources.campaigns.item_shapes import ImageShape
from herald.sources.campaigns.shapes import MediaFile
from herald.sources.files import Stamp, is_file, read_bytes, resolved, stamp_of
from herald.sources.problems import Problems
from herald.sources.shape import check_shape
from herald.sources.yaml import read


@dataclass(frozen=True, slots=True)
class Descriptions:
    """All descriptions below a folder, by the picture's whole path."""

    described: dict[Path, ImageShape]
    problems: tuple[Problem, ...]
    stamps: tuple[tuple[Path, Stamp], ...]


def read_descriptions(root: Path) -> Descriptions:
    """Read ``media/media.yaml`` in the root and in every folder that holds campaigns."""
    paths = [root / "media" / "media.yaml", *sorted((root / "campaigns").rglob("media/media.yaml"))]
    described: dict[Path, ImageShape] = {}
    problems = Problems()
    for path in (path for path in paths if is_file(path)):
        described |= _read(path, path.relative_to(root).as_posix(), problems)
    stamps = tuple((path, stamp_of(path)) for path in paths)
    return Descriptions(described, tuple(problems.found), stamps)


def _read(path: Path, file: str, problems: Problems) -> dict[Path, ImageShape]:
    content = read_bytes(path, file=file)
    if isinstance(content, Problem):
        problems.found.append(content)
        return {}
    document, faults = read(content, file=file)
    problems.found.extend(faults)
    if document is None or document.data is None:
        return {}
    shape = check_shape(MediaFile, document.data, document, problems)
    if shape is None:
        return {}
    found = {}
    for name, image in shape.root.items():
        picture = resolved(path.parent / name)
        if not is_file(picture):
            message = f'there is no picture "{name}" in this folder'
            problems.warn(document.key((name,)), "missing-file", message, "check its name")
        found[picture] = image
    return found

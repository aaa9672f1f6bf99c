"""Each file in ``bad/`` beside the problems that its author is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sources.folder import a_folder, loaded, write

BAD = sorted((Path(__file__).parent / "bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_an_author_is_told_everything_that_is_wrong(path: Path, tmp_path: Path) -> None:
    root = a_folder(tmp_path)
    write(root, "campaigns/file.yaml", path.read_bytes())
    told = "".join(f"{each.severity} {each.code}\n  {each}\n" for each in loaded(root).problems)
    assert told == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_expectation_has_its_file() -> None:
    expected = {path.stem for path in (Path(__file__).parent / "bad").glob("*.txt")}
    assert expected == {path.stem for path in BAD}

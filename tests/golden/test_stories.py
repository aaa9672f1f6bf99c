"""Each story's plan is what its ``plan.txt`` says; ``HERALD_GOLDEN=write`` writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.golden.storybook import Story, stories, told


@pytest.mark.parametrize("story", stories(), ids=lambda story: story.folder.name)
async def test_a_story_is_planned_as_it_is_written(story: Story, tmp_path: Path) -> None:
    expected = story.folder / "plan.txt"
    text = await told(story, tmp_path)
    if os.environ.get("HERALD_GOLDEN") == "write":
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")

"""What ``herald check`` sees of a picture."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from herald.errors import PictureUnusable
from herald.media.looking import look_at
from herald.media.prepare import prepare
from tests.media.corpus import ALL, UNUSABLE, moving, noise, quarters, saved, turned
from tests.sources.folder import a_folder, loaded, write

SOUND = {
    "JPEG": saved(quarters(), "JPEG"),
    "CMYK": saved(quarters(mode="CMYK"), "JPEG"),
    "PNG": saved(quarters(), "PNG"),
    "GIF": moving("GIF"),
    "WebP": saved(quarters(), "WEBP"),
    "AVIF": saved(quarters(), "AVIF"),
    "turned": turned(6),
    "large": saved(noise((2500, 2500)), "JPEG"),
    "a panorama": saved(quarters((20_000, 10)), "PNG"),
}


@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_what_can_be_made_to_fit_is_no_problem(content: bytes) -> None:
    assert look_at(content).startswith("image/")
    assert prepare(content, ALL).content


@pytest.mark.parametrize(("content", "words"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_used_is_told_before_it_is_needed(content: bytes, words: str) -> None:
    with pytest.raises(PictureUnusable) as refused:
        look_at(content)
    assert words in str(refused.value)


def test_an_editor_reads_where_what_and_what_to_do(tmp_path: Path) -> None:
    item = "  - {{id: {0}, kind: news, title: {{en: X}}, image: media/{0}.jpg, post: []}}\n"
    names = {name: f"picture-{nth}" for nth, name in enumerate(UNUSABLE)}
    text = "".join(item.format(name) for name in names.values())
    root = a_folder(
        tmp_path, one=f"campaign: one\nlanguages: [en]\nchannels: [fedi]\nitems:\n{text}"
    )
    for name, (content, _) in UNUSABLE.items():
        write(root, f"campaigns/media/{names[name]}.jpg", content)
    told = [p for p in loaded(root).problems if p.code == "bad-picture"]
    assert len(told) == len(UNUSABLE)
    for problem, (name, (_, words)) in zip(told, UNUSABLE.items(), strict=True):
        assert problem.message.startswith(f'picture "media/{names[name]}.jpg": ')
        assert words in problem.message
        assert problem.hint.startswith("save ")


def test_a_look_is_quick_however_large_the_picture_is() -> None:
    content = saved(quarters((6000, 4000)), "JPEG", quality=95)
    began = time.process_time()
    for _ in range(20):
        look_at(content)
    assert time.process_time() - began < 1

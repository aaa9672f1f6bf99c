"""The journal: whole lines, each once, whatever happens to the process, the file or the disk."""

from __future__ import annotations

import json
import multiprocessing
import resource
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.channels.journal import JournalChannel, open_journal
from herald.channels.journal_file import JournalFile, JournalLine, journal_path, read_journal
from herald.clock import SetClock
from herald.data.networks import capabilities_of
from herald.model.delivery import Absent, CannotTell, Claim, Found, Media, Sent, TryAgain
from herald.model.ids import ChannelId, PartnerId
from herald.model.network import Count
from tests.makers import NOON, a_channel, a_delivery, a_payload


def a_journal(folder: Path, **settings: str) -> JournalChannel:
    config = a_channel(id=ChannelId("trial"), settings=settings)
    return open_journal(config, folder=folder, clock=SetClock(NOON))


def a_claim(**changes: Any) -> Claim:
    return Claim(delivery=a_delivery(channel=ChannelId("trial"), **changes), token=1, attempt=1)


def a_line(key: str = "k1", **changes: Any) -> JournalLine:
    values: dict[str, Any] = {
        "key": key,
        "sent_at": NOON,
        "campaign": "stories",
        "item": "salt-house",
        "occasion": "now",
        "channel": "trial",
        "language": "en",
        "text": "The salt house",
    }
    return JournalLine(**(values | changes))


async def test_a_line_has_exactly_the_promised_fields(tmp_path: Path) -> None:
    payload = a_payload(
        text="Ħaġar 🌾",
        link="https://example.org",
        media=(
            Media(file="media/a.jpg", alt="A walk", sha256="00", credit="Ana"),
            Media(url="https://example.org/b.jpg", alt="B"),
        ),
    )
    claim = a_claim(payload=payload, partner=PartnerId("argenta"))
    await a_journal(tmp_path).send(claim)
    (raw,) = journal_path(tmp_path, "trial").read_bytes().splitlines()
    assert list(json.loads(raw).items()) == [
        ("key", claim.delivery.key),
        ("sent_at", "2027-05-10T12:00:00Z"),
        ("campaign", "stories"),
        ("item", "salt-house"),
        ("occasion", "2027-05-10T14:00"),
        ("partner", "argenta"),
        ("channel", "trial"),
        ("language", "en"),
        ("text", "Ħaġar 🌾"),
        ("link", "https://example.org"),
        (
            "media",
            [
                {"file": "media/a.jpg", "alt": "A walk"},
                {"url": "https://example.org/b.jpg", "alt": "B"},
            ],
        ),
    ]
    assert "Ħaġar 🌾".encode() in raw


async def test_a_post_without_a_link_has_none_and_is_read_back_so(tmp_path: Path) -> None:
    await a_journal(tmp_path).send(a_claim(payload=a_payload(link="")))
    path = journal_path(tmp_path, "trial")
    assert json.loads(path.read_bytes())["link"] is None
    assert [line.link for line in read_journal(path)] == [""]


async def test_what_was_frozen_is_sent_not_what_was_edited_since(tmp_path: Path) -> None:
    claim = a_claim(payload=a_payload(text="edited"), frozen=a_payload(text="frozen"))
    await a_journal(tmp_path).send(claim)
    assert [line.text for line in read_journal(journal_path(tmp_path, "trial"))] == ["frozen"]


@settings(deadline=None)  # a busy disk is no fault
@given(
    text=st.text(st.characters()),
    alt=st.text(),
    key=st.text(min_size=1),
)
def test_every_line_is_read_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, text: str, alt: str, key: str
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j.jsonl"
    line = a_line(key, text=text, media=(Media(file="a", alt=alt),))
    JournalFile(path).append(line)
    assert read_journal(path) == (line,)


def test_a_lone_surrogate_is_kept_and_the_file_stays_utf8(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    JournalFile(path).append(a_line(text="half \ud83c of one"))
    path.read_bytes().decode("utf-8")
    assert read_journal(path)[0].text == "half \ud83c of one"


@pytest.mark.parametrize("cut", [1, 2, 20, 100], ids="lost {} bytes".format)
def test_a_line_that_a_crash_cut_short_was_never_there(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "j.jsonl"
    journal = JournalFile(path)
    journal.append(a_line("whole"))
    journal.append(a_line("torn"))
    path.write_bytes(path.read_bytes()[:-cut])
    lost_its_end_only = cut == 1
    again = JournalFile(path)
    assert again.holds("whole")
    assert again.holds("torn") is lost_its_end_only
    again.append(a_line("torn"))
    again.append(a_line("next"))
    assert [line.key for line in read_journal(path)] == ["whole", "torn", "next"]


def test_a_key_is_written_once_however_often_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    first, second = JournalFile(path), JournalFile(path)
    for journal in (first, second, first, JournalFile(path)):
        journal.append(a_line("k"))
    assert len(read_journal(path)) == 1


def test_what_another_process_writes_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    mine, theirs = JournalFile(path), JournalFile(path)
    assert not mine.holds("k")
    theirs.append(a_line("k"))
    assert mine.holds("k")


EDITS = {
    "removed": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "replaced by a longer one": lambda path: path.write_bytes(b'{"other": "file"}\n' * 90),
    "line taken out, others added": lambda path: path.write_bytes(
        path.read_bytes().split(b"\n", 1)[1] + b"{}\n" * 900
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS.keys())
def test_what_a_person_takes_out_of_the_file_is_no_longer_there(tmp_path: Path, edit: Any) -> None:
    path = tmp_path / "j.jsonl"
    journal = JournalFile(path)
    journal.append(a_line("first"))
    journal.append(a_line("second"))
    assert journal.holds("first")
    edit(path)
    assert not journal.holds("first")


JUNK = [
    b"",
    b"\n\n",
    b"null\n",
    b"[]\n",
    b'{"key": 1}\n',
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}\n",
    b"[" * 99_999,
]


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: repr(junk[:12]))
def test_lines_that_are_no_journal_lines_are_passed_over(tmp_path: Path, junk: bytes) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(junk)
    JournalFile(path).append(a_line("k"))
    assert [line.key for line in read_journal(path)] == ["k"]
    assert path.read_bytes().startswith(junk)


def test_a_journal_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none.jsonl") == ()
    assert not JournalFile(tmp_path / "none.jsonl").holds("k")
    assert not (tmp_path / "none.jsonl").exists()


def _write_many(path: Path, writer: int, count: int, together: Any) -> None:
    journal = JournalFile(path)
    for number in range(count):
        together.wait(30)
        journal.append(a_line(f"shared-{number}"))
        journal.append(a_line(f"{writer}-{number}", text="x" * (number % 7) * 900))


def test_two_processes_write_one_journal_without_mixing_or_repeating(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(2)
    writers = [
        spawn.Process(target=_write_many, args=(path, one, 60, together)) for one in range(2)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    keys = [line.key for line in read_journal(path)]
    assert len(keys) == len(set(keys)) == 180
    assert path.read_bytes().count(b"\n") == 180


def test_a_disk_that_fills_up_leaves_no_part_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = JournalFile(path)
    journal.append(a_line("before"))
    size = path.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, before[1]))
        with pytest.raises(OSError, match="disk full"):
            journal.append(a_line("after"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert path.stat().st_size == size
    assert not journal.holds("after")
    journal.append(a_line("after"))
    assert [line.key for line in read_journal(path)] == ["before", "after"]


async def test_a_journal_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    channel = a_journal(tmp_path)
    assert isinstance(await channel.send(a_claim()), TryAgain)
    (tmp_path / "var").unlink()
    assert isinstance(await channel.send(a_claim()), Sent)


async def test_a_journal_that_cannot_be_read_is_never_absent(tmp_path: Path) -> None:
    journal_path(tmp_path, "trial").mkdir(parents=True)
    sighting = await a_journal(tmp_path).look_up(a_claim())
    assert isinstance(sighting, CannotTell)
    assert sighting.again


async def test_each_channel_has_its_own_journal(tmp_path: Path) -> None:
    await a_journal(tmp_path).send(a_claim())
    other = open_journal(a_channel(id=ChannelId("other")), folder=tmp_path, clock=SetClock(NOON))
    assert await other.look_up(a_claim()) == Absent()


async def test_a_journal_like_a_network_has_its_limits_and_its_own_habits(tmp_path: Path) -> None:
    own = await a_journal(tmp_path).capabilities()
    like = await a_journal(tmp_path, like="mastodon").capabilities()
    mastodon = capabilities_of("mastodon")
    assert own.limit is None
    assert (like.count, like.limit, like.alt_limit) == (Count.MASTODON, 500, mastodon.alt_limit)
    assert replace(like, **_limits_of(own)) == own
    assert like.settle_window <= timedelta(seconds=1)


def _limits_of(capabilities: Any) -> dict[str, Any]:
    names = (
        "count limit bytes_most url_length media_most media_types media_bytes alt_limit"
        " video_types video_bytes"
        " languages_most"
    )
    return {name: getattr(capabilities, name) for name in names.split()}


async def test_found_after_many_others(tmp_path: Path) -> None:
    channel = a_journal(tmp_path)
    claims = [a_claim(item=f"item-{number}") for number in range(200)]
    for claim in claims:
        await channel.send(claim)
    found = [await a_journal(tmp_path).look_up(claim) for claim in (claims[0], claims[-1])]
    assert all(isinstance(one, Found) for one in found)

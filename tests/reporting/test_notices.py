"""What officers are told, and when: once, together, again only when it had really gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herald.model.account import Reply
from herald.model.echo import Heard
from herald.model.ids import ChannelId, Language
from herald.model.notice import Concern, Kind, Message, Raised, Remembered, Round, Rules, Way
from herald.reporting.notices import ALERT_EVERY, Notice, decide, due_digest

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TEN = datetime(2027, 5, 3, 8, 0, tzinfo=UTC)
"""10:00 in Rome: the day's digest is over."""
HALF_PAST_SEVEN = datetime(2027, 5, 3, 5, 30, tzinfo=UTC)
MAIL = Way(name="mail:ana@example.org", label="mail to Ana")
ROOM = Way(name="matrix", label="Matrix room", language=Language("it"))
RULES = Rules(
    at_once=frozenset({Kind.FAILED, Kind.UNCLEAR, Kind.BROKEN_FILE}),
    digest=time(7, 30),
    zone="Europe/Rome",
    ways=(MAIL,),
)


def a_concern(kind: Kind = Kind.FAILED, subject: str = "one", **changes) -> Concern:
    return Concern(kind=kind, subject=subject, say="failed", **changes)


BROKEN = a_concern(Kind.BROKEN_FILE, "campaigns/a.yaml", lasting=10 * MINUTE)
FEED = a_concern(Kind.FEED, "a feed")


def spelled(notice: Notice, way: Way) -> tuple[str, str]:
    """Stand in for the words: what is new, still there and closed."""
    parts = (
        " ".join(one.subject for one in notice.new),
        " ".join(one.subject for one in notice.still),
        " ".join(notice.closed),
    )
    heard = [one.reply.id for one in notice.heard]
    return str(notice.occasion), "|".join(parts) + (f" heard {' '.join(heard)}" if heard else "")


@dataclass
class Desk:
    """What a store remembers, and the messages that were written."""

    now: datetime = TEN
    rules: Rules = RULES
    known: Remembered = field(
        default_factory=lambda: Remembered(digest_day=date(2027, 5, 3), digest_at=HALF_PAST_SEVEN)
    )
    said: list[tuple[datetime, str, str]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    def look(self, *concerns: Concern) -> Round:
        found = decide(
            concerns, self.known, self.rules, now=self.now, write=spelled, heard=self.heard
        )
        raised = {one.id: one for one in self.known.raised}
        raised |= {one.id: one for one in found.raised}
        for one in found.forgotten:
            del raised[one.id]
        self.known = Remembered(
            raised=tuple(raised.values()),
            digest_day=found.digest_day,
            digest_at=found.digest_at,
            alerted_at=found.alerted_at,
        )
        self.messages += found.messages
        self.said += [(self.now, one.subject, one.body) for one in found.messages]
        return found

    def live(self, minutes: int, *concerns: Concern) -> list[tuple[str, str]]:
        """Look every minute; return what was said, as occasion and words."""
        before = len(self.said)
        for _ in range(minutes):
            self.look(*concerns)
            self.now += MINUTE
        return [(occasion, words) for _, occasion, words in self.said[before:]]


def test_a_concern_is_told_once_and_not_every_minute():
    desk = Desk()
    assert desk.live(300, a_concern()) == [("alert", "one||")]
    assert desk.said[0][0] == TEN + 2 * MINUTE


def test_what_is_not_asked_for_at_once_waits_for_the_summary():
    desk = Desk()
    assert desk.live(600, FEED) == []
    desk.now = HALF_PAST_SEVEN + DAY
    assert desk.live(1, FEED) == [("digest", "a feed||")]


def test_what_comes_up_within_a_short_while_goes_in_one_message_most_urgent_first():
    desk = Desk()
    unclear = a_concern(Kind.UNCLEAR, "b")
    assert desk.live(1, unclear) == []
    assert desk.live(20, unclear, a_concern(subject="z")) == [("alert", "z b||")]


def test_no_more_than_one_message_at_once_in_a_quarter_of_an_hour():
    desk = Desk()
    for number in range(60):
        desk.look(*(a_concern(subject=f"{nth:02}") for nth in range(number)))
        desk.now += MINUTE
    moments = [at for at, _, _ in desk.said]
    assert all(b - a >= ALERT_EVERY for a, b in pairwise(moments))
    told = [name for _, _, words in desk.said for name in words.rstrip("|").split()]
    assert len(told) == len(set(told)) > 40


def test_a_broken_file_is_told_only_once_nobody_can_still_be_writing_it():
    desk = Desk()
    assert desk.live(9, BROKEN) == []
    desk.live(1)  # saved and sound again, and broken by the next change
    assert desk.live(9, BROKEN) == []
    assert desk.live(5, BROKEN) == [("alert", "campaigns/a.yaml||")]


def test_a_file_that_was_broken_for_a_moment_is_in_no_summary():
    desk = Desk(now=HALF_PAST_SEVEN + DAY - 5 * MINUTE)
    assert desk.live(10, BROKEN) == []


def test_what_is_known_to_last_is_told_although_it_was_just_seen():
    desk = Desk()
    old = a_concern(lasting=HOUR, since=TEN - 2 * HOUR)
    assert desk.live(5, old) == [("alert", "one||")]


def test_what_flaps_is_told_once():
    desk = Desk()
    said = [words for _ in range(60) for words in (*desk.live(3, a_concern()), *desk.live(3))]
    assert said == [("alert", "one||")]


def test_what_comes_and_goes_within_a_minute_is_told_all_the_same():
    desk = Desk()
    said = [words for _ in range(5) for words in (*desk.live(1, a_concern()), *desk.live(1))]
    assert said == [("alert", "one||")]


def test_what_had_gone_and_comes_back_is_told_again_after_a_rest_that_doubles():
    desk = Desk()

    def told_after(away: timedelta) -> bool:
        desk.live(1)
        desk.now += away
        return [occasion for occasion, _ in desk.live(4, a_concern())] == ["alert"]

    desk.live(5, a_concern())
    assert [told_after(h * HOUR) for h in (0.5, 1, 1, 1.5, 2, 3, 4)] == [
        False,
        True,
        False,
        False,
        True,
        False,
        True,
    ]


def test_what_has_been_away_for_a_week_is_forgotten():
    desk = Desk()
    desk.live(5, a_concern())
    desk.live(1)
    desk.now += 8 * DAY
    desk.rules = replace(RULES, ways=())
    assert desk.look().forgotten
    assert desk.known.raised == ()


def test_the_summary_tells_what_is_new_what_still_stands_and_what_has_gone():
    desk = Desk()
    desk.live(5, a_concern(), a_concern(Kind.UNCLEAR, "gone"))
    desk.live(5, a_concern(), FEED)
    desk.now = HALF_PAST_SEVEN + DAY
    assert desk.live(60, a_concern(), FEED) == [("digest", "a feed|one|unclear")]
    desk.now = HALF_PAST_SEVEN + 2 * DAY
    assert desk.live(60, a_concern(), FEED) == [("digest", "|one a feed|")]


def test_when_everything_is_cleared_the_next_summary_says_so_once_and_then_there_is_none():
    desk = Desk()
    desk.live(5, a_concern())
    desk.live(5)
    for day, said in ((1, [("digest", "||failed")]), (2, []), (3, [])):
        desk.now = HALF_PAST_SEVEN + day * DAY
        assert desk.live(60) == said


def test_what_the_summary_told_is_not_told_at_once_as_well():
    desk = Desk(now=HALF_PAST_SEVEN + DAY)
    assert desk.live(60, a_concern()) == [("digest", "one||")]


def test_without_anybody_to_tell_nothing_counts_as_told():
    desk = Desk(rules=replace(RULES, ways=()))
    assert desk.live(60, a_concern()) == []
    desk.rules = RULES
    assert desk.live(60, a_concern()) == [("alert", "one||")]


def test_every_way_gets_its_own_words_under_one_id():
    desk = Desk(rules=replace(RULES, ways=(MAIL, ROOM)))
    desk.live(5, a_concern())
    assert [one.way for one in desk.messages] == ["mail:ana@example.org", "matrix"]
    assert len({one.id for one in desk.messages}) == 1


def test_what_people_wrote_is_told_once_with_the_summary_though_nothing_else_is_open() -> None:
    desk = Desk()
    for number, at in enumerate((TEN - 5 * HOUR, TEN + HOUR, TEN + 30 * HOUR)):
        reply = Reply(id=str(number), author="@ana@example.org", text="Grazie!", at=at)
        desk.heard.append(Heard(channel=ChannelId("fedi"), reply=reply, heard_at=at))
    assert desk.live(3 * 24 * 60) == [("digest", "|| heard 1"), ("digest", "|| heard 2")]


def test_at_a_first_start_no_summary_is_missed():
    desk = Desk(known=Remembered())
    assert desk.live(60, FEED) == []
    desk.now = HALF_PAST_SEVEN + DAY
    assert desk.live(3, FEED) == [("digest", "a feed||")]


def test_what_was_not_looked_at_overnight_is_summed_up_late_on_the_same_day_only():
    desk = Desk()
    desk.now += DAY  # 10:00 on the next day
    assert desk.live(30, FEED) == [("digest", "a feed||")]
    desk.now = HALF_PAST_SEVEN + 4 * DAY - HOUR
    assert desk.live(30, FEED) == []


ROME = "Europe/Rome"


def rules_at(at: time, zone: str) -> Rules:
    return replace(RULES, digest=at, zone=zone)


@pytest.mark.parametrize(
    ("at", "zone", "begin", "moments"),
    [
        pytest.param(
            time(2, 30),
            ROME,
            datetime(2027, 3, 27, 12, tzinfo=UTC),
            ["2027-03-28T01:30", "2027-03-29T00:30"],
            id="an hour that is skipped",
        ),
        pytest.param(
            time(2, 30),
            ROME,
            datetime(2027, 10, 30, 12, tzinfo=UTC),
            ["2027-10-31T00:30", "2027-11-01T01:30"],
            id="an hour that happens twice",
        ),
        pytest.param(
            time(23, 30),
            "America/Nuuk",
            datetime(2027, 3, 27, 12, tzinfo=UTC),
            ["2027-03-28T01:30", "2027-03-29T00:30"],
            id="skipped over midnight",
        ),
        pytest.param(
            time(0, 0),
            "Asia/Kathmandu",
            datetime(2027, 5, 3, 12, tzinfo=UTC),
            ["2027-05-03T18:15", "2027-05-04T18:15"],
            id="midnight",
        ),
    ],
)
def test_each_local_day_has_one_summary_whatever_the_clocks_do(at, zone, begin, moments):
    rules = rules_at(at, zone)
    done = due_digest(None, rules, now=begin)
    now, found = begin, []
    while len(found) < 2:
        now += 15 * MINUTE
        due = due_digest(done, rules, now=now)
        if due != done:
            found.append(f"{now:%Y-%m-%dT%H:%M}")
            done = due
    assert found == moments


@pytest.mark.parametrize("ahead", [3 * DAY, 400 * DAY])
def test_a_clock_that_had_run_ahead_silences_nobody(ahead):
    desk = Desk()
    desk.now += ahead
    desk.live(5, a_concern())
    desk.live(3)
    desk.now = TEN + DAY
    desk.said.clear()
    desk.live(20, FEED, a_concern(Kind.UNCLEAR, "new"))
    assert [words for _, _, words in desk.said] == ["new||"]
    desk.now = HALF_PAST_SEVEN + 2 * DAY
    assert desk.live(5, FEED) == [("digest", "a feed||unclear")]


def test_a_setting_that_changes_after_the_summary_brings_no_second_one():
    desk = Desk(now=HALF_PAST_SEVEN + DAY)
    assert len(desk.live(5, FEED)) == 1
    for later, zone in ((time(9, 0), ROME), (time(12, 0), "Asia/Tokyo"), (time(8, 0), "UTC")):
        desk.rules = rules_at(later, zone)
        assert [words for words in desk.live(300, FEED) if desk.now.date().day == 4] == []


def test_a_moment_that_lies_ahead_is_read_as_now():
    ahead = Raised(kind=Kind.FAILED, subject="one", raised_at=TEN + 30 * DAY)
    desk = Desk()
    desk.known = replace(desk.known, raised=(ahead,), alerted_at=TEN + DAY)
    assert desk.live(5, a_concern()) == [("alert", "one||")]


NAMES = st.sets(st.sampled_from(["a", "b", "c"]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NAMES, st.integers(1, 90)), min_size=1, max_size=40), st.booleans())
def test_nothing_that_stands_is_forgotten_and_nothing_is_told_twice(steps, restart):
    """A concern that stands was told within a quarter of an hour, and not again while it stood."""
    desk = Desk()
    for names, minutes in steps:
        concerns = [a_concern(subject=name) for name in names]
        before = len(desk.messages)
        desk.live(minutes, *concerns)
        if restart:  # nothing but what was written down is left
            desk = Desk(now=desk.now, known=desk.known)
            before = 0
        told: Iterable[str] = [
            name
            for _, occasion, words in desk.said[before:]
            if occasion == "alert"
            for name in words.rstrip("|").split()
        ]
        assert len(list(told)) == len(set(told))
        if minutes > 20:
            standing = {one.subject for one in desk.known.raised if one.told_at and not one.gone_at}
            assert standing == names

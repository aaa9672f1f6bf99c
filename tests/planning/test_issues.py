"""Newsletter issues in the plan."""

from datetime import UTC, date, datetime, time, timedelta

from herald.model.campaign import Newsletter
from herald.model.configuration import MailingList
from herald.model.ids import Language, ListId
from herald.model.words import Words
from tests.makers import SOMEWHERE
from tests.planning.plans import a_configuration, every, plan_of

FRIENDS = MailingList(
    id=ListId("friends"),
    name=Words.of({"en": "Friends"}),
    sender_name="Eco",
    sender_address="news@example.org",
    languages=(Language("sl"), Language("en")),
    place=SOMEWHERE,
)
MONTHLY = Newsletter(
    id="monthly",
    list=FRIENDS.id,
    every=every("first tuesday", at=time(9)),
    subject=Words.of({"en": "News"}),
    place=SOMEWHERE,
)


def issues(now, *, ahead=timedelta(days=60), configuration=None, **campaign):
    plan = plan_of(
        newsletters=(MONTHLY,), now=now, ahead=ahead, configuration=configuration, **campaign
    )
    return [(one.key, one.due_at.isoformat(timespec="minutes")) for one in plan.issues]


def test_an_issue_has_a_key_and_a_moment_on_the_campaigns_clock():
    assert issues(datetime(2027, 10, 20, tzinfo=UTC), ahead=timedelta(days=20)) == [
        ("stories/monthly/2027-11-02", "2027-11-02T08:00+00:00")
    ]


def test_an_issue_that_is_a_little_late_stays_and_one_that_is_too_late_does_not():
    due = datetime(2027, 11, 2, 8, 0, tzinfo=UTC)
    assert len(issues(due + timedelta(hours=5), ahead=timedelta(days=1))) == 1
    assert issues(due + timedelta(hours=7), ahead=timedelta(days=1)) == []


def test_issues_come_only_while_the_campaign_lasts():
    now = datetime(2027, 10, 20, tzinfo=UTC)
    assert issues(now, ends=date(2027, 11, 1)) == []


def test_an_issue_is_written_in_the_languages_of_its_list():
    now = datetime(2027, 10, 20, tzinfo=UTC)
    configuration = a_configuration(lists={FRIENDS.id: FRIENDS})
    known = plan_of(newsletters=(MONTHLY,), now=now, configuration=configuration)
    unknown = plan_of(newsletters=(MONTHLY,), now=now)
    assert known.issues[0].languages == ("sl", "en")
    assert unknown.issues[0].languages == ("en", "it")

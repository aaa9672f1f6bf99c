"""What Herald understands of a server's answers, headers, limits and HTML."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.channels.answer import Answer, NoAnswer, asked_to_wait
from herald.channels.mastodon.likeness import Likeness, compare_content, could_be_in, is_source
from herald.channels.mastodon.limits import read_capabilities, remembers_keys, usual_capabilities
from herald.channels.mastodon.pictures import UPLOAD_SECONDS
from herald.channels.mastodon.posting import ANSWER_SECONDS
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.mastodon.wire import create_request, outcome_of_create, receipt_of
from herald.model.delivery import Receipt, Sent, TryAgain, Unclear
from herald.model.ids import DeliveryKey, Language
from herald.model.network import Capabilities
from tests.makers import NOON, a_payload

WAITS: dict[str, tuple[dict[str, str], timedelta | None]] = {
    "nothing": ({}, None),
    "seconds": ({"retry-after": "30"}, timedelta(seconds=30)),
    "date": (
        {"retry-after": format_datetime(NOON + timedelta(minutes=2), usegmt=True)},
        timedelta(minutes=2),
    ),
    "ISO reset": ({"x-ratelimit-reset": "2027-05-10T12:01:00.000000Z"}, timedelta(minutes=1)),
    "ISO reset elsewhere": (
        {"x-ratelimit-reset": "2027-05-10T14:01:00+02:00"},
        timedelta(minutes=1),
    ),
    "reset without zone": ({"x-ratelimit-reset": "2027-05-10T12:01:00"}, timedelta(minutes=1)),
    "epoch reset": ({"x-ratelimit-reset": str(int(NOON.timestamp()) + 45)}, timedelta(seconds=45)),
    "seconds to reset": ({"x-ratelimit-reset": "20"}, timedelta(seconds=20)),
    "retry-after first": (
        {"retry-after": "5", "x-ratelimit-reset": "2027-05-10T12:01:00Z"},
        timedelta(seconds=5),
    ),
    "past": ({"x-ratelimit-reset": "2020-01-01T00:00:00Z"}, None),
    "zero": ({"retry-after": "0"}, None),
    "negative": ({"retry-after": "-5"}, None),
    "nonsense": ({"retry-after": "soon", "x-ratelimit-reset": "¯\\_(ツ)_/¯"}, None),
    "huge": ({"retry-after": "9" * 400}, None),
    "no year": ({"x-ratelimit-reset": "0000-00-00T00:00:00Z"}, None),
}


@pytest.mark.parametrize(("headers", "wait"), WAITS.values(), ids=WAITS.keys())
def test_a_wait_is_read_however_it_is_said(headers: dict[str, str], wait: timedelta | None) -> None:
    assert asked_to_wait(Answer(status=429, headers=headers), now=NOON) == wait


@given(st.text(), st.text(), st.text())
def test_no_header_breaks_the_reader(retry: str, reset: str, date: str) -> None:
    headers = {"retry-after": retry, "x-ratelimit-reset": reset, "date": date}
    wait = asked_to_wait(Answer(status=429, headers=headers), now=NOON)
    assert wait is None or wait > timedelta(0)


SAID = {
    "error": (b'{"error": "no"}', "no"),
    "description first": (b'{"error": "a", "error_description": "b"}', "b"),
    "page": (b"<html><style>p {}</style><h1>502  Bad\nGateway</h1></html>", "502 Bad Gateway"),
    "entities": (b"<p>Too &lt;long&gt;</p>", "Too <long>"),
    "no text": (b'{"error": {"code": 5}}', ""),
    "binary": (b"\x00\xff\x1b[2J", "� [2J"),
    "empty": (b"", ""),
    "huge": (b"x" * 10_000, "x" * 200),
    "deep": (b"[" * 100_000, "[" * 200),
}


@pytest.mark.parametrize(("body", "said"), SAID.values(), ids=SAID.keys())
def test_the_servers_words_are_kept_plain_and_short(body: bytes, said: str) -> None:
    assert Answer(status=500, body=body).said() == said


@given(
    st.integers(100, 599),
    st.binary(max_size=200) | st.text().map(lambda text: json.dumps({"error": text}).encode()),
)
def test_only_a_status_is_taken_for_sent(status: int, body: bytes) -> None:
    outcome = outcome_of_create(Answer(status=status, body=body), now=NOON)
    assert not isinstance(outcome, Sent)
    if 200 <= status < 400 or status >= 500:
        assert isinstance(outcome, Unclear) or status in {301, 308, 501}


def test_no_answer_is_certain_only_before_anything_was_sent() -> None:
    assert outcome_of_create(NoAnswer("x", reached=False), now=NOON) == TryAgain("x")
    assert outcome_of_create(NoAnswer("x"), now=NOON) == Unclear("x")


RECEIPTS: dict[str, tuple[Any, Receipt | None]] = {
    "status": (
        {"id": "1", "content": "", "url": "https://x"},
        Receipt(remote_id="1", url="https://x"),
    ),
    "number": (
        {"id": 1, "content": "", "url": None, "uri": "tag:1"},
        Receipt(remote_id="1", url="tag:1"),
    ),
    "no address": ({"id": "1", "created_at": "x", "url": 5}, Receipt(remote_id="1")),
    "no id": ({"content": ""}, None),
    "empty id": ({"id": "", "content": ""}, None),
    "scheduled": ({"id": "1", "scheduled_at": "x", "params": {}}, None),
    "list": ([], None),
    "nothing": (None, None),
}


@pytest.mark.parametrize(("told", "receipt"), RECEIPTS.values(), ids=RECEIPTS.keys())
def test_a_receipt_needs_a_status_with_an_id(told: Any, receipt: Receipt | None) -> None:
    assert receipt_of(told) == receipt


def test_equal_deliveries_make_equal_bytes() -> None:
    def make() -> bytes:
        return create_request(
            a_payload(text="Il-Mużew 🌾", language=Language("mt")),
            key=DeliveryKey("k"),
            media_ids=["1", "2"],
            settings=MastodonSettings(server="https://social.example.org"),
        ).body

    assert make() == make()
    assert json.loads(make())["status"] == "Il-Mużew 🌾"


def test_a_text_for_every_language_says_none() -> None:
    request = create_request(
        a_payload(language=Language("*")),
        key=DeliveryKey("k"),
        media_ids=[],
        settings=MastodonSettings(server="https://social.example.org"),
    )
    assert "language" not in json.loads(request.body)


# --- limits ----------------------------------------------------------------------------------

VERSIONS = {
    "Mastodon": ({"version": "4.5.2", "source_url": "https://github.com/mastodon/mastodon"}, True),
    "without source": ({"version": "3.5.3"}, True),
    "candidate": ({"version": "4.6.0-rc.1+build"}, True),
    "glitch": ({"version": "4.4.0+glitch", "source_url": "https://x/glitch-soc/mastodon"}, True),
    "Pleroma": ({"version": "2.7.2 (compatible; Pleroma 2.6.0)"}, False),
    "Hollo": ({"version": "4.0.0 (compatible; Hollo 0.4.0)"}, False),
    "GoToSocial": ({"version": "0.20.0+git-1a2b3c4"}, False),
    "GoToSocial later": (
        {"version": "3.0.0", "source_url": "https://codeberg.org/superseriousbusiness/gotosocial"},
        False,
    ),
    "nothing": ({}, False),
    "nonsense": ({"version": 4, "source_url": 5}, False),
}


@pytest.mark.parametrize(("instance", "does"), VERSIONS.values(), ids=VERSIONS.keys())
def test_only_mastodon_itself_remembers_keys(instance: dict[str, Any], does: bool) -> None:
    assert remembers_keys(instance) is does
    assert (read_capabilities(instance).repeat_within is not None) is does


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
CONFIGURATION = st.fixed_dictionaries(
    {},
    optional={
        "version": JSON,
        "max_toot_chars": JSON,
        "configuration": JSON
        | st.fixed_dictionaries(
            {},
            optional={
                "statuses": JSON
                | st.fixed_dictionaries(
                    {}, optional={"max_characters": JSON, "max_media_attachments": JSON}
                ),
                "media_attachments": JSON
                | st.fixed_dictionaries(
                    {}, optional={"supported_mime_types": JSON, "description_limit": JSON}
                ),
            },
        ),
    },
)


@given(CONFIGURATION)
def test_no_configuration_breaks_the_limits(instance: dict[str, Any]) -> None:
    found = read_capabilities(instance)
    assert found.limit is not None
    assert found.limit > 0
    assert found.media_most > 0


@pytest.mark.parametrize(
    "found",
    [usual_capabilities(), read_capabilities({"version": "4.5.2"})],
    ids=["usual", "told"],
)
def test_an_account_sends_one_by_one_and_no_longer_than_it_says(found: Capabilities) -> None:
    assert found.concurrent == 1
    assert timedelta(seconds=UPLOAD_SECONDS + ANSWER_SECONDS) < found.timeout
    # Mastodon's own proxies give up after 60 to 75 seconds: later nothing lands any more.
    assert found.settle_window >= timedelta(seconds=90)


def test_pleroma_tells_its_limit_in_its_own_way() -> None:
    assert read_capabilities({"max_toot_chars": 5000}).limit == 5000
    assert read_capabilities({"max_toot_chars": "7000"}).limit == 7000


def test_a_warning_longer_than_the_limit_leaves_no_impossible_limit() -> None:
    assert usual_capabilities(content_warning="x" * 900).limit == 1


# --- likeness --------------------------------------------------------------------------------

SENT = "Zażółć & <go>:\n\nhttps://example.org/a/b?x=1&y=%C3%A8 @ana@example.org #Sól"
RENDERINGS = {
    "Mastodon": (
        "<p>Zażółć &amp; &lt;go&gt;:</p><p><a href='https://example.org/a/b?x=1&amp;y=%C3%A8'>"
        "<span class='invisible'>https://</span><span class='ellipsis'>example.org/a/b?x=1</span>"
        "<span class='invisible'>&amp;y=%C3%A8</span></a> <span class='h-card'><a href='https://"
        "example.org/@ana'>@<span>ana</span></a></span> <a href='https://s/tags/S'>#<span>Sól"
        "</span></a></p>"
    ),
    "shortened link": (
        "Zażółć &amp; &lt;go&gt;:<br><br><a href='https://example.org/a/b?x=1&amp;y=%C3%A8'>"
        "example.org/a/b…</a> @ana@example.org <a href='https://s/tags/S'>#Sól</a>"
    ),
    "decomposed": (
        "Zaz\u0307o\u0301łc\u0301 &amp; &lt;go&gt;: https://example.org/a/b?x=1&amp;y=è @ana"
        " #So\u0301l"
    ),
}


@pytest.mark.parametrize("content", RENDERINGS.values(), ids=RENDERINGS.keys())
def test_a_text_is_recognised_in_every_servers_html(content: str) -> None:
    assert compare_content(content, SENT) is Likeness.SAME


OTHERS = {
    "empty": ("", Likeness.OTHER),
    "another": ("<p>The basket makers meet on Friday, all are welcome</p>", Likeness.OTHER),
    "another link": (f"<p>{'The salt house ' * 5} https://example.org/2</p>", Likeness.PERHAPS),
    "cut": (f"<p>{'The salt house ' * 5}</p>", Likeness.PERHAPS),
    "broken html": ("<p <a href='>< &#x110000000;" + "<" * 50, Likeness.OTHER),
}


@pytest.mark.parametrize(("content", "likeness"), OTHERS.values(), ids=OTHERS.keys())
def test_another_text_is_not_the_same(content: str, likeness: Likeness) -> None:
    assert compare_content(content, f"{'The salt house ' * 5} https://example.org/1") is likeness


@given(st.text(max_size=300), st.text(max_size=300))
def test_comparing_never_fails(content: str, text: str) -> None:
    assert compare_content(content, text) in Likeness


def test_a_long_text_is_compared_in_no_time() -> None:
    begun = time.process_time()
    # As many of each letter, in another order: the slowest to tell apart.
    compare_content("<p>" + "ab " * 5000 + "</p>", "ba " * 2500 + "ab " * 2500)
    assert time.process_time() - begun < 5


SOURCES = {
    "same": ("One.\n\nTwo.", True),
    "line ends": ("One.\r\n\r\nTwo.\r\n", True),
    "space around": ("  One.\n\nTwo. ", True),
    "words": ("One.\n\nThree.", False),
    "case": ("one.\n\nTwo.", False),
    "lines": ("One.\nTwo.", False),
}


@pytest.mark.parametrize(("source", "same"), SOURCES.values(), ids=SOURCES.keys())
def test_a_source_is_compared_exactly(source: str, same: bool) -> None:
    assert is_source(source, "One.\n\nTwo.") is same


LANGUAGES = {
    "same": ("it", True),
    "other": ("en", False),
    "region": ("it-CH", True),
    "underscore": ("it_IT", True),
    "none": (None, True),
    "empty": ("", True),
}


@pytest.mark.parametrize(("tag", "could"), LANGUAGES.values(), ids=LANGUAGES.keys())
def test_a_status_without_language_may_be_in_any(tag: object, could: bool) -> None:
    assert could_be_in(tag, Language("it")) is could

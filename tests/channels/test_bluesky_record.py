"""What Herald finds in a text for Bluesky, and under which id a post is written."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.channels.bluesky.facets import facets, names_in
from herald.channels.bluesky.finding import Directories, ask_for_document
from herald.channels.bluesky.record import is_same_post, post_record, record_key
from herald.model.ids import DeliveryKey, Language
from tests.makers import NOON, a_payload

FOUND = {
    # As Bluesky publishes them: packages/api/tests/rich-text-detection.test.ts.
    "no mention": [],
    "@handle.com middle end": ["@handle.com"],
    "start middle @handle.com": ["@handle.com"],
    "@handle.com @handle.com @handle.com": ["@handle.com"] * 3,
    "@full123-chars.test": ["@full123-chars.test"],
    "not@right": [],
    "@handle.com!@#$chars": ["@handle.com"],
    "@handle.com\n@handle.com": ["@handle.com"] * 2,
    "parenthetical (@handle.com)": ["@handle.com"],
    "👨👩👧👧 @handle.com 👨👩👧👧": ["@handle.com"],
    "start https://middle.com/foo/bar?baz=bux#hash end": [
        "https://middle.com/foo/bar?baz=bux#hash"
    ],
    "https://newline1.com\nhttps://newline2.com": ["https://newline1.com", "https://newline2.com"],
    "👨👩👧👧 https://middle.com 👨👩👧👧": ["https://middle.com"],
    "punctuation https://foo.com, https://bar.com/whatever; https://baz.com.": [
        "https://foo.com",
        "https://bar.com/whatever",
        "https://baz.com",
    ],
    "parenthentical (https://foo.com)": ["https://foo.com"],
    "except for https://foo.com/thing_(cool)": ["https://foo.com/thing_(cool)"],
    "#a #b": ["#a", "#b"],
    "#1": [],
    "body #a1": ["#a1"],
    "body #a__b": ["#a__b"],
    "body #_b": ["#_b"],
    "body #b_": ["#b"],
    "body #a--b": ["#a--b"],
    "body #-b": ["#-b"],
    "text # text": [],
    "body #thisisa64characterstring_" + "a" * 38 + "b": [
        "#thisisa64characterstring_" + "a" * 38 + "b"
    ],
    "body #thisisa64characterstring_" + "a" * 39 + "b": [],
    "its a #double#rainbow": ["#double"],
    "##hashash": [],
    "https://bsky.app/profile#header": ["https://bsky.app/profile#header"],
    "some #n0n3s@n5e!": ["#n0n3s"],
    "works #with,punctuation": ["#with"],
    "strips trailing #punctuation, #like. #this!": ["#punctuation", "#like", "#this"],
    "works with #🦋 emoji, and #butter🦋fly, and #🦋🦋🦋": ["#🦋", "#butter🦋fly", "#🦋🦋🦋"],
    "#👍🏻": ["#👍🏻"],
    "#️⃣ #tag": ["#tag"],
    # Herald's own texts.
    "Il-Mużew #WirtMalti, ħobż #Għarb": ["#WirtMalti", "#Għarb"],
    "#EcoMuséesÀlaUne #Ecomusei": ["#EcoMuséesÀlaUne", "#Ecomusei"],
    "متحف القرية #متحف_القرية https://x.example.org/ف": ["#متحف_القرية", "https://x.example.org/ف"],
    "\u2068#Argenta\u2069 غدًا، https://x.example.org/؟": ["#Argenta", "https://x.example.org/"],
    "塩の家で、隣人たちが教えています。 #塩の家": ["#塩の家"],
    "見る https://x.example.org/塩。": ["https://x.example.org/塩"],
    "[https://a.example.org/b] «https://c.example.org» “https://d.example.org/”": [
        "https://a.example.org/b",
        "https://c.example.org",
        "https://d.example.org/",
    ],
    "(#Salt) «#Boats»": ["#Salt", "#Boats"],
    "https://a.example.org/?q=@handle.com#tag": ["https://a.example.org/?q=@handle.com#tag"],
    "mail news@handle.com, at @handle.com.": ["@handle.com"],
    "HTTPS://Loud.example.org": ["HTTPS://Loud.example.org"],
    "xhttps://no.example.org https:// http://": [],
    "👩🏽‍🌾 #Salt 🏳️‍🌈 https://x.example.org/🧂": ["#Salt", "https://x.example.org/🧂"],
}


@pytest.mark.parametrize(("text", "said"), FOUND.items(), ids=range(len(FOUND)))
def test_what_is_found_in_a_text_is_what_bluesky_finds(text: str, said: list[str]) -> None:
    found = facets(text, mentions={"handle.com": "did:x:1", "full123-chars.test": "did:x:2"})
    spans = [(facet["index"]["byteStart"], facet["index"]["byteEnd"]) for facet in found]
    assert [text.encode()[begins:ends].decode() for begins, ends in spans] == said


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["https://x.org/a_(b)", "#", "@a.org", " ", "(", ")", "🧂", "ħ", "\u2068"]
            ),
            st.text(max_size=5),
        )
    )
)
def test_facets_lie_within_the_text_in_order_and_apart(pieces: list[str]) -> None:
    text = "".join(pieces).encode("utf-8", "replace").decode()
    end = 0
    for facet in facets(text, link="https://x.org/a_(b)", mentions={"a.org": "did:x:1"}):
        begins, ends = facet["index"]["byteStart"], facet["index"]["byteEnd"]
        assert end <= begins < ends <= len(text.encode())
        text.encode()[begins:ends].decode()
        end = ends


def test_the_posts_own_link_is_a_link_however_it_is_spelled() -> None:
    link = "https://x.example.org/a,b."
    [facet] = facets(f"Salt\n\n{link}\n\n#Salt", link=link, mentions={})[:1]
    assert facet["features"][0]["uri"] == link
    [longer] = facets("https://x.example.org/a,b.html", link=link, mentions={})
    assert longer["features"][0]["uri"] == "https://x.example.org/a,b.html"


def test_nobody_is_mentioned_who_was_not_declared() -> None:
    assert facets("@handle.com", mentions={}) == []
    assert names_in("@Handle.com, (@b.org) c@d.org") == {"handle.com", "b.org"}


@given(st.text(min_size=1))
def test_an_id_is_a_tid_whose_moment_is_over(key: str) -> None:
    rkey = record_key(DeliveryKey(key.encode("utf-8", "replace").decode()))
    assert re.fullmatch(r"[2-7a-j][2-7a-z]{12}", rkey)
    number = 0
    for digit in rkey:
        number = number * 32 + "234567abcdefghijklmnopqrstuvwxyz".index(digit)
    told = datetime.fromtimestamp((number >> 10) // 1_000_000, UTC)
    assert datetime(2023, 1, 1, tzinfo=UTC) <= told < datetime(2025, 4, 1, tzinfo=UTC)


def test_ids_never_change_and_differ_by_key() -> None:
    """An id that changed with a new version of Herald would make a second post."""
    assert record_key(DeliveryKey("a")) == PINNED
    assert len({record_key(DeliveryKey(f"key {number}")) for number in range(2000)}) == 2000


PINNED = "3kn74rwrve5va"


def test_equal_posts_give_equal_records() -> None:
    payload = a_payload(text="Sól #Sól", language=Language("pt_BR"))
    one, two = (post_record(payload, created_at=NOON, mentions={}) for _ in range(2))
    assert one == two
    assert one["langs"] == ["pt-BR"]
    assert is_same_post(one, payload)
    assert not is_same_post(one, a_payload(text="Sól #Sól", language=Language("pl")))
    assert not is_same_post(None, payload)


@pytest.mark.parametrize(
    ("did", "address"),
    [
        (
            "did:plc:saltsaltsaltsaltsaltsalt",
            "https://plc.directory/did:plc:saltsaltsaltsaltsaltsalt",
        ),
        ("did:web:salt.example.org", "https://salt.example.org/.well-known/did.json"),
        ("did:web:127.0.0.1%3A80", None),
        ("did:web:salt.example.org:path", None),
        ("did:plc:../admin", None),
        ("", None),
    ],
)
def test_a_document_is_asked_for_only_where_the_network_keeps_them(
    did: str, address: str | None
) -> None:
    request = ask_for_document(did, Directories())
    assert (request.address if request else None) == address

"""What a preview shows beside the words: pictures, cards, second limits, and how posts stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from herald.model.card import LinkCard
from herald.model.delivery import Action, DeliveryState, Media, Payload, Reason
from herald.model.ids import ChannelId, DeliveryKey, Language
from herald.model.network import Capabilities, Count
from herald.model.plan import PlannedDelivery
from herald.reporting.preview import render_preview_html, render_preview_text
from herald.reporting.previewposts import posts_of
from herald.reporting.previewvalues import Sight, Standing, Thumb
from tests.makers import a_delivery
from tests.reporting.test_preview import MORNING, Page, a_plan, a_planned

FEDI = ChannelId("fedi")
LINK = "https://www.example.org/salt?a=1"
SALT = Media(file="media/salt.png", sha256="s1", media_type="image/png", alt="A white house")
THUMB = Thumb(id="0123456789abcdef", width=640, height=427, address="data:image/png;base64,AAAA")
CARDS = Capabilities(limit=300, bytes_most=3000, card=True)


def page_of(*deliveries: PlannedDelivery, **sight: Any) -> str:
    return render_preview_html(a_plan(*deliveries), title="x", moment=MORNING, sight=Sight(**sight))


def text_of(*deliveries: PlannedDelivery, **sight: Any) -> str:
    return render_preview_text(a_plan(*deliveries), width=100, sight=Sight(**sight))


class TestPictures:
    """Pictures stand in the page once, however many posts show them."""

    def test_a_picture_stands_in_the_page_once(self) -> None:
        english = a_planned(payload_media=(SALT,))
        italian = a_planned(payload_media=(SALT,), language=Language("it"))
        page = page_of(english, italian, thumbs={(FEDI, "s1"): THUMB})

        assert page.count("data:image/png;base64,AAAA") == 1
        assert page.count('<use href="#p0123456789abcdef"/>') == 2
        assert Page(page).open == []

    def test_an_address_in_the_page_is_a_link_or_a_picture(self) -> None:
        page = Page(page_of(a_planned(payload_media=(SALT,)), thumbs={(FEDI, "s1"): THUMB}))

        for name, attributes in page.elements:
            assert "src" not in attributes
            kinds = ("data:image/",) if name == "image" else ("#", "https://", "http://")
            assert (attributes.get("href") or "#").startswith(kinds)

    def test_why_a_picture_cannot_be_seen_is_said(self) -> None:
        page = page_of(
            a_planned(payload_media=(SALT,)), thumbs={(FEDI, "s1"): "The picture is not there."}
        )

        assert "The picture is not there." in page
        assert "A white house" in page

    def test_a_film_without_a_description_is_called_a_film(self) -> None:
        film = Media(file="a.mp4", sha256="s2", media_type="video/mp4")

        assert "This film has no description." in page_of(a_planned(payload_media=(film,)))

    def test_a_description_without_a_field_is_said_to_stand_in_the_text(self) -> None:
        one = a_planned(payload_media=(SALT,))
        said = "It stands in the text: the network has no field for it."

        assert said in page_of(one, capabilities={FEDI: Capabilities(alt_limit=0)})
        assert said not in page_of(one, capabilities={FEDI: Capabilities(alt_limit=1500)})

    def test_pictures_that_were_left_out_are_counted(self) -> None:
        assert "3 pictures are left out of this page" in page_of(a_planned(), left_out=3)
        assert "left out of this page" not in page_of(a_planned())


class TestCards:
    """A card stands where Herald makes it, as the channel does."""

    def a_card(self, **changes: Any) -> LinkCard:
        values: dict[str, Any] = {"link": LINK, "title": "Salt, its house", "made_at": MORNING}
        return LinkCard(**(values | changes))

    def test_a_page_that_was_read_speaks_for_itself(self) -> None:
        sight: dict[str, Any] = {
            "capabilities": {FEDI: CARDS},
            "cards": {LINK: self.a_card(description="Open on Saturdays")},
        }
        one = a_planned(payload_link=LINK, payload_title="My title")

        assert "Salt, its house" in page_of(one, **sight)
        assert "Open on Saturdays" in page_of(one, **sight)
        assert "was not read yet" not in page_of(one, **sight)
        assert "[link card: Salt, its house (example.org)]" in text_of(one, **sight)

    def test_else_the_post_s_title_stands_in_and_the_page_says_so(self) -> None:
        one = a_planned(payload_link=LINK, payload_title="My title")
        page = page_of(one, capabilities={FEDI: CARDS})

        assert 'class="name" lang="en" dir="auto">My title<' in page
        assert "The page was not read yet" in page
        assert "[link card: My title (example.org)]" in text_of(one, capabilities={FEDI: CARDS})

    def test_without_any_title_it_is_the_site(self) -> None:
        page = page_of(a_planned(payload_link=LINK), capabilities={FEDI: CARDS})

        assert 'dir="auto">example.org<' in page

    @pytest.mark.parametrize(
        ("limits", "changes"),
        [
            pytest.param(Capabilities(), {}, id="network-makes-it"),
            pytest.param(CARDS, {"payload_media": (SALT,)}, id="pictures-instead"),
            pytest.param(CARDS, {"payload_link": ""}, id="no-link"),
            pytest.param(CARDS, {"payload_link": "mailto:a@example.org"}, id="no-page"),
        ],
    )
    def test_there_is_none_where_no_channel_makes_one(
        self, limits: Capabilities, changes: dict[str, Any]
    ) -> None:
        one = a_planned(**({"payload_link": LINK} | changes))

        assert 'class="link-card' not in page_of(one, capabilities={FEDI: limits})


class TestCounts:
    """Every limit of a network is told."""

    def test_a_second_limit_in_bytes_is_counted(self) -> None:
        page = page_of(a_planned("Sól 🧂", payload_length=5), capabilities={FEDI: CARDS})

        assert "9 of 3000 bytes" in page

    def test_a_terminal_tells_it_only_where_it_may_bind(self) -> None:
        tight = Capabilities(limit=500, bytes_most=8)

        assert "9/8 bytes" in text_of(a_planned("Sól 🧂"), capabilities={FEDI: tight})
        assert "bytes" not in text_of(a_planned("Sól 🧂"), capabilities={FEDI: CARDS})

    def test_how_a_network_counts_is_explained(self) -> None:
        limits = Capabilities(count=Count.MASTODON, limit=500, url_length=23)
        page = page_of(a_planned(), capabilities={FEDI: limits})

        assert "<dt>Mastodon</dt><dd>Letters as people see them; every link counts 23" in page

    def test_a_journal_counts_like_the_network_it_imitates(self) -> None:
        page = page_of(
            a_planned(network="journal"),
            capabilities={FEDI: Capabilities(count=Count.DISCORD, limit=2000)},
            like={FEDI: "discord"},
        )

        assert "<dt>Discord</dt>" in page
        assert 'class="screen look-chat"' in page


class TestStanding:
    """Posts stand as the outbox has them."""

    def test_what_was_approved_waits_for_nobody(self) -> None:
        one = a_planned(needs_approval=True)
        free = {one.key: Standing(state=DeliveryState.PENDING)}

        assert "aits for approval" in page_of(one)
        assert "aits for approval" not in page_of(one, standing=free)

    def test_what_a_person_held_says_why(self) -> None:
        one = a_planned()
        held = Standing(state=DeliveryState.HELD, reason=Reason.MOVED, note="sent on 2 May")

        assert "Posted before: release to post again: sent on 2 May" in page_of(
            one, standing={one.key: held}
        )

    def test_what_is_out_says_so_in_the_words_that_went_out(self) -> None:
        one = a_planned("New words")
        said = Payload(text="Old words", language=Language("en"))
        standing = {one.key: Standing(state=DeliveryState.SENT, payload=said)}
        page = page_of(one, standing=standing)

        assert "Out already." in page
        assert "Old words" in page
        assert "New words" not in page

    def test_what_was_said_elsewhere_is_not_shown(self) -> None:
        assert posts_of([a_planned()], Sight(standing={})) == ()

    @pytest.mark.parametrize(
        ("action", "said"),
        [
            (Action.EDIT, "Puts these words in the place of a post that is out."),
            (Action.DELETE, "Takes back a post that is out."),
            (Action.BOOST, "Shares a partner"),
        ],
    )
    def test_what_is_no_new_post_says_what_it_does(self, action: Action, said: str) -> None:
        row = a_delivery(action=action, due_at=MORNING + timedelta(hours=1))
        standing = {row.key: Standing(state=DeliveryState.PENDING)}

        assert said in page_of(changes=(row,), standing=standing)

    def test_a_boost_shows_the_partner_s_post_and_counts_nothing(self) -> None:
        boost = a_planned(
            "Oggi la mostra.",
            action=Action.BOOST,
            partner="argenta",
            payload_link="https://social.example.org/1",
        )
        page = page_of(boost, capabilities={FEDI: CARDS})

        assert "A post of argenta" in page
        assert "Oggi la mostra." in page
        assert 'href="https://social.example.org/1"' in page
        assert 'class="count' not in page
        assert 'class="link-card' not in page
        assert "Shares a partner" in page
        assert "Oggi la mostra." in text_of(boost)


class TestTogether:
    """Parts, languages and networks stand together as readers will see them."""

    def a_thread(self) -> tuple[PlannedDelivery, ...]:
        first = a_planned("One", key=DeliveryKey("1" * 64))
        second = a_planned("Two", key=DeliveryKey("2" * 64), part=1, target=first.key)
        return second, first

    def test_the_parts_of_a_thread_are_one_post_in_their_order(self) -> None:
        page = page_of(*self.a_thread())

        assert page.count("<article") == 1
        assert page.index("Part 1 of 2") < page.index(">One<")
        assert page.index(">One<") < page.index("Part 2 of 2") < page.index(">Two<")
        assert "<b>1</b> post<" in page

    def test_an_answer_leads_to_the_post_that_it_answers(self) -> None:
        english = a_planned("One", key=DeliveryKey("1" * 64))
        italian = a_planned(
            "Uno", key=DeliveryKey("0" * 64), language=Language("it"), target=english.key
        )
        page = page_of(italian, english)

        assert f'In answer to the <a href="#post-{"1" * 12}">English post</a>.' in page
        assert f'id="post-{"1" * 12}"' in page
        assert page.index(">One<") < page.index(">Uno<")

    def test_languages_and_channels_of_an_occasion_stand_under_one_heading(self) -> None:
        page = page_of(a_planned(payload_title="Salt"), a_planned(language=Language("it")))

        assert page.count("<h3") == 1
        assert ">Salt</h3>" in page
        assert page.count("<article") == 2

    def test_a_site_says_its_headline_once(self) -> None:
        page = Page(
            page_of(
                a_planned("The mill\n\nIt turns.", network="wordpress", payload_title="The mill")
            )
        )

        assert [said for said in page.said if said == "The mill"] == ["The mill"] * 2
        assert "It turns." in page.said

    def test_a_network_without_language_marks_is_named(self) -> None:
        page = page_of(a_planned(), capabilities={FEDI: Capabilities(languages_most=0)})

        assert "no language mark" in page

    def test_a_large_page_is_laid_out_where_it_is_looked_at(self) -> None:
        many = [a_planned(key=DeliveryKey(f"{n:064}"), item=f"i{n}") for n in range(200)]

        assert '<body class="many">' in page_of(*many)
        assert '<body class="many">' not in page_of(*many[:199])

"""A thread is shown as one post with all its parts, and languages as they stand together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from herald.model.campaign import At, Multilingual, Thread
from herald.model.ids import Language
from herald.model.network import Capabilities
from herald.model.plan import Plan
from herald.model.words import Words
from herald.outbox.reconcile import reconcile
from herald.reporting.documents import plan_document, preview_document
from herald.reporting.preview import render_preview_html, render_preview_text
from tests.makers import an_item, an_occasion
from tests.planning.plans import MORNING, plan_of

LIMITS = Capabilities(limit=120, threads=True, languages_most=0)


def a_plan(**changes: Any) -> Plan:
    long = {"en": "Neighbours restored it. " * 12, "it": "I vicini l'hanno restaurata. " * 12}
    values: dict[str, Any] = {"text": Words.of(long), "thread": Thread.NUMBERED}
    item = {name: changes.pop(name, values[name]) for name in values}
    post = (an_occasion(At(local=datetime(2027, 5, 3, 10, 0))),)
    return plan_of(an_item(post=post, **item), limits=LIMITS, **changes)


def previewed(plan: Plan) -> list[dict[str, Any]]:
    document = plan_document(plan, reconcile(plan, (), now=MORNING), {}, {})
    shown: list[dict[str, Any]] = preview_document(document)["deliveries"]
    return shown


def test_a_thread_is_one_delivery_with_all_its_parts() -> None:
    plan = a_plan(languages=(Language("en"),))

    (line,) = previewed(plan)

    assert [part["text"] for part in line["parts"]] == [
        one.payload.text for one in sorted(plan.deliveries, key=lambda one: one.part)
    ]
    assert len(line["parts"]) == len(plan.deliveries) > 2
    assert all(part["length"] <= part["limit"] == 120 for part in line["parts"])


def test_each_language_has_its_own_parts() -> None:
    lines = previewed(a_plan())

    assert [line["language"] for line in lines] == ["en", "it"]
    assert all(f"(1/{len(line['parts'])})" in line["parts"][0]["text"] for line in lines)


def test_a_terminal_shows_the_parts_in_their_order_and_what_answers_what() -> None:
    plan = a_plan(multilingual=Multilingual.THREAD)
    count = len(plan.deliveries) // 2

    page = render_preview_text(plan, width=100)

    told = [f"part {at} of {count}" for at in range(1, count + 1)]
    places = [page.index(one) for one in told]
    assert places == sorted(places)
    assert page.count("answers the post in English") == 1
    assert page.index("answers the post in English") > places[-1]


def test_a_post_in_several_languages_says_which() -> None:
    plan = a_plan(multilingual=Multilingual.COMBINED, text=Words())

    assert "also in Italian" in render_preview_text(plan, width=100)
    assert previewed(plan)[0]["also"] == ["it"]


def test_a_page_shows_every_part() -> None:
    plan = a_plan()
    page = render_preview_html(plan, title="All", moment=MORNING)

    assert page.count("Neighbours restored it.") == 12

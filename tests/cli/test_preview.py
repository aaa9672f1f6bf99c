"""``herald preview``: each post as its channel will show it."""

from __future__ import annotations

from pathlib import Path

from tests.cli.commands import document, herald, is_one_sentence, plan_it
from tests.cli.test_plan import DELIVERY
from tests.folders import STORIES, a_network, many_items


def test_the_document_is_the_plan_with_the_parts_of_each_post(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    shown = document(herald(root, "preview", "--json"))
    plan = document(herald(root, "plan", "--json"))
    assert set(shown) == set(plan)
    for line, planned in zip(shown["deliveries"], plan["deliveries"], strict=True):
        assert set(line) == DELIVERY | {"parts"}
        assert line["parts"] == [{name: line[name] for name in ("text", "length", "limit")}]
        assert line["key"] == planned["key"]


def test_the_terminal_shows_texts_and_counts(tmp_path: Path) -> None:
    channels = "trial: {network: journal, like: mastodon}\n"
    result = herald(a_network(tmp_path, config_channels=channels), "preview", "stories")
    assert result.exit_code == 0
    assert "Neighbours restored it." in result.stdout
    assert "500" in result.stdout


def test_a_page_is_written_for_the_browser(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = herald(a_network(tmp_path), "preview", "--html", str(page))
    assert result.exit_code == 0
    assert "4 posts" in result.stdout
    text = page.read_text(encoding="utf-8")
    assert "Neighbours restored it." in text
    assert "<html lang=" in text


def test_one_campaign_can_be_looked_at_alone(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=STORIES, other=many_items(3, campaign="other"))
    shown = document(herald(root, "preview", "other", "--json"))
    assert {line["campaign"] for line in shown["deliveries"]} == {"other"}


def test_a_campaign_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    result = herald(a_network(tmp_path), "preview", "storeis")
    assert result.exit_code == 1
    assert is_one_sentence(result.stderr)
    assert "stories" in result.stderr


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    page = tmp_path / "nowhere" / "page.html"
    result = herald(a_network(tmp_path), "preview", "--html", str(page))
    assert result.exit_code != 0
    assert is_one_sentence(result.stderr)
    assert "page.html" in result.stderr


def test_a_broken_file_is_told_beside_what_is_shown(tmp_path: Path) -> None:
    root = a_network(tmp_path, stories=STORIES, broken="campaign: broken\nchanels: [trial]\n")
    result = herald(root, "preview")
    assert result.exit_code == 1
    assert 'did you mean "channels"?' in result.stderr
    assert "Neighbours restored it." in result.stdout


def test_what_was_approved_waits_for_nobody_any_more(tmp_path: Path) -> None:
    text = STORIES.replace("channels: [trial]", "channels: [trial]\napprove: manual")
    root = a_network(tmp_path, stories=text)
    plan_it(root)
    assert herald(root, "preview").stdout.count("waits for approval") == 4
    herald(root, "outbox", "approve", "--item", "mill")
    assert herald(root, "preview").stdout.count("waits for approval") == 2

"""``herald doctor``: what it sees of accounts, mail, web and disk, and what it says to do."""

from __future__ import annotations

from pathlib import Path

from herald.vault import keep_secret
from tests.cli.commands import document, herald
from tests.folders import a_network
from tests.running import a_free_port


def test_a_network_that_is_well_has_nothing_to_do(tmp_path: Path) -> None:
    result = herald(a_network(tmp_path), "doctor")
    assert result.exit_code == 0, result.stdout
    assert "✗" not in result.stdout
    assert "channel trial (journal)\n  ✓ it can be used" in result.stdout


def test_a_missing_secret_is_told_with_the_command_that_obtains_it(tmp_path: Path) -> None:
    channels = "fedi: {network: mastodon, server: 'https://social.example.org'}\n"
    result = herald(a_network(tmp_path, config_channels=channels), "doctor")
    assert result.exit_code == 1
    assert "HERALD_CHANNELS__FEDI__ACCESS_TOKEN" in result.stdout
    assert "herald login fedi" in result.stdout


def test_a_server_that_is_away_is_a_problem_of_its_channel_alone(tmp_path: Path) -> None:
    channels = (
        "trial: {network: journal}\n"
        f"fedi: {{network: mastodon, server: 'http://127.0.0.1:{a_free_port()}'}}\n"
    )
    root = a_network(tmp_path, config_channels=channels)
    keep_secret(root, "fedi", "access_token", "x")  # type: ignore[arg-type]
    found = document(herald(root, "doctor", "--json"))["examinations"]
    by_name = {one["of"]: one["findings"] for one in found}
    assert [one["severity"] for one in by_name["channel trial (journal)"]] == ["well"]
    assert by_name["channel fedi (mastodon)"][0]["severity"] == "problem"


def test_one_channel_is_looked_at_alone(tmp_path: Path) -> None:
    found = document(herald(a_network(tmp_path), "doctor", "trial", "--json"))["examinations"]
    assert [one["of"] for one in found] == ["channel trial (journal)"]


def test_a_misspelt_channel_is_told(tmp_path: Path) -> None:
    result = herald(a_network(tmp_path), "doctor", "trail")
    assert result.exit_code == 2
    assert 'did you mean "trial"?' in result.stderr


def test_a_mail_server_that_is_away_is_told_where_officers_are_written_to(tmp_path: Path) -> None:
    config = (
        "officers: [{name: Ana, email: ana@museo.localhost}]\n"
        f"smtp: {{host: 127.0.0.1, port: {a_free_port()}, tls: none}}\n"
    )
    result = herald(a_network(tmp_path, config_herald=config), "doctor")
    assert result.exit_code == 1
    assert "does not take mail from here" in result.stdout


def test_a_web_address_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    config = f"web: {{public_url: 'http://127.0.0.1:{a_free_port()}'}}\n"
    result = herald(a_network(tmp_path, config_herald=config), "doctor")
    assert result.exit_code == 1
    assert "does not lead to Herald" in result.stdout


def test_it_makes_nothing(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    before = sorted(root.rglob("*"))
    herald(root, "doctor")
    assert sorted(root.rglob("*")) == before


def test_a_secret_that_everybody_can_read_is_told(tmp_path: Path) -> None:
    root = a_network(tmp_path)
    (root / ".env").write_text("HERALD_SMTP__PASSWORD=x\n")
    (root / ".env").chmod(0o644)
    result = herald(root, "doctor")
    assert result.exit_code == 0, "posts go out all the same"
    assert "chmod 600" in result.stdout

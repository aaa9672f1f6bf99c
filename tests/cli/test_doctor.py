"""``herald doctor``: what it sees of accounts, mail, web and disk, and what it says to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

from herald.doctor import examine_mail, read_folder
from herald.mailing.dns.resolver import DnsNames
from herald.settings import load_settings
from herald.vault import keep_secret
from tests.cli.commands import document, herald
from tests.folders import a_network
from tests.mailing.dns.looking import SOUND
from tests.running import a_free_port
from tests.servers.dns import NameServer


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


LISTS = "friends: {{name: Friends, from: {{name: We, address: {address}}}, languages: [en]}}\n"


def test_a_list_that_is_from_an_address_for_examples_is_told(tmp_path: Path) -> None:
    config = f"smtp: {{host: 127.0.0.1, port: {a_free_port()}, tls: none}}\n"
    lists = LISTS.format(address="news@example.org")
    root = a_network(tmp_path, config_herald=config, config_lists=lists)
    found = document(herald(root, "doctor", "--json"))["examinations"]
    (mail,) = [one["findings"] for one in found if one["of"] == "mail"]
    told = [one["what"] for one in mail]
    assert any("example.org is a name for examples" in one for one in told)
    assert any("a button to leave a list" in one for one in told)


def test_what_the_dns_says_of_the_lists_senders_is_told(tmp_path: Path) -> None:
    root = a_network(
        tmp_path,
        config_herald=(
            f"smtp: {{host: 127.0.0.1, port: {a_free_port()}, tls: none, dkim_selector: s7}}\n"
            "notify: {from: herald@office.museum.internal}\n"
            "officers: [{name: Ana, email: ana@museum.internal}]\n"
            "bounces: {address: back@returns.museum.internal}\n"
        ),
        config_lists=LISTS.format(address="news@museum.internal"),
    )

    async def look() -> tuple[list[str], list[str]]:
        async with NameServer(SOUND).serving() as server:
            names = DnsNames(("127.0.0.1",), port=server.port)
            found = await examine_mail(read_folder(root), load_settings(root, {}), names=names)
            assert found is not None
            return [one.what for one in found.findings], server.asked

    told, asked = asyncio.run(look())
    assert "museum.internal takes mail (MX mail.museum.internal)" in told
    assert "s7._domainkey.museum.internal TXT" in asked
    assert "office.museum.internal MX" in asked, "officers' mails are from there"
    assert "returns.museum.internal MX" in asked, "copies come back to there"

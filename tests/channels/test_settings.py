"""What an editor is told about a channel's settings, and what opens and what does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from herald.channels.registry import BROUGHT_ALONG, check_settings, needs_secrets, open_channel
from herald.clock import SetClock
from herald.errors import ConfigurationBroken
from herald.model.ids import ChannelId
from herald.model.problem import Place
from tests.channels.kept import surroundings
from tests.makers import NOON, a_channel

SERVER = {"server": "https://social.example.org"}

SOUND = {
    "journal": ("journal", {}),
    "journal like another": ("journal", {"like": "mastodon"}),
    "manual": ("manual", {"label": "Facebook page"}),
    "mastodon": ("mastodon", SERVER),
    "bare host": ("mastodon", {"server": "social.example.org"}),
    "slash at the end": ("mastodon", {"server": "https://social.example.org/"}),
    "port": ("mastodon", {"server": "https://social.example.org:8443"}),
    "other script": ("mastodon", {"server": "https://κοινό.example.org"}),
    "this machine": ("mastodon", {"server": "http://localhost:3000"}),
    "everything": ("mastodon", SERVER | {"visibility": "unlisted", "content_warning": "Art"}),
}


@pytest.mark.parametrize(("network", "settings"), SOUND.values(), ids=SOUND.keys())
def test_sound_settings_have_no_problem(network: str, settings: dict[str, str]) -> None:
    assert check_settings(a_channel(network=network, settings=settings)) == ()


UNSOUND: dict[str, tuple[str, dict[str, str], str, str]] = {
    "missing": ("mastodon", {}, "missing-key", 'needs "server"'),
    "misspelt": ("mastodon", SERVER | {"visiblity": "public"}, "unknown-key", 'mean "visibility"'),
    "unknown": ("manual", {"colour": "red"}, "unknown-key", 'it knows "label"'),
    "no such choice": (
        "mastodon",
        SERVER | {"visibility": "unlist"},
        "bad-value",
        'mean "unlisted"',
    ),
    "secret": (
        "mastodon",
        SERVER | {"access_token": "x1y2"},
        "secret-in-file",
        "HERALD_CHANNELS__MY_FEDI__ACCESS_TOKEN",
    ),
    "secret elsewhere": ("journal", {"password": "x1y2"}, "secret-in-file", "in .env"),
    "no address": ("mastodon", {"server": "our server"}, "bad-value", "no address"),
    "empty": ("mastodon", {"server": ""}, "bad-value", "no address"),
    "other scheme": ("mastodon", {"server": "ftp://x.org"}, "bad-value", "no address"),
    "in the open": ("mastodon", {"server": "http://x.org"}, "bad-value", "write https://"),
    "profile": ("mastodon", {"server": "https://x.org/@ana"}, "bad-value", "more than the address"),
    "with a name": (
        "mastodon",
        {"server": "https://a:b@x.org"},
        "bad-value",
        "more than the address",
    ),
    "half a bracket": ("mastodon", {"server": "https://[::1"}, "bad-value", "no address"),
    "impossible port": ("mastodon", {"server": "https://x.org:99999"}, "bad-value", "no address"),
    "impossible name": ("mastodon", {"server": "https://x..org"}, "bad-value", "no address"),
    "like nothing": ("journal", {"like": "mastodn"}, "bad-value", 'mean "mastodon"'),
    "unknown network": ("mastadon", {}, "unknown-network", 'mean "mastodon"'),
    "strange network": ("zzz", {}, "unknown-network", "network: manual"),
    "no network": ("", {}, "unknown-network", "it knows apprise, bluesky, "),
}


@pytest.mark.parametrize(
    ("network", "settings", "code", "words"), UNSOUND.values(), ids=UNSOUND.keys()
)
def test_an_unsound_setting_is_told_with_place_and_remedy(
    network: str, settings: dict[str, str], code: str, words: str
) -> None:
    place = Place(file="config/channels.yaml", line=7, column=3, path="my-fedi")
    config = a_channel(id=ChannelId("my-fedi"), network=network, settings=settings, place=place)
    (problem,) = check_settings(config)
    assert problem.code == code
    assert words in str(problem)
    assert str(problem).startswith("config/channels.yaml:7:3: my-fedi")
    assert "x1y2" not in str(problem)


def test_all_problems_come_at_once() -> None:
    config = a_channel(network="mastodon", settings={"visibility": "x", "colour": "red"})
    assert {problem.code for problem in check_settings(config)} == {
        "missing-key",
        "bad-value",
        "unknown-key",
    }


@pytest.mark.parametrize("name", ["../out", "a/b", ".hidden", "", "a" * 101, "nul\0"], ids=repr)
def test_a_name_that_would_leave_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    config = a_channel(id=ChannelId(name), network="journal")
    assert [problem.code for problem in check_settings(config)] == ["bad-id"]
    with pytest.raises(ConfigurationBroken):
        open_channel(config, secrets={}, around=surroundings(tmp_path, SetClock(NOON)))


@pytest.mark.parametrize("network", [*sorted(BROUGHT_ALONG), "nothing"])
def test_a_channel_with_problems_does_not_open(network: str, tmp_path: Path) -> None:
    config = a_channel(network=network, settings={"colour": "red"})
    with pytest.raises(ConfigurationBroken):
        open_channel(
            config,
            secrets={"access_token": "x", "app_password": "x"},
            around=surroundings(tmp_path, SetClock(NOON)),
        )


@pytest.mark.parametrize("secrets", [{}, {"access_token": " "}], ids=["none", "blank"])
def test_a_missing_secret_is_told_by_the_variable_that_holds_it(
    secrets: dict[str, str], tmp_path: Path
) -> None:
    config = a_channel(id=ChannelId("my-fedi"), network="mastodon", settings=SERVER)
    with pytest.raises(ConfigurationBroken, match="HERALD_CHANNELS__MY_FEDI__ACCESS_TOKEN"):
        open_channel(config, secrets=secrets, around=surroundings(tmp_path, SetClock(NOON)))


def test_each_network_says_which_secret_it_needs() -> None:
    assert {name: tuple(each.name for each in needs_secrets(name)) for name in BROUGHT_ALONG} == {
        "apprise": ("url",),
        "bluesky": ("app_password",),
        "discord": ("webhook_url",),
        "facebook": ("access_token",),
        "instagram": ("access_token",),
        "journal": (),
        "linkedin": ("access_token",),
        "manual": (),
        "mastodon": ("access_token",),
        "matrix": ("access_token",),
        "slack": (),
        "telegram": ("bot_token",),
        "threads": ("access_token",),
        "webhook": ("secret",),
        "wordpress": ("app_password",),
    }


def test_checking_settings_loads_no_network_library() -> None:
    """``herald check`` and ``herald plan`` start fast."""
    code = (
        "import sys; import herald.channels.registry;"
        "sys.exit(bool({'mastodon', 'aiohttp', 'requests'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

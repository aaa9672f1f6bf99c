"""Settings: herald.yaml below, the surroundings above, secrets never told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from pathlib import Path

import pytest

from herald.errors import ConfigurationBroken
from herald.settings import Settings, load_settings, read_settings
from tests.sources.folder import a_folder, write

NOTHING: Mapping[str, str] = {}
"""Surroundings that say nothing."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a folder."""
    return a_folder(tmp_path)


def secret(settings: Settings, channel: str, name: str) -> str:
    return settings.secrets_of(channel)[name].get_secret_value()


def test_what_nobody_says_has_a_default(root: Path) -> None:
    write(root, "config/herald.yaml", "")
    settings = load_settings(root, NOTHING)
    assert (settings.timezone, settings.store) == ("UTC", "sqlite:///var/herald.db")
    assert (settings.smtp.port, settings.smtp.tls) == (25, "starttls")
    assert settings.notify.digest == time(7, 30)
    assert not settings.feeds.allow_private
    assert settings.smtp.password is None


def test_the_stronger_source_wins_and_the_others_fill_in(root: Path) -> None:
    write(
        root, "config/herald.yaml", "timezone: Europe/Rome\nsmtp: {host: file, port: 1, user: u}\n"
    )
    write(root, ".env", "HERALD_SMTP__HOST=dotenv\nHERALD_SMTP__PORT=2\nOTHER=x\n")
    write(root, "secrets/herald_smtp__port", "3\n")
    write(root, "secrets/smtp__password", "p4ss\n")
    environ = {"HERALD_SMTP__TLS": "tls"}
    settings = load_settings(root, environ)
    assert settings.timezone == "Europe/Rome"
    smtp = settings.smtp
    assert (smtp.host, smtp.port, smtp.tls, smtp.user) == ("dotenv", 3, "tls", "u")
    assert smtp.password is not None
    assert smtp.password.get_secret_value() == "p4ss"
    assert load_settings(root, {**environ, "HERALD_SMTP__PORT": "4"}).smtp.port == 4


@pytest.mark.parametrize("token", ["12345", "0123", "true", "a=b#c", "[1]", "{half", "ключ"])
def test_a_channels_secret_comes_as_it_was_written(root: Path, token: str) -> None:
    settings = load_settings(root, {"HERALD_CHANNELS__MY_FEDI__ACCESS_TOKEN": token})
    assert secret(settings, "my-fedi", "access_token") == token
    assert settings.secrets_of("other") == {}
    assert token not in repr(settings)


def test_any_setting_may_come_from_the_environment(root: Path) -> None:
    environ = {
        "HERALD_FEEDS__ALLOW_PRIVATE": "true",
        "HERALD_PAUSED": "yes",
        "HERALD_QUIET_HOURS": "21:00-07:00",
        "HERALD_DEFAULTS__LANGUAGES": "sl, en",
        "HERALD_DEFAULTS__CHANNELS": '["fedi"]',
        "HERALD_OFFICERS": '[{"name": "Ana", "email": "ana@example.org"}]',
    }
    settings = load_settings(root, environ)
    assert settings.feeds.allow_private
    assert settings.paused
    assert settings.quiet_hours is not None
    assert settings.quiet_hours.begins == time(21)
    assert settings.defaults.languages == ("sl", "en")
    assert settings.defaults.channels == ("fedi",)
    assert settings.officers[0].email == "ana@example.org"


def test_an_empty_variable_says_nothing(root: Path) -> None:
    assert load_settings(root, {"HERALD_STORE": ""}).store == "sqlite:///var/herald.db"


def test_everything_wrong_in_the_environment_is_told_at_once(root: Path) -> None:
    environ = {"HERALD_TIMEZONE": "Europe/Rom", "HERALD_SMTP__PROT": "25"}
    with pytest.raises(ConfigurationBroken) as caught:
        load_settings(root, environ)
    told = str(caught.value)
    assert 'HERALD_TIMEZONE: "Europe/Rom" is no time zone (did you mean "Europe/Rome"?)' in told
    assert 'HERALD_SMTP__PROT: unknown word "prot" (did you mean "port"?)' in told


@pytest.mark.parametrize("name", ["HERALD_CHANNELS", "HERALD_CHANNELS__FEDI"])
def test_a_secret_in_the_wrong_place_is_not_repeated(root: Path, name: str) -> None:
    with pytest.raises(ConfigurationBroken) as caught:
        load_settings(root, {name: "TOPSECRET"})
    assert "TOPSECRET" not in str(caught.value)
    assert name in str(caught.value)


def test_a_broken_herald_yaml_is_told_with_its_place(root: Path) -> None:
    write(root, "config/herald.yaml", "smtp: {prot: 25}\nweb: {listen: [a]}\n")
    settings, problems = read_settings(root, NOTHING)
    assert settings is None
    assert [(problem.place.file, problem.place.line) for problem in problems] == [
        ("config/herald.yaml", 2),
        ("config/herald.yaml", 1),
    ]
    with pytest.raises(ConfigurationBroken, match=r"config/herald\.yaml:1:8: smtp\.prot"):
        load_settings(root, NOTHING)


def test_secrets_lie_where_the_environment_says(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("run-secrets")
    write(elsewhere, "HERALD_CHANNELS__FEDI__ACCESS_TOKEN", "abc\n")
    environ = {"HERALD_SECRETS_DIR": str(elsewhere)}
    assert secret(load_settings(root, environ), "fedi", "access_token") == "abc"


def test_a_file_of_secrets_that_is_no_text_is_told(root: Path) -> None:
    write(root, "secrets/smtp__password", b"\xff\xfe\x00")
    with pytest.raises(ConfigurationBroken, match="no UTF-8"):
        load_settings(root, NOTHING)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("HERALD_OFFICERS", "[Ana"),
        ("HERALD_DEFAULTS__CHANNELS", '["fedi'),
        ("HERALD_DEFAULTS", "{channels: [fedi]}"),
    ],
)
def test_half_a_list_in_a_variable_is_told(root: Path, name: str, text: str) -> None:
    settings, problems = read_settings(root, {name: text})
    assert settings is None
    assert [problem.place.path for problem in problems] == [name]
    assert '["en", "it"]' in problems[0].hint


def test_a_dollar_in_a_password_of_the_dotenv_file_is_a_dollar(root: Path) -> None:
    write(root, ".env", "HERALD_SMTP__PASSWORD=a${HOME}b\n")
    password = load_settings(root, {"HOME": "/root"}).smtp.password
    assert password is not None
    assert password.get_secret_value() == "a${HOME}b"


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("HERALD_TIMEZON", "HERALD_TIMEZONE"),
        ("HERALD_SMPT__HOST", "HERALD_SMTP"),
        ("herald_chanels__fedi__access_token", "HERALD_CHANNELS"),
    ],
)
def test_a_misspelt_variable_is_told_and_its_value_is_not(
    root: Path, variable: str, meant: str
) -> None:
    settings, problems = read_settings(root, {variable: "s3cret"})
    assert settings is not None
    assert [(problem.place.path, problem.severity) for problem in problems] == [
        (variable, "warning")
    ]
    assert f'did you mean "{meant}"?' in problems[0].hint
    assert "s3cret" not in str(problems[0])


def test_variables_of_others_are_nobodys_mistake(root: Path) -> None:
    others = {"HERALD_GOLDEN": "write", "TIMEZONE": "x", "HERALD_SECRETS_DIR": "s"}
    assert read_settings(root, others)[1] == ()

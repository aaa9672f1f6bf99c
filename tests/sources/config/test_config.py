"""The files under config/: what they become, and what their authors are told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from herald.model.configuration import FeedConfig, Funding, QuietHours
from herald.model.words import Words
from herald.sources.config.secrets import is_secret
from tests.sources.folder import a_folder, loaded, write

EXAMPLE = {
    "herald": 'timezone: Europe/Rome\nquiet_hours: "20:00-08:30"\npaused: true\n'
    "smtp: {host: localhost, port: 25, tls: starttls, user: null}\n"
    "defaults: {languages: [en, it]}\n",
    "channels": 'fedi: {network: mastodon, server: "https://social.example.org",'
    " languages: [en, it], paused: yes}\ntrial: {network: journal, like: mastodon}\n",
    "partners": "argenta:\n  name: Ecomuseo di Argenta\n  country: IT\n  languages: [it]\n"
    '  tags: [museums]\n  accounts: {mastodon: "@argenta@social.example.org"}\n'
    '  feeds:\n    - {url: "https://example.org/feed/", licence: CC-BY-4.0}\n'
    '    - "https://example.org/events.ics"\n',
    "projects": "eco: {name: Eco, grant: 2020-1-ES01-KA204-082769, authority: SEPIE,"
    " funding: co-funded, targets: {gp_presentation: {per_partner: 10}, meeting: 5}}\n",
    "lists": "friends: {name: {en: Friends, it: Amici},"
    " from: {name: Eco, address: news@example.org}}\n",
}


def a_configured_folder(root: Path, **files: str) -> Path:
    a_folder(root, one="campaign: one\nlanguages: [en]\n")
    for name, text in (EXAMPLE | files).items():
        write(root, f"config/{name}.yaml", text)
    return root


def test_the_example_becomes_the_configuration(tmp_path: Path) -> None:
    result = loaded(a_configured_folder(tmp_path))
    assert result.problems == ()
    has = result.configuration
    assert (has.zone, has.paused) == ("Europe/Rome", True)
    assert has.quiet_hours is not None
    assert has.quiet_hours == QuietHours(
        begins=has.quiet_hours.begins.replace(hour=20, minute=0),
        ends=has.quiet_hours.ends.replace(hour=8, minute=30),
    )
    fedi, trial = has.channels.values()
    assert (fedi.network, fedi.languages, fedi.paused) == ("mastodon", ("en", "it"), True)
    assert dict(fedi.settings) == {"server": "https://social.example.org"}
    assert (dict(trial.settings), trial.place.line) == ({"like": "mastodon"}, 2)
    (partner,) = has.partners.values()
    assert partner.name == Words.in_every_language("Ecomuseo di Argenta")
    assert partner.feeds == (
        FeedConfig(url="https://example.org/feed/", licence="CC-BY-4.0"),
        FeedConfig(url="https://example.org/events.ics"),
    )
    (project,) = has.projects.values()
    assert project.funding is Funding.CO_FUNDED
    assert project.targets == {"gp_presentation": {"per_partner": 10}, "meeting": 5}
    (mailing_list,) = has.lists.values()
    assert mailing_list.languages == ("en", "it")
    assert mailing_list.name == Words.of({"en": "Friends", "it": "Amici"})


@pytest.mark.parametrize(
    ("name", "text", "code", "column"),
    [
        ("herald", "timezon: Europe/Rome\n", "unknown-key", 1),
        ("herald", 'quiet_hours: "20:00"\n', "bad-hours", 14),
        ("herald", "smtp: {port: many}\n", "wrong-value", 14),
        ("herald", "officers: [{name: Ana, email: ana}]\n", "bad-address", 31),
        ("herald", "notify: {at_once: [always]}\n", "wrong-value", 20),
        ("channels", "fedi: {network: mastodno}\n", "unknown-network", 17),
        ("channels", "fedi: {network: journal, extra: [a]}\n", "wrong-value", 33),
        ("channels", "a-b: {network: journal}\nc: {network: journal}\na_b: {network: manual}\n",
         "same-variable", 1),
        ("channels", "my fedi: {network: journal}\n", "bad-id", 1),
        ("partners", "argenta: {name: A, feeds: [example.org]}\n", "bad-url", 28),
        ("partners", "argenta: {name: A, country: Italy}\n", "unknown-country", 29),
        ("partners", "argenta: {nmae: A, name: A}\n", "unknown-key", 11),
        ("projects", "eco: {name: Eco, funding: paid}\n", "wrong-value", 27),
        ("lists", "friends: {name: Friends}\n", "missing-key", 10),
    ],
)  # fmt: skip
def test_a_fault_is_told_where_it_stands(
    tmp_path: Path, name: str, text: str, code: str, column: int
) -> None:
    problems = loaded(a_configured_folder(tmp_path, **{name: text})).problems
    problem = problems[0]
    assert (problem.code, problem.place.file) == (code, f"config/{name}.yaml")
    assert (problem.place.line, problem.place.column) == (1, column)


@pytest.mark.parametrize(
    ("name", "text", "variable"),
    [
        ("channels", "my-fedi: {network: mastodon, access_token: TOPSECRET}\n",
         "HERALD_CHANNELS__MY_FEDI__ACCESS_TOKEN"),
        ("herald", "smtp: {password: TOPSECRET}\n", "HERALD_SMTP__PASSWORD"),
        ("herald", "store: postgresql://herald:TOPSECRET@db/herald\n", "HERALD_STORE"),
        ("partners", "a: {name: A, feeds: ['https://me:TOPSECRET@example.org/']}\n", ""),
        ("partners", "a: {name: A, accounts: {api_key: TOPSECRET}}\n", ""),
    ],
)  # fmt: skip
def test_a_secret_in_a_file_is_refused_and_never_repeated(
    tmp_path: Path, name: str, text: str, variable: str
) -> None:
    problems = loaded(a_configured_folder(tmp_path, **{name: text})).problems
    assert "secret-in-file" in [problem.code for problem in problems]
    told = "\n".join(str(problem) for problem in problems)
    assert "TOPSECRET" not in told
    assert variable in told


@pytest.mark.parametrize("name", ["password", "Access-Token", "client_secret", "smtp_password"])
def test_a_secret_is_known_by_its_name(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", ["server", "handle", "label", "tokens_per_day", "key"])
def test_a_setting_is_no_secret(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize("text", ["", "# nothing yet\n"])
def test_an_empty_file_is_no_problem(tmp_path: Path, text: str) -> None:
    assert loaded(a_configured_folder(tmp_path, partners=text)).problems == ()


def test_a_feed_says_how_it_wants_to_be_asked(tmp_path: Path) -> None:
    partners = (
        "argenta: {name: A, feeds: [{url: 'webcal://example.org/a.ics', seed: 2, every: 2h,"
        " event_pages: never}]}\n"
    )
    result = loaded(a_configured_folder(tmp_path, partners=partners))
    assert result.problems == ()
    (partner,) = result.configuration.partners.values()
    assert partner.feeds == (
        FeedConfig(
            url="https://example.org/a.ics", seed=2, every=timedelta(hours=2), event_pages="never"
        ),
    )


@pytest.mark.parametrize(
    ("written", "told"),
    [("every: 14m", "every 15 minutes"), ("seed: 4", "4 is too many"), ("seed: few", "number")],
)
def test_a_feed_is_not_asked_too_often_and_brings_no_flood(
    tmp_path: Path, written: str, told: str
) -> None:
    partners = f"argenta: {{name: A, feeds: [{{url: 'https://example.org/', {written}}}]}}\n"
    (problem,) = loaded(a_configured_folder(tmp_path, partners=partners)).problems
    assert told in problem.message

"""Signing in: each network's own way, with a person who answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest

from herald.channels.login import RETURN_TO, LoginFailed, ask_for
from herald.channels.mastodon.login import SCOPE
from herald.channels.mastodon.login import log_in as to_mastodon
from herald.channels.registry import BROUGHT_ALONG
from tests.makers import a_channel
from tests.running import a_free_port
from tests.servers.oauth import CODE, TOKEN, SignInServer, a_sign_in_server


@dataclass
class Person:
    """A person with a browser, who answers as was agreed."""

    server: SignInServer | None = None
    answers: list[str] = field(default_factory=list)
    user_agent: str = "Herald/1"
    heard: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Hear."""
        self.heard.append(text)

    async def ask(self, question: str, *, hidden: bool = False) -> str:
        """Answer."""
        if hidden:
            self.hidden.append(question)
        return self.answers.pop(0)

    async def come_back(self, page: str, *, state: str) -> Mapping[str, str]:
        """Sign in in the browser."""
        assert self.server is not None
        return dict(parse_qsl(urlsplit(self.server.comes_back(page)).query))


async def test_mastodon_is_asked_for_no_more_than_herald_needs() -> None:
    async with a_sign_in_server() as server:
        config = a_channel(network="mastodon", settings={"server": server.address})
        found = await to_mastodon(config, Person(server))
    assert found == {"access_token": TOKEN}
    assert server.apps == [{"client_name": "Herald", "redirect_uris": RETURN_TO, "scopes": SCOPE}]
    assert server.given[0]["code"] == CODE
    assert "write " not in f"{SCOPE} "


async def test_who_says_no_is_told_so() -> None:
    async with a_sign_in_server() as server:
        server.refuses = "access_denied"
        config = a_channel(network="mastodon", settings={"server": server.address})
        with pytest.raises(LoginFailed, match="access_denied"):
            await to_mastodon(config, Person(server))


async def test_a_code_that_was_used_is_told_in_the_servers_words() -> None:
    async with a_sign_in_server() as server:
        config = a_channel(network="mastodon", settings={"server": server.address})
        await to_mastodon(config, Person(server))
        with pytest.raises(LoginFailed, match="The code is not valid"):
            await to_mastodon(config, Person(server))


async def test_a_server_that_is_away_is_told() -> None:
    address = f"http://127.0.0.1:{a_free_port()}"
    config = a_channel(network="mastodon", settings={"server": address})
    with pytest.raises(LoginFailed, match="cannot be reached"):
        await to_mastodon(config, Person())


@pytest.mark.parametrize("network", sorted(BROUGHT_ALONG))
async def test_where_nothing_else_is_known_each_secret_is_asked_for_unseen(network: str) -> None:
    wanted = BROUGHT_ALONG[network].secrets
    needed = [secret.name for secret in wanted if secret.needed]
    person = Person(answers=["typed"] * len(needed))
    assert await ask_for(wanted, person) == dict.fromkeys(needed, "typed")
    assert person.hidden == needed
    for secret in wanted:
        assert len(secret.what) > 10, "it says where one gets it"

"""How a person obtains the secrets of an account, each network in its own way."""

from __future__ import annotations

import secrets as randomness
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

from herald.channels.answer import NoAnswer
from herald.errors import HeraldError
from herald.model.configuration import ChannelConfig

RETURN_TO = "http://localhost:8461/"
"""Where a browser comes back to. Networks want this registered, so that it never changes."""


class LoginFailed(HeraldError):
    """No secret was obtained; says why, and what to do."""


class Asking(Protocol):
    """The person who signs in."""

    user_agent: str

    def say(self, text: str) -> None:
        """Show a sentence or two."""
        ...

    async def ask(self, question: str, *, hidden: bool = False) -> str:
        """Return what the person types, without white space around it; never empty.

        Of what is *hidden* nothing is shown while it is typed.
        """
        ...

    async def come_back(self, page: str, *, state: str) -> Mapping[str, str]:
        """Send the person's browser to *page*; return what it brings to ``RETURN_TO``.

        Raises LoginFailed if it brings another *state*, which is another sign-in's.
        """
        ...


LogIn = Callable[[ChannelConfig, Asking], Awaitable[Mapping[str, str]]]
"""Returns an account's secrets by name, obtained with the person's help.

Raises LoginFailed, and ``herald.errors.ConfigurationBroken`` for unsound settings.
"""


class Asked(Protocol):
    """A secret to ask for (``herald.channels.network.Secret``)."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def what(self) -> str:
        """What it is."""
        ...

    @property
    def needed(self) -> bool:
        """Nothing works without it."""
        ...


async def ask_for(wanted: Sequence[Asked], asking: Asking) -> dict[str, str]:
    """Ask for each secret that is needed: the way of networks that have no other."""
    found = {}
    for secret in wanted:
        if secret.needed:
            asking.say(f"{secret.name}: {secret.what}.")
            found[secret.name] = await asking.ask(secret.name, hidden=True)
    return found


async def ask_for_code(asking: Asking, page: str, *, client_id: str, scope: str) -> str:
    """Have the person allow Herald on the network's *page*; return the code that it gives.

    The first half of OAuth 2.0's authorization code grant (RFC 6749, section 4.1).
    """
    state = randomness.token_urlsafe(24)
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": RETURN_TO,
        "scope": scope,
        "state": state,
    }
    brought = await asking.come_back(f"{page}?{urlencode(query)}", state=state)
    if code := brought.get("code", ""):
        return code
    why = brought.get("error_description") or brought.get("error") or "no code came"
    raise LoginFailed(f"the network did not let Herald in: {why}")


async def ask_for_token(asking: Asking, address: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Send *form* to a network's *address* and return the JSON object that it answers.

    For the second half of a sign-in, and whatever else is asked once. Raises LoginFailed.
    """
    from herald.channels.asking import Request, ask  # noqa: PLC0415 - brings aiohttp along

    request = Request(
        method="POST",
        address=address,
        body=urlencode(form).encode(),
        kind="application/x-www-form-urlencoded",
    )
    answer = await ask(request, user_agent=asking.user_agent)
    if isinstance(answer, NoAnswer):
        raise LoginFailed(answer.why)
    if not answer.is_good:
        raise LoginFailed(f"the network answered {answer.status}: {answer.said()}")
    return answer.read_object()

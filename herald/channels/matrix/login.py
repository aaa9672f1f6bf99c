"""Signs in to a Matrix homeserver with a password, or takes a token that there is already."""

from __future__ import annotations

import json
from collections.abc import Mapping

from herald.channels.answer import NoAnswer
from herald.channels.login import Asking, LoginFailed
from herald.channels.matrix.settings import MatrixSettings
from herald.channels.settings import read_settings
from herald.model.configuration import ChannelConfig


async def log_in(config: ChannelConfig, asking: Asking) -> Mapping[str, str]:
    """Ask for user and password, or for a token; return the access token.

    The device has one name for ever: a server tells repeated sends apart by user and device
    (https://spec.matrix.org/latest/client-server-api/#post_matrixclientv3login).
    """
    server = read_settings(MatrixSettings, config).server
    asking.say(
        "Sign in as Herald's own user of the server. Where the server knows no passwords"
        " (single sign-on), type token as the user, then paste an access token of that user."
    )
    user = await asking.ask("User")
    if user.casefold() == "token":
        return {"access_token": await asking.ask("Access token", hidden=True)}
    return {"access_token": await _token(server, user, config.id, asking)}


async def _token(server: str, user: str, channel: str, asking: Asking) -> str:
    from herald.channels.asking import Request, ask  # noqa: PLC0415 - brings aiohttp along

    password = await asking.ask("Password", hidden=True)
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user},
        "password": password,
        "device_id": f"HERALD_{channel.upper()}",
        "initial_device_display_name": "Herald",
    }
    answer = await ask(
        Request(
            method="POST",
            address=f"{server}/_matrix/client/v3/login",
            body=json.dumps(body).encode(),
        ),
        user_agent=asking.user_agent,
    )
    if isinstance(answer, NoAnswer):
        raise LoginFailed(answer.why)
    token = answer.read_object().get("access_token")
    if not answer.is_good or not isinstance(token, str):
        raise LoginFailed(f"{server} answered {answer.status}: {answer.read_object().get('error')}")
    return token

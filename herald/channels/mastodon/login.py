"""Signs in to a server with the Mastodon API: OAuth in the person's browser."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.login import RETURN_TO, Asking, LoginFailed, ask_for_code, ask_for_token
from herald.channels.mastodon.settings import MastodonSettings
from herald.channels.settings import read_settings
from herald.model.configuration import ChannelConfig

SCOPE = "read write:statuses write:media"
"""To read the account, its posts and notifications; to post, boost, edit and delete with pictures.
"""


async def log_in(config: ChannelConfig, asking: Asking) -> Mapping[str, str]:
    """Register Herald with the server, have the person allow it, and return the access token.

    https://docs.joinmastodon.org/client/authorized/
    """
    server = read_settings(MastodonSettings, config).server
    app = await ask_for_token(
        asking,
        f"{server}/api/v1/apps",
        {"client_name": "Herald", "redirect_uris": RETURN_TO, "scopes": SCOPE},
    )
    client = {name: str(app.get(name) or "") for name in ("client_id", "client_secret")}
    if not all(client.values()):
        raise LoginFailed(f"{server} did not register Herald: is it a server of Mastodon's kind?")
    code = await ask_for_code(
        asking, f"{server}/oauth/authorize", client_id=client["client_id"], scope=SCOPE
    )
    told = await ask_for_token(
        asking,
        f"{server}/oauth/token",
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": RETURN_TO,
            "scope": SCOPE,
            **client,
        },
    )
    token = told.get("access_token")
    if not isinstance(token, str) or not token:
        raise LoginFailed(f"{server} gave no access token")
    return {"access_token": token}

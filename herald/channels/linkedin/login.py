"""Signs in to LinkedIn: OAuth in the person's browser, with the network's own app."""

from __future__ import annotations

from collections.abc import Mapping

from herald.channels.linkedin.settings import LinkedInSettings
from herald.channels.login import RETURN_TO, Asking, LoginFailed, ask_for_code, ask_for_token
from herald.channels.settings import read_settings
from herald.data.linkedin import linkedin_facts
from herald.model.configuration import ChannelConfig

SCOPE = "w_organization_social r_organization_social r_organization_admin"
"""To post on pages, to see whether a post arrived, and who may post there."""


async def log_in(config: ChannelConfig, asking: Asking) -> Mapping[str, str]:
    """Have the person allow the app, and return the token with all that renews it.

    https://learn.microsoft.com/linkedin/shared/authentication/authorization-code-flow
    """
    server = read_settings(LinkedInSettings, config).server
    oauth = f"{server}/oauth/v2" if server else linkedin_facts().oauth
    asking.say(
        f"On your app's page Auth (linkedin.com/developers/apps), add {RETURN_TO} to the "
        "Authorized redirect URLs, and copy Client ID and Client Secret from there."
    )
    client = {
        "client_id": await asking.ask("Client ID"),
        "client_secret": await asking.ask("Client Secret", hidden=True),
    }
    code = await ask_for_code(
        asking, f"{oauth}/authorization", client_id=client["client_id"], scope=SCOPE
    )
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": RETURN_TO}
    told = await ask_for_token(asking, f"{oauth}/accessToken", {**form, **client})
    token, refresh = told.get("access_token"), told.get("refresh_token")
    if not isinstance(token, str) or not token:
        raise LoginFailed("LinkedIn gave no access token")
    renewal = {"refresh_token": refresh} if isinstance(refresh, str) and refresh else {}
    return {"access_token": token, **renewal, **client}

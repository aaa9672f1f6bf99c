"""What ``channels.yaml`` may say about an Instagram account."""

from __future__ import annotations

from pydantic import Field, field_validator

from herald.channels.meta.names import account_name
from herald.channels.settings import NetworkSettings, server_address


class InstagramSettings(NetworkSettings):
    """The settings of an Instagram channel."""

    account: str = Field(description="the account's name, such as account: museo.argenta")
    server: str = Field(
        "", description="another server that speaks Meta's interface, for trying Herald out"
    )

    @field_validator("account")
    @classmethod
    def _is_a_name(cls, account: str) -> str:
        return account_name(account)

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        return server and server_address(server, like="https://graph.instagram.com")

"""What ``channels.yaml`` may say about a Facebook Page."""

from __future__ import annotations

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings, server_address


class FacebookSettings(NetworkSettings):
    """The settings of a Facebook channel."""

    page: str = Field(description='the Page\'s number, such as page: "104820511234567"')
    server: str = Field(
        "", description="another server that speaks Meta's interface, for trying Herald out"
    )

    @field_validator("page")
    @classmethod
    def _is_a_number(cls, page: str) -> str:
        if page.isascii() and page.isdigit():
            return page
        raise ValueError(
            f"{page!r} is not a Page's number: on Facebook, open the Page, then About, "
            'Page transparency, and copy the Page ID (write it as in "104820511234567")'
        )

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        return server and server_address(server, like="https://graph.facebook.com")

"""What ``channels.yaml`` may say about a LinkedIn page."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings, server_address

_URN = re.compile(r"(?:urn:li:organization:)?(\d{1,20})")


class LinkedInSettings(NetworkSettings):
    """The settings of a LinkedIn channel."""

    organization: str = Field(description='the number of the page, such as organization: "2414183"')
    server: str = Field(
        "", description="another server that speaks LinkedIn's interface, for trying Herald out"
    )

    @field_validator("organization")
    @classmethod
    def _is_a_number(cls, organization: str) -> str:
        """Return the page's URN."""
        if found := _URN.fullmatch(organization):
            return f"urn:li:organization:{found[1]}"
        raise ValueError(
            f"{organization!r} is not the number of a page: sign in as one of its administrators "
            "and copy it from the address, linkedin.com/company/NUMBER/admin"
        )

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        return server and server_address(server, like="https://api.linkedin.com")

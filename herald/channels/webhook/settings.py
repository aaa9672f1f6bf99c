"""What ``channels.yaml`` may say about a webhook."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings

_LIKE = '(write it as in "https://example.org/hooks/herald")'


class WebhookSettings(NetworkSettings):
    """The settings of a webhook channel."""

    url: str = Field(description='the receiver\'s address, such as "https://example.org/hooks/h"')
    repeats: Literal["true", "false"] = Field(
        "true",
        description="the receiver takes each webhook-id once, so that a call whose answer was lost"
        " may be repeated; with false such a post waits for a person",
    )
    corrects: Literal["true", "false"] = Field(
        "false", description="the receiver edits and deletes what it published earlier, if told to"
    )
    threads: Literal["true", "false"] = Field(
        "false", description="the receiver can publish an answer to what it published earlier"
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        """Return the address; only a program on this machine may be called without TLS."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
            host.encode("idna")
        except ValueError as error:
            raise ValueError(f"{url!r} is no web address {_LIKE}") from error
        if not host or parts.scheme not in {"https", "http"} or any(map(str.isspace, url)):
            raise ValueError(f"{url!r} is no web address {_LIKE}")
        if parts.username or parts.password:
            raise ValueError("the address holds a name or password: calls are signed instead")
        if parts.scheme == "http" and not _is_this_machine(host):
            raise ValueError(f"{url!r} would be called in the open: write https://")
        return parts._replace(fragment="").geturl()


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False

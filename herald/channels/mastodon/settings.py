"""What ``channels.yaml`` may say about a Mastodon account."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings


class MastodonSettings(NetworkSettings):
    """The settings of a Mastodon channel."""

    server: str = Field(description='such as server: "https://social.example.org"')
    visibility: Literal["public", "unlisted", "private"] = Field(
        "public", description="who sees the posts; private means followers only"
    )
    content_warning: str = Field("", description="stands before every post, which is then folded")

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        """Return scheme and host alone; a bare host gets https."""
        remedy = '(write it as in "https://social.example.org")'
        try:
            parts = urlsplit(server if "://" in server else f"https://{server}")
            host, _ = parts.hostname or "", parts.port
            host.encode("idna")
        except ValueError as error:
            raise ValueError(f"{server!r} is no address of a server {remedy}") from error
        if not host or parts.scheme not in {"https", "http"} or any(map(str.isspace, server)):
            raise ValueError(f"{server!r} is no address of a server {remedy}")
        if parts.username or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"{server!r} is more than the address of a server {remedy}")
        if parts.scheme == "http" and not _is_this_machine(host):
            raise ValueError(f"{server!r} would send the token in the open: write https://")
        return f"{parts.scheme}://{parts.netloc}"


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

"""What ``channels.yaml`` may say about a WordPress site."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings, server_address

_LIKE = "https://museum.example.org"


class WordPressSettings(NetworkSettings):
    """The settings of a WordPress channel."""

    site: str = Field(description='such as site: "https://museum.example.org"')
    user: str = Field(description="the name with which the user signs in, such as user: herald")
    status: Literal["publish", "draft"] = Field(
        "publish", description="draft leaves the publishing on the site to a person"
    )
    categories: str = Field(
        "", description="the site's categories, by name or number, between commas: News, Events"
    )
    featured_image: bool = Field(
        True, description="false where the theme would show the first picture twice"
    )
    language_parameter: str = Field(
        "",
        description="lang, where a plugin for translations (Polylang Pro, WPML) takes it",
        pattern="^[a-z_]{0,30}$",
    )

    @field_validator("site")
    @classmethod
    def _is_an_address(cls, site: str) -> str:
        """Return scheme, host and folder without a slash at the end; a bare host gets https."""
        try:
            parts = urlsplit(site if "://" in site else f"https://{site}")
        except ValueError:
            return server_address(site, like=_LIKE)
        if parts.query or parts.fragment or parts.path.rstrip("/").endswith(("wp-admin", ".php")):
            raise ValueError(f'{site!r} is a page of the site: write where it begins, as "{_LIKE}"')
        folder = parts.path.rstrip("/")
        return server_address(f"{parts.scheme}://{parts.netloc}", like=_LIKE) + folder

    @field_validator("user")
    @classmethod
    def _is_a_name(cls, user: str) -> str:
        if not user or ":" in user:
            raise ValueError(f"{user!r} is no user name: write the one with which you sign in")
        return user

    @property
    def category_names(self) -> tuple[str, ...]:
        """The categories, one by one."""
        return tuple(name for each in self.categories.split(",") if (name := each.strip()))

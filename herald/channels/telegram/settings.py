"""What ``channels.yaml`` may say about a Telegram channel or group."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from herald.channels.settings import NetworkSettings, server_address

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_LINK = re.compile(r"(?:https?://)?(?:t\.me|telegram\.me)/(?:s/)?([A-Za-z]\w+)/?")
_LIKE = '(write it as in "@museum" or "-1001234567890", in quotes)'


class TelegramSettings(NetworkSettings):
    """The settings of a Telegram channel."""

    chat: str = Field(description='the channel or group, such as chat: "@museum"')
    silent: bool = Field(False, description="true lets phones stay still when a post arrives")
    server: str = Field(
        "https://api.telegram.org", description="another server that speaks the Bot API"
    )

    @field_validator("chat")
    @classmethod
    def _is_a_chat(cls, chat: str) -> str:
        """Return the chat's public name with its ``@``, or its number."""
        if re.fullmatch(r"-\d{5,20}", chat) or (chat[:1] == "@" and _NAME.fullmatch(chat[1:])):
            return chat
        if link := _LINK.fullmatch(chat):
            raise ValueError(f'{chat!r} is a link: did you mean "@{link[1]}"?')
        if _NAME.fullmatch(chat):
            raise ValueError(f'{chat!r} has no @: did you mean "@{chat}"?')
        if chat.isdigit():
            raise ValueError(f"{chat!r} is a person's number: channels and groups have a minus")
        raise ValueError(f"{chat!r} is no channel or group {_LIKE}")

    @field_validator("server")
    @classmethod
    def _is_an_address(cls, server: str) -> str:
        """Return scheme and host alone; a bare host gets https."""
        return server_address(server, like="https://api.telegram.org")

"""Reads a channel's settings, and says what is wrong with them in an editor's words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from herald.errors import ConfigurationBroken
from herald.model.configuration import ChannelConfig
from herald.model.problem import Place, Problem

_FILE_NAME = re.compile(r"\w[\w.-]{0,99}")
_SECRETS = frozenset(
    {"access_token", "api_key", "app_password", "client_secret", "password", "secret", "token"}
)


class NetworkSettings(BaseModel):
    """What a network's own settings have in common: text in, nothing unknown, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


Settings = TypeVar("Settings", bound=NetworkSettings)


def read_settings(model: type[Settings], config: ChannelConfig) -> Settings:
    """Return the settings; raise ConfigurationBroken with every problem when they are unsound."""
    problems = setting_problems(model, config)
    if problems:
        raise ConfigurationBroken("\n".join(str(problem) for problem in problems))
    return model.model_validate(dict(config.settings))


def setting_problems(
    model: type[NetworkSettings], config: ChannelConfig, *, secrets: frozenset[str] = frozenset()
) -> tuple[Problem, ...]:
    """Return everything that is wrong with a channel's name and settings.

    *secrets* are the names of the network's own secrets, which do not belong in the file.
    """
    try:
        model.model_validate(dict(config.settings))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        told = tuple(_told(fault, model, config, secrets | _SECRETS) for fault in faults)
        return (*_name_problems(config), *told)
    return _name_problems(config)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``did you mean "server"?``, or nothing when no known word is near."""
    near = get_close_matches(word, sorted(known), n=1)
    return f'did you mean "{near[0]}"?' if near else ""


def server_address(server: str, *, like: str) -> str:
    """Return scheme and host of *server* alone; a bare host gets https.

    Raises ValueError in an editor's words, with *like* as an example. The account's secret goes
    there: only a server on this machine may be asked without TLS.
    """
    remedy = f'(write it as in "{like}")'
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


def sound_secret(config: ChannelConfig, secret: str, *, what: str) -> str:
    """Return *secret* without the space around it.

    Raises ConfigurationBroken, which never shows it, where it has characters that none has.
    """
    secret = secret.strip()
    if not (secret.isascii() and secret.isprintable() and " " not in secret):
        raise ConfigurationBroken(
            f"channel {config.id}: the {what} has characters that none has: copy it again"
        )
    return secret


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _name_problems(config: ChannelConfig) -> tuple[Problem, ...]:
    """Refuse a name that cannot name a file: what a channel writes stands under its name."""
    if _FILE_NAME.fullmatch(config.id):
        return ()
    return (
        Problem(
            place=config.place,
            code="bad-id",
            message=f"{config.id!r} cannot be a channel's name",
            hint="use letters, digits, - and _, at most 100 of them",
        ),
    )


def _told(
    fault: Any, model: type[NetworkSettings], config: ChannelConfig, secrets: frozenset[str]
) -> Problem:
    name = str(fault["loc"][0]) if fault["loc"] else ""
    known = tuple(model.model_fields)
    place = _place_of(name, config)
    match fault["type"]:
        case "missing":
            return Problem(
                place=place,
                code="missing-key",
                message=f'a channel on {config.network} needs "{name}"',
                hint=model.model_fields[name].description or "",
            )
        case "extra_forbidden" if name.casefold().replace("-", "_") in secrets:
            return _secret_in_file(name, place, config)
        case "extra_forbidden":
            return Problem(
                place=place,
                code="unknown-key",
                message=f'a channel on {config.network} has no setting "{name}"',
                hint=did_you_mean(name, known) or f"it knows {_listed(known)}",
            )
        case "literal_error":
            return Problem(
                place=place,
                code="bad-value",
                message=f"{fault['input']!r} is not one of {fault['ctx']['expected']}",
                hint=did_you_mean(str(fault["input"]), re.findall(r"'(\w+)'", fault["msg"])),
            )
    message = fault["msg"].removeprefix("Value error, ")
    return Problem(place=place, code="bad-value", message=message)


def _secret_in_file(name: str, place: Place, config: ChannelConfig) -> Problem:
    variable = f"HERALD_CHANNELS__{config.id.replace('-', '_').upper()}__{name.upper()}"
    return Problem(
        place=place,
        code="secret-in-file",
        message=f'"{name}" is a secret and must not stand in this file',
        hint=f"move it to {variable} in .env, and make a new one if this file was ever shared",
    )


def _place_of(name: str, config: ChannelConfig) -> Place:
    path = ".".join(part for part in (config.place.path, name) if part)
    return replace(config.place, path=path)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f'"{word}"' for word in words) or "none of its own"

"""Secrets that stand where everybody who reads the files can read them, and where they belong."""

from __future__ import annotations

import re

from herald.sources.problems import Problems
from herald.sources.shape import Located
from herald.sources.yaml import Data, Step

_NAMES = frozenset(
    [
        "password",
        "passwd",
        "passphrase",
        "token",
        "secret",
        "apikey",
        "api_key",
        "app_password",
        "private_key",
        "bearer",
        "credentials",
        "session",
    ]
)
_ENDINGS = ("_password", "_token", "_secret", "_api_key", "_private_key")
_IN_URL = re.compile(r"://[^/@\s:]*:[^/@\s]+@")


def variable(name: str, loc: tuple[Step, ...]) -> str:
    """Return the environment variable that gives a value of config/*name*.yaml."""
    steps = loc if name == "herald" else (name, *loc)
    return "HERALD_" + "__".join(str(step).replace("-", "_").upper() for step in steps)


def take_secrets(data: Data, name: str, where: Located, problems: Problems) -> Data:
    """Return config/*name*.yaml's values without the secrets in them, each noted as an error."""
    return _clean(data, name, (), where, problems)


def is_secret(key: str) -> bool:
    """Tell whether a key names something that only its owner should know."""
    word = key.casefold().replace("-", "_")
    return word in _NAMES or word.endswith(_ENDINGS)


def _clean(
    data: Data, name: str, loc: tuple[Step, ...], where: Located, problems: Problems
) -> Data:
    match data:
        case dict():
            for key in (key for key, value in data.items() if _holds_secret(key, value)):
                _note(name, (*loc, key), where, problems)
            return {
                key: _clean(value, name, (*loc, key), where, problems)
                for key, value in data.items()
                if not _holds_secret(key, value)
            }
        case list():
            return [_clean(one, name, (*loc, at), where, problems) for at, one in enumerate(data)]
        case str() if _IN_URL.search(data):
            _note(name, loc, where, problems)
            return _IN_URL.sub("://", data)
    return data


def _holds_secret(key: str, value: Data) -> bool:
    return isinstance(value, str) and is_secret(key)


def _note(name: str, loc: tuple[Step, ...], where: Located, problems: Problems) -> None:
    where_to = f"give it as {variable(name, loc)}, in the environment or in the file .env"
    if name not in ("herald", "channels"):
        where_to = "delete it from this file"
    hint = f"{where_to}; and change it where it was issued, if others have seen this file"
    problems.error(where.key(loc), "secret-in-file", "a secret must not stand in this file", hint)

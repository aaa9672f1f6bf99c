"""Settings: config/herald.yaml, and above it what the surroundings say.

From the weakest to the strongest: ``config/herald.yaml``, the file ``.env`` beside ``config/``, the
secrets folder (one file per value), environment variables. All but the first use names such as
``HERALD_SMTP__PASSWORD``; a channel's secret is ``HERALD_CHANNELS__FEDI__ACCESS_TOKEN``, hyphens of
its id written ``_``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from herald.data.mail_domains import counted_domain
from herald.errors import ConfigurationBroken, HeraldError
from herald.mailing.addresses import BadAddress, read_address
from herald.mailing.bounces.mailbox import Mailbox
from herald.mailing.dkim.keys import KeyFault, SigningKey, read_key
from herald.model.mail_limits import MailLimits
from herald.model.mailing import MailServer, Tls
from herald.model.problem import Place, Problem
from herald.sources.config.load import ConfigFile, read_config_file
from herald.sources.config.secrets import is_secret
from herald.sources.config.shapes import (
    BouncesShape,
    HeraldShape,
    MailboxShape,
    MatrixShape,
    NotifyShape,
    SmtpShape,
    WebhookShape,
)
from herald.sources.problems import Problems
from herald.sources.shape import note

PREFIX = "HERALD_"
SECRETS_VARIABLE = "HERALD_SECRETS_DIR"
_SURROUNDINGS = "environment"


def _without_lone_secrets(said: Any) -> Any:
    """Return what was said without the parts of which nothing but the secret is given."""
    if not isinstance(said, dict):
        return said
    return {
        name: value
        for name, value in said.items()
        if not (isinstance(value, dict) and value and all(is_secret(key) for key in value))
    }


class SmtpSettings(SmtpShape):
    """The server that takes mail, with its password and the key that signs."""

    password: SecretStr | None = None
    dkim_key: SecretStr | None = None  # type: ignore[assignment]  # a path, or the key itself


class MailboxSettings(MailboxShape):
    """The mailbox for what comes back, with its password."""

    password: SecretStr | None = None


class BouncesSettings(BouncesShape):
    """What becomes of newsletters that come back, with the mailbox's password."""

    mailbox: MailboxSettings | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_lone_secret(cls, said: Any) -> Any:
        """Let the password of a mailbox that is no longer wanted lie where it is."""
        return _without_lone_secrets(said)


class MatrixSettings(MatrixShape):
    """A Matrix room that is told, with the token to write there."""

    access_token: SecretStr | None = None


class WebhookSettings(WebhookShape):
    """A program that is told, with the secret that signs."""

    secret: SecretStr | None = None


class NotifySettings(NotifyShape):
    """How officers are told what needs them, with the secrets for it."""

    matrix: MatrixSettings | None = None
    webhook: WebhookSettings | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_lone_secrets(cls, said: Any) -> Any:
        """Let the secret of a way that is no longer wanted lie where it is."""
        return _without_lone_secrets(said)


class Settings(HeraldShape, BaseSettings):
    """What holds for everything, secrets included; made by ``load_settings``."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        case_sensitive=False,
        extra="ignore",
        frozen=True,
    )

    smtp: SmtpSettings = SmtpSettings()
    bounces: BouncesSettings = BouncesSettings()
    notify: NotifySettings = NotifySettings()
    channels: dict[str, dict[str, SecretStr]] = Field(default_factory=dict)
    """Secrets by channel id (lower case, ``-`` as ``_``) and name: see ``secrets_of``."""

    def secrets_of(self, channel: str) -> Mapping[str, SecretStr]:
        """Return the secrets of a channel by its id as channels.yaml spells it."""
        return self.channels.get(channel.casefold().replace("-", "_"), {})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments alone: ``load_settings`` asks the surroundings, as it was told."""
        return (init_settings,)


class _NoJson(HeraldError):
    """A variable holds half a list or map; close its brackets and quotes."""


class _Variables(EnvSettingsSource):
    """Settings from variables, wherever these were written."""

    def __init__(self, variables: Mapping[str, str | None]) -> None:
        self._variables = variables
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._variables.items() if value}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Decode what looks like a JSON list or map; ``12345`` and ``true`` stay text."""
        if isinstance(value, str) and not value.lstrip().startswith(("[", "{")):
            return value
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError as error:
            if field is None:  # inside a map of free keys pydantic-settings keeps it as text
                raise
            holding = (name for name, held in self._variables.items() if held == value)
            raise _NoJson(next(holding, field_name)) from error


def load_settings(folder: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of a folder; raise ConfigurationBroken with all that is wrong."""
    settings, problems = read_settings(folder, environ)
    if settings is None:
        shown = "\n".join(f"  {problem}" for problem in problems)
        raise ConfigurationBroken(f"the settings cannot be used:\n{shown}")
    return settings


def mail_server(settings: Settings) -> MailServer:
    """Return the server that takes Herald's mail, and its password."""
    smtp = settings.smtp
    return MailServer(
        host=smtp.host,
        port=smtp.port,
        tls=Tls(smtp.tls),
        user=smtp.user,
        password=smtp.password.get_secret_value() if smtp.password else None,
        connections=smtp.connections,
        limits=MailLimits(
            relay=smtp.limits.relay,
            sender=smtp.limits.sender,
            domains=tuple(
                (_counted_domain(name), limits) for name, limits in smtp.limits.domains.items()
            ),
        ),
    )


def _counted_domain(written: str) -> str:
    """Return a domain as addresses are kept, and as its provider's letters are counted."""
    try:
        return counted_domain(read_address(f"x@{written}"))
    except BadAddress:
        return counted_domain(written)


def signing_key(settings: Settings, folder: Path) -> SigningKey | KeyFault | None:
    """Return the key that signs Herald's mail, None where that is left to the mail server."""
    written = settings.smtp.dkim_key
    if written is None:
        return None
    return read_key(written.get_secret_value(), selector=settings.smtp.dkim_selector, folder=folder)


def bounce_mailbox(settings: Settings) -> Mailbox | None:
    """Return the mailbox that copies come back to, with its password; None without one."""
    box = settings.bounces.mailbox
    if box is None:
        return None
    return Mailbox(
        host=box.host,
        port=box.port,
        tls=Tls(box.tls),
        user=box.user,
        password=box.password.get_secret_value() if box.password else "",
        folder=box.folder,
    )


def read_settings(
    folder: Path, environ: Mapping[str, str] = os.environ
) -> tuple[Settings | None, tuple[Problem, ...]]:
    """Return the settings, or None and the errors of herald.yaml and of the surroundings.

    *environ* are the environment variables, by default this program's.
    """
    file = read_config_file(folder.resolve(), "herald")
    if file.is_broken:
        return None, file.problems
    problems = Problems()
    settings = _overlaid(file, folder, environ, problems)
    return settings, tuple(problems.found)


def secrets_folder(folder: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Return where secrets lie as files: HERALD_SECRETS_DIR, else ``secrets`` in the folder."""
    named = environ.get(SECRETS_VARIABLE)
    return Path(named) if named else folder / "secrets"


def _note_misspelt(variables: Iterable[str], problems: Problems) -> None:
    """Warn of variables that nothing reads, and that are nearly a setting's name."""
    settings = {f"{PREFIX}{name}".upper(): name for name in Settings.model_fields}
    for variable in variables:
        name = variable.upper().partition("__")[0]
        if not name.startswith(PREFIX) or name in {*settings, SECRETS_VARIABLE}:
            continue
        for near in get_close_matches(name, settings, n=1, cutoff=0.85):
            place = Place(file=_SURROUNDINGS, path=variable)
            hint = f'did you mean "{near}"?'
            problems.warn(place, "unknown-variable", "no setting has this name", hint)


def _overlaid(
    file: ConfigFile, folder: Path, environ: Mapping[str, str], problems: Problems
) -> Settings | None:
    said = {name: getattr(file.shape, name) for name in file.shape.model_fields_set}
    said = {name: _as_plain(value) for name, value in said.items()}
    try:
        dotenv = dotenv_values(folder / ".env", interpolate=False, encoding="utf-8-sig")
        for variables in (dotenv, _secrets(secrets_folder(folder, environ)), environ):
            _note_misspelt(variables, problems)
            said = _over(said, _Variables(variables)())
        return Settings(**said)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=True):
            _note(detail, problems)
    except _NoJson as error:
        message = "this begins like a list or a map, and is none"
        hint = 'write a list as ["en", "it"], a map as {"en": "Text"}, with these quotes'
        problems.error(Place(file=_SURROUNDINGS, path=str(error)), "no-json", message, hint)
    except UnicodeDecodeError:
        message = ".env or a file in the secrets folder is no UTF-8 text"
        problems.error(Place(file=_SURROUNDINGS), "wrong-encoding", message, "save it as UTF-8")
    except OSError as error:
        message = f"{error.filename} cannot be read: {error.strerror}"
        problems.error(Place(file=_SURROUNDINGS), "unreadable", message, "check who may read it")
    return None


def _secrets(folder: Path) -> dict[str, str | None]:
    """Return what a folder's files hold, named like variables, the prefix optional."""
    found: dict[str, str | None] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            name = path.name.upper()
            name = name if name.startswith(PREFIX) else PREFIX + name
            found[name] = path.read_text(encoding="utf-8-sig").strip()
    return found


def _over(weaker: dict[str, Any], stronger: dict[str, Any]) -> dict[str, Any]:
    """Return what both say, map by map; where both say it, as the stronger does."""
    merged = dict(weaker)
    for name, value in stronger.items():
        below = merged.get(name)
        are_maps = isinstance(value, dict) and isinstance(below, dict)
        merged[name] = _over(merged[name], value) if are_maps else value
    return merged


def _note(detail: ErrorDetails, problems: Problems) -> None:
    """Note one error; what was given for a secret is not repeated."""
    loc = detail["loc"]
    if loc[0] == "channels" or is_secret(str(loc[-1])):
        hint = "channels' secrets are named like HERALD_CHANNELS__FEDI__ACCESS_TOKEN"
        problems.error(_Places().place(loc), "wrong-value", "this is no secret's place", hint)
        return
    note(detail, Settings, _Places(), problems)


def _as_plain(value: Any) -> Any:
    """Return what was said in a part of herald.yaml, so that another source can say the rest."""
    if isinstance(value, tuple) or not hasattr(value, "model_fields_set"):
        return value
    fields = type(value).model_fields
    return {
        fields[name].alias or name: _as_plain(getattr(value, name))
        for name in value.model_fields_set
    }


class _Places:
    """Places of settings that came from the surroundings: the variable's name."""

    def place(self, loc: Any = ()) -> Place:
        """Return the variable that gives the value at *loc*."""
        name = PREFIX + "__".join(str(step).upper() for step in loc)
        return Place(file=_SURROUNDINGS, path=name)

    def key(self, loc: Any) -> Place:
        """Return the same."""
        return self.place(loc)

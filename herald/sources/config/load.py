"""Reading the files under config/, each for itself, so that one broken file spoils no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from herald.model.configuration import (
    ChannelConfig,
    Configuration,
    MailingList,
    Partner,
    Project,
)
from herald.model.problem import Place, Problem
from herald.sources.config.convert import channel_of, list_of, partner_of, project_of
from herald.sources.config.secrets import take_secrets
from herald.sources.config.shapes import (
    ChannelsFile,
    HeraldShape,
    ListsFile,
    PartnersFile,
    ProjectsFile,
)
from herald.sources.files import Stamp, read_bytes, stamp_of
from herald.sources.problems import Problems, did_you_mean, has_errors
from herald.sources.shape import Located, check_shape
from herald.sources.yaml import Document, read

FILES: Mapping[str, type[BaseModel]] = {
    "herald": HeraldShape,
    "channels": ChannelsFile,
    "partners": PartnersFile,
    "projects": ProjectsFile,
    "lists": ListsFile,
}
"""The files under config/ by their names without ``.yaml``."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file under config/: its shape where it is sound, and its problems."""

    name: str
    exists: bool
    shape: Any
    where: Located
    problems: tuple[Problem, ...]

    @property
    def file(self) -> str:
        """The path that people know it by."""
        return file_of(self.name)

    @property
    def is_broken(self) -> bool:
        """Tell whether an error keeps it from being used."""
        return has_errors(self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All files under config/; what is broken stands as it was when it was last sound."""

    herald: HeraldShape
    herald_where: Located
    are_defaults_known: bool
    configuration: Configuration
    unknown: frozenset[str]
    """Names of files that are broken and never were sound: what they hold, nobody knows."""
    missing: frozenset[str]
    """Names of files that are not there."""
    problems: tuple[Problem, ...]
    broken: tuple[str, ...]
    kept: tuple[str, ...]
    """Broken files of which the last sound state is used."""


def file_of(name: str) -> str:
    """Return the path of a config file relative to the working folder."""
    return f"config/{name}.yaml"


def read_config_file(root: Path, name: str) -> ConfigFile:
    """Read and check one file; a file that is missing or empty is sound and empty."""
    file, path = file_of(name), root / file_of(name)
    nothing = Document(file, "", {}, None)
    if not path.exists():
        empty = FILES[name].model_validate({})
        return ConfigFile(name, False, empty, nothing, ())
    content = read_bytes(path, file=file)
    document, faults = (
        (None, (content,)) if isinstance(content, Problem) else read(content, file=file)
    )
    if document is None:
        return ConfigFile(name, True, None, nothing, faults)
    problems = Problems()
    problems.found.extend(faults)
    data = take_secrets({} if document.data is None else document.data, name, document, problems)
    shape = check_shape(FILES[name], data, document, problems)
    found = tuple(problems.found)
    return ConfigFile(name, True, None if has_errors(found) else shape, document, found)


@dataclass(slots=True)
class ConfigReader:
    """Reads config/ again and again, and keeps what was sound last."""

    root: Path
    networks: frozenset[str]
    settings: Callable[[], HeraldShape | None] | None = None
    """Gives herald.yaml with what the environment says instead, None where the file is broken."""
    _sound: dict[str, ConfigFile] = field(default_factory=dict)
    _last: tuple[tuple[Stamp, ...], Config] | None = None

    def stamps(self) -> tuple[Stamp, ...]:
        """Return what changes when one of the files does."""
        return tuple(stamp_of(self.root / file_of(name)) for name in FILES)

    def read(self) -> Config:
        """Return the configuration; unchanged files are not read twice."""
        stamps = self.stamps()
        if self._last is None or self._last[0] != stamps:
            self._last = (stamps, self._read())
        return self._last[1]

    def _read(self) -> Config:
        files = {name: read_config_file(self.root, name) for name in FILES}
        files = {name: self._with_relations(file) for name, file in files.items()}
        used, kept = {}, []
        for name, file in files.items():
            if not file.is_broken:
                self._sound[name] = file
            elif name in self._sound:
                kept.append(file.file)
            used[name] = self._sound.get(name, file)
        unknown = frozenset(name for name, file in used.items() if file.shape is None)
        herald = self._herald(used["herald"])
        return Config(
            herald=herald,
            herald_where=used["herald"].where,
            are_defaults_known="herald" not in unknown,
            configuration=_configuration(used, herald),
            unknown=unknown,
            missing=frozenset(name for name, file in files.items() if not file.exists),
            problems=tuple(problem for file in files.values() for problem in file.problems),
            broken=tuple(file.file for file in files.values() if file.is_broken),
            kept=tuple(kept),
        )

    def _herald(self, file: ConfigFile) -> HeraldShape:
        told = self.settings() if self.settings is not None else None
        return told or file.shape or HeraldShape()

    def _with_relations(self, file: ConfigFile) -> ConfigFile:
        """Add what is wrong between the parts of a file whose shape is sound."""
        if file.shape is None or file.name != "channels":
            return file
        problems = Problems()
        _note_networks(file, self.networks, problems)
        _note_collisions(file, problems)
        found = (*file.problems, *problems.found)
        return replace(file, problems=found, shape=None if has_errors(found) else file.shape)


def _note_networks(file: ConfigFile, networks: frozenset[str], problems: Problems) -> None:
    for name, channel in file.shape.root.items():
        if channel.network not in networks:
            hint = did_you_mean(channel.network, networks)
            message = f'there is no network "{channel.network}"'
            problems.error(file.where.place((name, "network")), "unknown-network", message, hint)


def _note_collisions(file: ConfigFile, problems: Problems) -> None:
    """Note ids that are one and the same as part of a variable's name."""
    seen: dict[str, str] = {}
    for name in file.shape.root:
        other = seen.setdefault(name.casefold().replace("-", "_"), name)
        if other != name:
            message = f'"{name}" and "{other}" are the same in names of variables'
            for spot in (other, name):
                problems.error(
                    file.where.key((spot,)), "same-variable", message, "rename one of them"
                )


def _configuration(files: Mapping[str, ConfigFile], herald: HeraldShape) -> Configuration:
    def all_of(name: str, make: Callable[[str, Any, Located], Any]) -> dict[Any, Any]:
        file = files[name]
        shapes = {} if file.shape is None else file.shape.root
        return {id_: make(id_, shape, file.where) for id_, shape in shapes.items()}

    def make_list(id_: str, shape: Any, where: Located) -> MailingList:
        return list_of(id_, shape, where, languages=herald.defaults.languages)

    channels: dict[Any, ChannelConfig] = all_of("channels", channel_of)
    partners: dict[Any, Partner] = all_of("partners", partner_of)
    projects: dict[Any, Project] = all_of("projects", project_of)
    return Configuration(
        zone=herald.timezone,
        quiet_hours=herald.quiet_hours,
        paused=herald.paused,
        channels=channels,
        partners=partners,
        projects=projects,
        lists=all_of("lists", make_list),
    )


def no_config(root: Path) -> Problem | None:
    """Return the problem of a folder without config/."""
    if (root / "config").is_dir():
        return None
    return Problem(
        place=Place(file="config"),
        code="missing-folder",
        message="there is no config/ here",
        hint="run herald init to write an example, or name the folder with herald -C DIR",
    )

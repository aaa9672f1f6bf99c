"""Campaign and config files, loaded together: all problems at once, and everything that is sound.

A ``Loader`` is asked again whenever files may have changed. It reads only those that did, and of a
file that broke it keeps the last sound state, so that a slip of the pen withdraws nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from herald.model.campaign import Campaign
from herald.model.configuration import Configuration
from herald.model.problem import Place, Problem
from herald.sources.campaigns.convert import Background, Converted, convert
from herald.sources.campaigns.images import NO_CONSENT
from herald.sources.campaigns.media import read_descriptions
from herald.sources.campaigns.pictures import Pictures
from herald.sources.campaigns.references import Known, note_moments, unknown_names
from herald.sources.campaigns.rules import check_rules
from herald.sources.campaigns.shapes import CampaignShape
from herald.sources.config.account_feeds import boost_problems, with_account_feeds
from herald.sources.config.load import Config, ConfigReader, no_config
from herald.sources.config.shapes import HeraldShape
from herald.sources.files import Stamp, campaign_files, read_bytes, stamp_of
from herald.sources.problems import Problems, has_errors
from herald.sources.shape import check_shape
from herald.sources.yaml import read


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Everything sound in the files, and everything wrong with them."""

    campaigns: tuple[Campaign, ...]
    """In the order of their names."""
    configuration: Configuration
    problems: tuple[Problem, ...]
    """In the order of files, lines and columns."""
    broken: tuple[str, ...]
    """Files with an error."""
    kept: tuple[str, ...] = ()
    """Broken files whose last sound state stands in here."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One campaign file as it was read."""

    stamp: Stamp
    background: object
    name: str
    converted: Converted

    def is_fresh(self, stamp: Stamp, background: object) -> bool:
        """Tell whether neither the file nor anything it was made from has changed."""
        return (self.stamp, self.background) == (stamp, background) and all(
            stamp_of(path) == then for path, then in self.converted.read
        )


class Loader:
    """Loads one folder again and again."""

    def __init__(
        self,
        folder: Path,
        *,
        anchors: frozenset[str],
        networks: frozenset[str],
        settings: Callable[[], HeraldShape | None] | None = None,
    ) -> None:
        self.root = folder.resolve()
        self._anchors = anchors
        self._config = ConfigReader(self.root, networks, settings)
        self._pictures = Pictures(self.root)
        self._read: dict[Path, _Read] = {}
        self._sound: dict[Path, Campaign] = {}

    def load(self) -> Loaded:
        """Return what the files say now."""
        with _collector_at_rest():
            return self._load()

    def load_configuration(self) -> Loaded:
        """Return what config/ says now, without a look at campaigns/: for who does not plan."""
        config = self._config.read()
        problems = [*config.problems, *([found] if (found := no_config(self.root)) else [])]
        return Loaded(
            campaigns=(),
            configuration=config.configuration,
            problems=_ordered(problems),
            broken=tuple(
                sorted(
                    {*config.broken, *(each.place.file for each in problems if has_errors([each]))}
                )
            ),
            kept=config.kept,
        )

    def _load(self) -> Loaded:
        config = self._config.read()
        media = read_descriptions(self.root)
        self._pictures.described = media.described
        paths = campaign_files(self.root)
        background = (self._config.stamps(), media.stamps)
        reads = {path: self._campaign(path, config, background) for path in paths}
        self._forget_all_but(reads)
        found = self._judge(reads, config)
        campaigns, broken, kept = self._chosen(reads, found)
        problems = [*config.problems, *media.problems, *self._about_folders(paths)]
        problems += boost_problems(config.configuration, campaigns)
        problems += [problem for of_file in found.values() for problem in of_file]
        files = {*broken, *config.broken, *(p.place.file for p in problems if has_errors([p]))}
        return Loaded(
            campaigns=tuple(sorted(campaigns, key=lambda campaign: campaign.id)),
            configuration=with_account_feeds(config.configuration, campaigns),
            problems=_ordered(problems),
            broken=tuple(sorted(files)),
            kept=tuple(sorted({*kept, *config.kept})),
        )

    def _campaign(self, path: Path, config: Config, background: object) -> _Read:
        stamp = stamp_of(path)
        last = self._read.get(path)
        if last is None or not last.is_fresh(stamp, background):
            name, converted = self._convert(path, config)
            self._read[path] = _Read(stamp, background, name, converted)
        return self._read[path]

    def _convert(self, path: Path, config: Config) -> tuple[str, Converted]:
        file = self._file(path)
        content = read_bytes(path, file=file)
        if isinstance(content, Problem):
            return "", Converted(campaign=None, problems=(content,))
        document, faults = read(content, file=file)
        if document is None:
            return "", Converted(campaign=None, problems=faults)
        if document.data is None:
            hint = "begin with campaign: and a name, or delete the file"
            empty = Problem(place=Place(file=file), code="empty", message="empty file", hint=hint)
            return "", Converted(campaign=None, problems=(*faults, empty))
        problems = Problems()
        problems.found.extend(faults)
        shape = check_shape(CampaignShape, document.data, document, problems)
        check_rules(document.data, document, problems)
        name = document.data.get("campaign") if isinstance(document.data, dict) else None
        if shape is None or problems.are_errors:
            converted = Converted(campaign=None, problems=tuple(problems.found))
            return name if isinstance(name, str) else "", converted
        converted = convert(
            shape,
            document,
            folder=path.parent,
            pictures=self._pictures,
            background=Background(
                defaults=config.herald.defaults,
                zone=config.herald.timezone,
                where=config.herald_where,
                are_known=config.are_defaults_known,
            ),
        )
        return shape.campaign, _with(converted, faults)

    def _judge(self, reads: dict[Path, _Read], config: Config) -> dict[Path, list[Problem]]:
        """Return every file's problems, references to other files included."""
        names = [read.name for read in reads.values() if read.name]
        known = Known.of(config, anchors=self._anchors, campaigns=names)
        found = {}
        for path, entry in reads.items():
            problems = [*entry.converted.problems, *unknown_names(entry.converted.mentions, known)]
            if campaign := entry.converted.campaign:
                problems += note_moments(campaign, config.configuration.quiet_hours)
            if names.count(entry.name) > 1:
                problems.append(self._twin(path, reads))
            found[path] = problems
        return found

    def _twin(self, path: Path, reads: dict[Path, _Read]) -> Problem:
        entry = reads[path]
        others = (
            self._file(other)
            for other, read in reads.items()
            if other != path and read.name == entry.name
        )
        campaign = entry.converted.campaign
        return Problem(
            place=campaign.place if campaign else Place(file=self._file(path)),
            code="same-campaign",
            message=f'"{entry.name}" is also the campaign of {", ".join(others)}',
            hint="give one of them another name",
        )

    def _chosen(
        self, reads: dict[Path, _Read], found: dict[Path, list[Problem]]
    ) -> tuple[list[Campaign], list[str], list[str]]:
        """Return the campaigns to use, the broken files, and those whose last state is used."""
        campaigns, broken, kept = [], [], []
        for path, entry in reads.items():
            campaign = entry.converted.campaign
            if campaign is not None and not _breaks(found[path]):
                self._sound[path] = campaign
            else:
                broken.append(self._file(path))
                if path in self._sound:
                    kept.append(self._file(path))
            if path in self._sound:
                campaigns.append(self._sound[path])
        return campaigns, broken, kept

    def _forget_all_but(self, reads: dict[Path, _Read]) -> None:
        for gone in set(self._sound) | set(self._read):
            if gone not in reads:
                self._sound.pop(gone, None)
                self._read.pop(gone, None)

    def _about_folders(self, paths: tuple[Path, ...]) -> list[Problem]:
        problems = [found] if (found := no_config(self.root)) else []
        if not paths:
            there = (self.root / "campaigns").is_dir()
            message = (
                "there is no campaign in campaigns/" if there else "there is no campaigns/ here"
            )
            hint = "run herald init to write an example, or name the folder with herald -C DIR"
            place = Place(file="campaigns")
            problems.append(Problem(place=place, code="missing-folder", message=message, hint=hint))
        return problems

    def _file(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _breaks(problems: Iterable[Problem]) -> bool:
    """Tell whether a file with *problems* cannot be used as it is.

    A picture without consent keeps its own posts back. Were the file's last sound state to stand
    for it, the picture would go out until somebody mends the file.
    """
    return has_errors(problem for problem in problems if problem.code != NO_CONSENT)


def load(
    folder: Path,
    *,
    anchors: frozenset[str],
    networks: frozenset[str],
    settings: Callable[[], HeraldShape | None] | None = None,
) -> Loaded:
    """Load a folder's campaigns/ and config/ once.

    *anchors* are the ids of the heritage calendar, *networks* the known networks' names; *settings*
    gives what herald.yaml says with the environment's word above it, None where it is broken.
    """
    return Loader(folder, anchors=anchors, networks=networks, settings=settings).load()


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep Python from looking for cycles among the many nodes of YAML, which have none.

    Measured on 1,000 files: a third of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _with(converted: Converted, faults: tuple[Problem, ...]) -> Converted:
    return Converted(
        campaign=converted.campaign,
        problems=(*faults, *converted.problems),
        mentions=converted.mentions,
        read=converted.read,
    )


def _ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems in reading order, each once: two campaigns may meet the same one."""
    once = dict.fromkeys(problems)
    return tuple(sorted(once, key=lambda p: (p.place.file, p.place.line, p.place.column)))

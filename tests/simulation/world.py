"""What the officer's files say, as values that a simulation edits, and what they must come to.

Every text carries its own name (item, slot, version, language), so that a post can be held
against the files without trusting anything that Herald says about it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from herald.model.ids import (
    CampaignId,
    ChannelId,
    DeliveryKey,
    ItemId,
    Language,
    OccasionId,
    campaign_key,
)

MARK = re.compile(r"i=(\S+) s=(\S+) v=(\d+) l=(\w+)")
STATEMENT = "Paid by the fund in"
"""The project's own words, with the language behind them."""


@dataclass(slots=True)
class Slot:
    """One occasion; ``name`` is the simulation's own, and survives every edit."""

    name: str
    form: str
    """on, before, after or every."""
    local: datetime | None = None
    days: int = 0
    at: time = time(10, 0)
    weekday: str = ""
    own_text: bool = True
    version: int = 1
    draft: bool = False
    id: str = ""

    def occasion(self) -> str:
        """Return its identity; of a recurrence the name in front of the day."""
        if self.id:
            return self.id
        match self.form:
            case "on":
                assert self.local is not None
                return self.local.strftime("%Y-%m-%dT%H:%M")
            case "every":
                return self.weekday
            case _:
                return f"{self.form}-{self.days}d"

    def written(self, item: Item) -> dict[str, Any]:
        """Return it as it stands in a file."""
        told: dict[str, Any] = {}
        match self.form:
            case "on":
                assert self.local is not None
                told["on"] = f"{self.local:%Y-%m-%d %H:%M}"
            case "every":
                told |= {"every": self.weekday, "at": f"{self.at:%H:%M}"}
            case _:
                told |= {self.form: f"{self.days}d", "at": f"{self.at:%H:%M}"}
        if self.own_text:
            told["text"] = {tag: mark(item, self, tag) for tag in item.languages}
        if self.draft:
            told["draft"] = "true"
        if self.id:
            told["id"] = self.id
        return told


@dataclass(slots=True)
class Item:
    """One item of a campaign."""

    id: str
    kind: str
    languages: list[str]
    zone: str
    begins: datetime | None = None
    version: int = 1
    status: str = "planned"
    slots: list[Slot] = field(default_factory=list)
    partner: str = ""
    channels: list[str] = field(default_factory=list)
    tag: str = ""
    """Its first id, by which its texts name it for ever."""

    def __post_init__(self) -> None:
        self.tag = self.tag or self.id

    def written(self) -> dict[str, Any]:
        """Return it as it stands in a file."""
        told: dict[str, Any] = {
            "id": self.id,
            "kind": self.kind,
            "text": {tag: mark(self, None, tag) for tag in self.languages},
            "timezone": self.zone,
        }
        if self.kind == "good_practice":
            told |= {"evidence_of_success": {"en": "yes"}, "transferability": {"en": "yes"}}
        else:
            told["post"] = [slot.written(self) for slot in self.slots]
        if self.begins is not None:
            told |= {"begins": f"{self.begins:%Y-%m-%d %H:%M}", "place": "Here"}
        if self.status != "planned":
            told |= {"status": self.status, "notice": {"en": "Called off."}}
        if self.partner:
            told["partner"] = self.partner
        if self.channels:
            told["channels"] = self.channels
        return told


@dataclass(slots=True)
class Campaign:
    """One campaign file."""

    id: str
    file: str
    languages: list[str]
    channels: list[str]
    zone: str
    items: list[Item] = field(default_factory=list)
    approve: str = "auto"
    paused: bool = False
    project: str = ""
    missing: str = "skip"
    late_hours: int = 6
    catch_up: str = "post"
    window: dict[str, str] | None = None
    series: dict[str, Any] | None = None
    amplify: dict[str, Any] | None = None
    broken: bool = False

    def written(self) -> dict[str, Any]:
        """Return the file's content."""
        told: dict[str, Any] = {
            "campaign": self.id,
            "languages": self.languages,
            "channels": self.channels,
            "timezone": self.zone,
            "approve": self.approve,
            "missing_translation": self.missing,
            "at_most_late": f"{self.late_hours}h",
            "catch_up": self.catch_up,
            "items": [item.written() for item in self.items],
        }
        if self.paused:
            told["paused"] = "true"
        if self.project:
            told["project"] = self.project
        if self.window:
            told["window"] = self.window
        if self.series:
            told["series"] = [self.series]
        if self.amplify:
            told["amplify"] = [self.amplify]
        return told

    def item(self, name: str) -> Item | None:
        """Return the item of that id."""
        return next((item for item in self.items if item.id == name), None)


@dataclass(slots=True)
class World:
    """Everything that people have written."""

    campaigns: list[Campaign]
    channels: dict[str, list[str]]
    """Account and the languages it speaks (empty: all)."""
    paused_channels: set[str] = field(default_factory=set)
    paused_partners: set[str] = field(default_factory=set)
    quiet: str = ""
    feeds: dict[str, str] = field(default_factory=dict)
    """Partner and the address of its feed."""
    partners: tuple[str, ...] = ("mill", "salt")

    def write(self, root: Path) -> None:
        """Bring the folder in line; files that are no longer wanted go."""
        there = root / "campaigns"
        there.mkdir(parents=True, exist_ok=True)
        wanted = {f"{campaign.file}.yaml": campaign for campaign in self.campaigns}
        for path in there.glob("*.yaml"):
            if path.name not in wanted:
                path.unlink()
        for name, campaign in wanted.items():
            text = json.dumps(campaign.written(), ensure_ascii=False, indent=1)
            if campaign.broken:
                text = text[: len(text) * 2 // 3]
            _put(there / name, text)
        herald = {"timezone": "Europe/Rome", "feeds": {"allow_private": "true"}}
        if self.quiet:
            herald["quiet_hours"] = self.quiet
        config = root / "config"
        config.mkdir(exist_ok=True)
        _put(config / "herald.yaml", json.dumps(herald))
        _put(config / "channels.yaml", json.dumps({n: self._channel(n) for n in self.channels}))
        _put(config / "partners.yaml", json.dumps({n: self._partner(n) for n in self.partners}))
        own = {tag: f"{STATEMENT} {tag}" for tag in ("en", "it", "pt")}
        project = {"name": "Eco", "grant": "2023-1-IT02-KA220-000000001", "statement": own}
        _put(config / "projects.yaml", json.dumps({"eco": project}))

    def _channel(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = {"network": "journal"}
        if self.channels[name]:
            told["languages"] = self.channels[name]
        if name in self.paused_channels:
            told["paused"] = "true"
        return told

    def _partner(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = {"name": name.title(), "country": "IT", "languages": ["it"]}
        if name in self.paused_partners:
            told["paused"] = "true"
        if name in self.feeds:
            told["feeds"] = [{"url": self.feeds[name]}]
        return told

    def campaign(self, name: str) -> Campaign | None:
        """Return the campaign of that name."""
        return next((one for one in self.campaigns if one.id == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A delivery that the files ask for."""

    key: DeliveryKey
    campaign: str
    item: str
    slot: str
    channel: str
    language: str
    earliest: datetime
    latest: datetime
    """``due_at`` lies between these."""
    draft: bool


def mark(item: Item, slot: Slot | None, language: str) -> str:
    """Return a text that names itself."""
    name, version = ("-", item.version) if slot is None else (slot.name, slot.version)
    return f"i={item.tag} s={name} v={version} l={language}"


def moment(slot: Slot, item: Item) -> datetime | None:
    """Return the moment (UTC) of a slot that has a single one."""
    match slot.form:
        case "on":
            local = slot.local
        case "before" | "after" if item.begins is not None:
            days = timedelta(days=slot.days if slot.form == "after" else -slot.days)
            local = datetime.combine(item.begins.date() + days, slot.at)
        case _:
            return None
    assert local is not None
    return local.replace(tzinfo=ZoneInfo(item.zone)).astimezone(UTC)


def begins_at(item: Item) -> datetime | None:
    """Return when an item's event begins (UTC)."""
    if item.begins is None:
        return None
    return item.begins.replace(tzinfo=ZoneInfo(item.zone)).astimezone(UTC)


def owed(campaign: Campaign, channels: dict[str, list[str]]) -> list[Owed]:
    """Return what the single moments of a sound file come to, without holds and translations."""
    found = []
    for item in campaign.items:
        if item.status != "planned" or item.kind == "good_practice":
            continue
        for slot in item.slots:
            at = moment(slot, item)
            begins = begins_at(item)
            if at is None or (slot.form == "before" and begins is not None and at >= begins):
                continue
            for channel in item.channels or campaign.channels:
                if channel in channels:
                    found += _of_slot(campaign, item, slot, at, channel, channels[channel])
    return found


def _of_slot(
    campaign: Campaign, item: Item, slot: Slot, at: datetime, channel: str, spoken: list[str]
) -> list[Owed]:
    heard = [tag for tag in campaign.languages if not spoken or tag in spoken]
    stagger = timedelta(minutes=25)
    return [
        Owed(
            key=campaign_key(
                CampaignId(campaign.id),
                ItemId(item.id),
                OccasionId(slot.occasion()),
                ChannelId(channel),
                Language(tag),
            ),
            campaign=campaign.id,
            item=item.id,
            slot=slot.name,
            channel=channel,
            language=tag,
            earliest=at,
            latest=at + campaign.languages.index(tag) * stagger,
            draft=slot.draft,
        )
        for tag in heard
        if tag in item.languages
    ]


def _put(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        fresh = path.with_suffix(".new")
        fresh.write_text(text, encoding="utf-8")
        fresh.rename(path)

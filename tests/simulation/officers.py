"""What officers do to their files through a simulated year, a little every few days."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from herald.model.ids import CampaignId, ChannelId, ItemId, Language, OccasionId, campaign_key
from herald.simulating.year import Year
from tests.simulation.federation import CHANNELS, campaign_file, news, write
from tests.simulation.witness import Wanted

OFTEN = 0.15
"""Of days on which somebody edits."""


class Officers:
    """They edit campaign files, and know what they have asked for."""

    def __init__(self, root: Path, files: dict[str, dict[str, Any]], dice: random.Random) -> None:
        self.root = root
        self.files = files
        self.dice = dice
        self.year: Year | None = None
        self.wanted: dict[str, Wanted] = {}
        self.did: list[str] = []
        self._broken = ""
        self._names = 0

    async def every_day(self, day: date) -> None:
        """Note what the files ask for tomorrow; and now and then do something."""
        assert self.year is not None
        if not self.year.house.is_running:
            return
        if not self._broken:
            self._expect(day + timedelta(days=1))
        if self.dice.random() >= OFTEN:
            return
        did = self._mend() or self.dice.choice(self._edits())(day)
        if did:
            self.did.append(f"{day} {did}")
            _, difference = await self.year.replan()
            if difference.refused:
                await self.year.replan(confirmed=difference.hash)

    def _edits(self) -> list[Callable[[date], str]]:
        return [self._retext, self._move, self._add, self._drop, self._break, self._pause]

    def _stories(self) -> dict[str, Any]:
        names = [name for name in self.files if name.startswith("stories")]
        return self.files[self.dice.choice(names)]

    def _some_news(self, day: date) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return news whose first moment lies well ahead."""
        told = self._stories()
        ahead = [
            item
            for item in told["items"]
            if item["kind"] == "news" and _first(item).date() > day + timedelta(days=3)
        ]
        return (told, self.dice.choice(ahead)) if ahead else None

    def _retext(self, day: date) -> str:
        if (found := self._some_news(day)) is None:
            return ""
        told, item = found
        item["text"] = {tag: f"{text} (corrected {day})" for tag, text in item["text"].items()}
        return self._write(told, f"retext {item['id']}")

    def _move(self, day: date) -> str:
        if (found := self._some_news(day)) is None:
            return ""
        told, item = found
        item["post"][0] = f"{day + timedelta(days=self.dice.randrange(3, 20))} 10:15"
        return self._write(told, f"move {item['id']} to {item['post'][0]}")

    def _add(self, day: date) -> str:
        told = self._stories()
        self._names += 1
        item = news(f"added-{self._names}", self.dice, day, told["languages"])
        item["post"] = [f"{day + timedelta(days=self.dice.randrange(3, 20))} 11:45"]
        told["items"].append(item)
        return self._write(told, f"add {item['id']} at {item['post'][0]}")

    def _drop(self, day: date) -> str:
        if (found := self._some_news(day)) is None:
            return ""
        told, item = found
        told["items"].remove(item)
        return self._write(told, f"drop {item['id']}")

    def _break(self, day: date) -> str:
        told = self._stories()
        path = campaign_file(self.root, told["campaign"])
        text = path.read_text(encoding="utf-8")
        fresh = path.with_suffix(".new")
        fresh.write_text(text[: len(text) // 2], encoding="utf-8")
        fresh.rename(path)
        self._broken = told["campaign"]
        return f"break {self._broken}"

    def _mend(self) -> str:
        name, self._broken = self._broken, ""
        return self._write(self.files[name], "mend") if name else ""

    def _pause(self, day: date) -> str:
        told = self._stories()
        if told.pop("paused", None) is None:
            told["paused"] = "true"
        return self._write(told, f"paused: {told.get('paused')}")

    def _write(self, told: dict[str, Any], did: str) -> str:
        write(campaign_file(self.root, told["campaign"]), told)
        return f"{told['campaign']}: {did}"

    def _expect(self, day: date) -> None:
        """Note the posts of *day*; an edit after this eve touches what lies further ahead only."""
        for told in self.files.values():
            for item in told.get("items", ()):
                for local in _moments(item):
                    if local.date() == day:
                        self._expect_post(told, item, local)

    def _expect_post(self, told: dict[str, Any], item: dict[str, Any], local: datetime) -> None:
        for channel in told["channels"]:
            spoken = CHANNELS[channel].get("languages", told["languages"])
            for language in item["text"]:
                if language in spoken:
                    key = campaign_key(
                        CampaignId(told["campaign"]),
                        ItemId(item["id"]),
                        OccasionId(f"{local:%Y-%m-%dT%H:%M}"),
                        ChannelId(channel),
                        Language(language),
                    )
                    self.wanted[key] = Wanted(
                        campaign=told["campaign"],
                        item=item["id"],
                        channel=channel,
                        language=language,
                        local=local,
                    )


def _moments(item: dict[str, Any]) -> list[datetime]:
    if item["kind"] != "news":
        return []
    spelled = [one["on"] if isinstance(one, dict) else one for one in item["post"]]
    return [datetime.fromisoformat(one) for one in spelled]


def _first(item: dict[str, Any]) -> datetime:
    return min(_moments(item))

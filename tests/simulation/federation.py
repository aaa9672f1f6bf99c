"""A network of 20 partners, 12 campaigns and 8 channels, as the files that its officers wrote."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

TAGS = ("en", "it", "es", "pl")
COUNTRIES = ("IT", "ES", "PL", "FR")
ZONES = ("Europe/Rome", "Europe/Madrid", "Europe/Warsaw", "Europe/Lisbon")
PARTNERS = tuple(f"partner-{nth:02}" for nth in range(1, 21))
CHANNELS: dict[str, dict[str, Any]] = {
    "fedi": {"network": "mastodon", "server": "https://fedi.example.org"},
    "fedi-it": {"network": "mastodon", "server": "https://it.example.org", "languages": ["it"]},
    "fedi-es": {"network": "mastodon", "server": "https://es.example.org", "languages": ["es"]},
    "fedi-pl": {"network": "mastodon", "server": "https://pl.example.org", "languages": ["pl"]},
    "wall": {"network": "manual", "label": "Facebook page", "languages": ["en", "it"]},
    "board": {"network": "manual", "label": "Village board", "languages": ["es", "pl"]},
    "bulletin": {"network": "journal", "like": "mastodon"},
    "archive": {"network": "journal"},
}
LETTERS = 2
"""Campaigns with a newsletter."""
VOICES = 3
"""Campaigns that pass on what partners publish; the others say things of their own."""
STORIES = 9
LIMITS = (
    {"partner": "1/week"},
    {"partner": "2/day", "total": "6/day"},
    {"partner": "2/day", "total": "1/day"},
)
"""On what the voices pass on: of 20 partners who publish every other week."""


def write_federation(root: Path, *, begins: date, seed: int = 0) -> dict[str, dict[str, Any]]:
    """Write campaigns/ and config/ for the year from *begins*, and return the campaigns by name.

    The same seed gives the same files.
    """
    dice = random.Random(seed)
    (root / "campaigns").mkdir(parents=True, exist_ok=True)
    (root / "config").mkdir(exist_ok=True)
    for name, told in configuration().items():
        write(root / "config" / f"{name}.yaml", told)
    files = {f"stories-{nth}": _stories(nth, dice, begins) for nth in range(STORIES)}
    files |= {f"voices-{nth}": _voices(nth) for nth in range(VOICES)}
    for name, told in files.items():
        write(campaign_file(root, name), told)
    return files


def campaign_file(root: Path, name: str) -> Path:
    """Return where a campaign is written."""
    return root / "campaigns" / f"{name}.yaml"


def write(path: Path, told: dict[str, Any]) -> None:
    """Write one file, as an editor's program does: beside, then in its place."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    fresh.rename(path)


def configuration() -> dict[str, dict[str, Any]]:
    """Return the files under config/."""
    partners = {
        name: {
            "name": name.title(),
            "country": COUNTRIES[nth % 4],
            "languages": [TAGS[1 + nth % 3]],
            "tags": [f"group-{nth % VOICES}"],
            "feeds": [{"url": f"https://{name}.example.org/feed/"}],
        }
        for nth, name in enumerate(PARTNERS)
    }
    friends = {
        "name": "Friends",
        "from": {"name": "Friends", "address": "news@example.org"},
        "languages": ["en", "it"],
    }
    project = {
        "name": "Eco",
        "grant": "2023-1-IT02-KA220-000000001",
        "statement": dict.fromkeys(TAGS, "Co-funded."),
    }
    herald = {
        "timezone": "Europe/Rome",
        "quiet_hours": "21:00-08:00",
        "web": {"public_url": "https://herald.example.org"},
    }
    return {
        "herald": herald,
        "channels": CHANNELS,
        "partners": partners,
        "projects": {"eco": project},
        "lists": {"friends": friends},
    }


def _stories(nth: int, dice: random.Random, begins: date) -> dict[str, Any]:
    languages = ["en", *dice.sample(TAGS[1:], dice.choice([1, 2, 2, 3]))]
    told: dict[str, Any] = {
        "campaign": f"stories-{nth}",
        "title": f"Stories {nth}",
        "project": "eco",
        "timezone": ZONES[nth % 4],
        "languages": languages,
        "channels": dice.sample(sorted(CHANNELS), 3),
        "approve": "manual" if nth == STORIES - 1 else "auto",
        "missing_translation": ("skip", "lead", "hold")[nth % 3],
        "catch_up": ("post", "post", "post", "skip", "ask")[nth % 5],
        "at_most_late": ("6h", "24h", "2d")[nth % 3],
        "hashtags": {"any": ["Ecomuseums"]},
        "items": [
            *(news(f"news-{one}", dice, begins, languages) for one in range(6)),
            *(event(f"event-{one}", dice, begins, languages) for one in range(2)),
            *(card(f"card-{one}", dice, languages) for one in range(20)),
        ],
        "series": [
            {"id": "weekly", "kinds": ["good_practice"], "every": "wednesday", "at": "10:00"}
        ],
    }
    if nth % 2:
        told["window"] = {"days": "mon-fri", "hours": "09:00-19:00"}
    if nth < LETTERS:
        told["newsletters"] = [_letter()]
    return told


def _letter() -> dict[str, Any]:
    return {
        "id": "monthly",
        "list": "friends",
        "every": "first tuesday",
        "at": "09:00",
        "subject": {"en": "News in {month}", "it": "Notizie di {month}"},
        "approve": "auto",
        "sections": [
            {"title": "Coming up", "kinds": ["event"], "next": "45d"},
            {"title": "Good practices", "kinds": ["good_practice"], "since": "last"},
            {"title": "From our partners", "from": ["*"], "since": "last", "most": "10"},
        ],
    }


def _voices(nth: int) -> dict[str, Any]:
    return {
        "campaign": f"voices-{nth}",
        "title": f"Voices {nth}",
        "timezone": "Europe/Rome",
        "languages": list(TAGS),
        "channels": ["fedi", "fedi-it", "bulletin"],
        "window": {"days": "mon-sat", "hours": "09:00-19:00"},
        "amplify": [
            {
                "from": [f"tag:group-{nth}"],
                "fresh": "7d",
                "limit": LIMITS[nth],
                "approve": "auto",
                "text": "{title} — {partner}\n{link}",
                "post": [{"before": "3d", "at": "10:00"}],
            }
        ],
    }


def news(name: str, dice: random.Random, begins: date, languages: list[str]) -> dict[str, Any]:
    """Return something that is said at a moment, and perhaps again."""
    day = begins + timedelta(days=dice.randrange(365))
    posts: list[Any] = [f"{day} {dice.choice(['09:30', '12:00', '17:45', '02:30'])}"]
    if dice.random() < 0.3:
        posts.append(f"{day + timedelta(days=dice.randrange(5, 30))} 11:00")
    return _words(name, "news", dice, languages) | {"post": _told(posts, name, languages)}


def event(name: str, dice: random.Random, begins: date, languages: list[str]) -> dict[str, Any]:
    """Return an event with its invitations and its thanks."""
    day = begins + timedelta(days=dice.randrange(20, 365))
    return _words(name, "event", dice, languages) | {
        "begins": f"{day} 10:00",
        "finishes": f"{day} 12:30",
        "place": "The old mill",
        "post": [
            {"before": "14d", "at": "09:00"},
            {"before": "2d", "at": "10:00", "text": _texts(f"{name}: two days", languages)},
            {"before": "1d", "at": "18:00", "text": _texts(f"{name}: tomorrow", languages)},
            {"after": "2d", "at": "10:00", "text": _texts(f"{name}: thank you", languages)},
        ],
    }


def card(name: str, dice: random.Random, languages: list[str]) -> dict[str, Any]:
    """Return a good practice, which waits for its turn in the series."""
    said = _words(name, "good_practice", dice, languages)
    return said | {"evidence_of_success": {"en": "yes"}, "transferability": {"en": "yes"}}


def _told(posts: list[Any], name: str, languages: list[str]) -> list[Any]:
    """Give every moment but the first words of its own: the same ones are posted once."""
    return [
        *posts[:1],
        *({"on": one, "text": _texts(f"{name}: once more {one}", languages)} for one in posts[1:]),
    ]


def _words(name: str, kind: str, dice: random.Random, languages: list[str]) -> dict[str, Any]:
    there = [tag for tag in languages if tag == languages[0] or dice.random() < 0.9]
    return {
        "id": name,
        "kind": kind,
        "partner": dice.choice(PARTNERS),
        "title": _texts(f"The story of {name}", there),
        "text": _texts(f"What people remember of {name}", there),
        "link": f"https://example.org/{name}",
    }


def _texts(said: str, languages: list[str]) -> dict[str, str]:
    return {tag: f"{said} ({tag})" for tag in languages}

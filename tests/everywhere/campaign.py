"""A network's folder whose one campaign goes out to every network there is, in twelve languages."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from herald.clock import SetClock
from herald.model.ids import ChannelId
from tests.contracts.places import Place
from tests.everywhere.networks import ROADS, opened_place
from tests.makers import NOON
from tests.servers.mastodon import BEHAVIOURS
from tests.sources.folder import write

SHIPPED = Path(__file__).parents[2]
EVERYWHERE = tuple(name for name in ROADS if name != "screen")
"""Every network, persona and manner that this Herald has; the added example is not installed."""
PERSONAS = frozenset(each.name for each in BEHAVIOURS) - {"mastodon"}
LINK = "https://ecoheritage.example.org/salt-house"
FAMILY = "👩🏽‍🌾👨‍👩‍👧‍👦🏳️‍🌈"
SALT: Mapping[str, tuple[str, str]] = {
    "en": ("The salt house opens again", "Neighbours repaired the roof and began to teach"),
    "it": ("La casa del sale riapre", "I vicini hanno riparato il tetto: ora è più bella"),
    "es": ("La casa de la sal abre otra vez", "¿Quién enseña? Los vecinos, cada sábado"),
    "pl": ("Dom soli znów otwarty", "Sąsiedzi naprawili dach, źdźbło po źdźble"),
    "sl": ("Hiša soli znova odpira vrata", "Sosedje so popravili streho in začeli učiti"),
    "lt": ("Druskos namai vėl atsidaro", "Kaimynai sutaisė stogą ir ėmė mokyti žąsų kelio"),
    "mt": ("Id-dar tal-melħ terġa' tiftaħ", "Il-ġirien irranġaw is-saqaf u bdew jgħallmu"),
    "el": ("Το σπίτι του αλατιού ανοίγει ξανά", "Οι γείτονες επισκεύασαν τη στέγη"),
    "bg": ("Къщата на солта отново отваря", "Съседите поправиха покрива и започнаха да учат"),
    "ar": ("بيت الملح يفتح أبوابه من جديد", "أصلح الجيران السقف وبدأوا يعلّمون"),
    "he": ("בית המלח נפתח מחדש", "השכנים תיקנו את הגג והחלו ללמד"),
    "ja": ("塩の家がまた開きます", "隣人たちが屋根を直し、教え始めました"),
}
"""Title and text in each language."""
LONG = " ".join(
    f"Station {nth}: here stood a hut in which {name} kept the rakes of the whole village."
    for nth, name in enumerate(("Ana", "Bor", "Cilka", "Dino", "Ema", "Fran") * 5, 1)
)
"""Longer than a post on the networks that have threads and short posts."""
SHORT = {"en": "Salt is here", "it": "Il sale è qui", "ar": "الملح هنا"}


def campaigns(channels: tuple[str, ...]) -> dict[str, str]:
    """Return the campaign files: one of everything, one of languages together, one of a thread."""
    listed = json.dumps(list(channels))
    head = f"timezone: Europe/Rome\nproject: ecoheritage\nchannels: {listed}\n"
    title = json.dumps({tag: said[0] for tag, said in SALT.items()}, ensure_ascii=False)
    text = {tag: f"{said[1]} {FAMILY}." for tag, said in SALT.items()}
    alt = {tag: f"{said[0]} ({tag})" for tag, said in SALT.items()}
    image = {
        "file": "media/salt-house.png",
        "alt": alt,
        "credit": "Ana Ferrer",
        "licence": "CC0-1.0",
    }
    everything = (
        f"campaign: salt\nlanguages: {json.dumps(list(SALT))}\nhashtags: {{any: [Ecomuseums]}}\n"
        f"{head}items:\n  - id: salt-house\n    kind: event\n    title: {title}\n"
        f"    text: {json.dumps(text, ensure_ascii=False)}\n    link: {json.dumps(LINK)}\n"
        "    begins: 2027-05-30 10:00\n    place: {name: Argenta, country: IT}\n"
        f"    image: {json.dumps(image, ensure_ascii=False)}\n    post: 2027-05-10 15:00\n"
    )
    stations = json.dumps({"en": LONG})
    walk = (
        f"campaign: stations\nlanguages: [en]\n{head}items:\n  - id: walk\n    kind: news\n"
        f"    thread: true\n    title: {{en: Thirty stations}}\n    text: {stations}\n"
        "    post: 2027-05-11 15:00\n"
    )
    files = {"salt": everything, "stations": walk}
    for nth, mode in enumerate(("combined", "thread"), 12):
        files[mode] = (
            f"campaign: {mode}\nmultilingual: {mode}\nlanguages: [en, it, ar]\n{head}items:\n"
            f"  - id: salt-{mode}\n    kind: news\n"
            f"    title: {json.dumps(SHORT, ensure_ascii=False)}\n    link: {json.dumps(LINK)}\n"
            f"    image: {json.dumps(image | {'alt': SHORT}, ensure_ascii=False)}\n"
            f"    post: 2027-05-{nth} 15:00\n"
        )
    return files


def channel_of(name: str) -> ChannelId:
    """Return what the folder calls the account on the network *name*."""
    return ChannelId(name.replace(" ", "-"))


def lay_folder(root: Path, places: Mapping[str, Place]) -> None:
    """Lay a folder with an account on each of *places*."""
    write(
        root,
        "config/herald.yaml",
        "timezone: Europe/Rome\nweb: {public_url: 'https://herald.example.org'}\n",
    )
    channels: dict[str, dict[str, Any]] = {}
    secrets = []
    for name, place in places.items():
        id_ = channel_of(name)
        channels[id_] = {"network": place.config.network, **place.config.settings}
        if name == "webhook":
            channels[id_] |= {"corrects": "true", "threads": "true"}
        if name in PERSONAS:
            channels[id_]["languages"] = ["en", "ar", "ja"]
        spelled = id_.upper().replace("-", "_")
        secrets += [
            f"HERALD_CHANNELS__{spelled}__{secret.upper()}='{value}'"
            for secret, value in place.secrets.items()
        ]
    write(root, "config/channels.yaml", json.dumps(channels))
    write(root, ".env", "\n".join(secrets))
    shutil.copy(SHIPPED / "config" / "projects.yaml", root / "config" / "projects.yaml")
    (root / "campaigns" / "media").mkdir(parents=True)
    shutil.copy(SHIPPED / "campaigns/media/salt-house.png", root / "campaigns/media/salt-house.png")
    for file, text in campaigns(tuple(channels)).items():
        write(root, f"campaigns/{file}.yaml", text)


@asynccontextmanager
async def every_network(root: Path) -> AsyncIterator[tuple[dict[str, Place], SetClock]]:
    """Run every network's server, all on one clock, and lay a folder with an account on each."""
    clock = SetClock(NOON)
    async with AsyncExitStack() as stack:
        places = {}
        for name in EVERYWHERE:
            place = await stack.enter_async_context(opened_place(name, root))
            stack.push_async_callback(place.channel.close)
            place.config = replace(place.config, id=channel_of(name))
            for there in (getattr(place, "server", None), getattr(place, "receiver", None)):
                if there is not None:
                    there.clock = clock
            places[name] = place
        lay_folder(root, places)
        yield places, clock

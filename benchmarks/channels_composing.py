"""Composing in the channels benchmark: posts put together and fitted, and counting beside others'.

A post is a title, a text, a link, three hashtags and a funding statement. Three lengths: one that
fits as it is, one that has to be shortened for the smaller networks, and one that becomes a thread
where the network has threads.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import cycle
from typing import Any

from benchmarks.measuring import print_table
from herald.composing.blocks import Draft
from herald.composing.compose import compose
from herald.composing.counting import length
from herald.composing.threads import thread
from herald.data.networks import capabilities_of
from herald.model.ids import Language
from herald.model.network import Capabilities, Count

NETWORKS = ("mastodon", "bluesky", "linkedin", "telegram", "threads")
_LINK = "https://example.org/stories/salt-house"
_HASHTAGS = ("Ecomuseums", "Salt", "Heritage")
_DIFFERENT = 50
"""Posts that take turns, so that nothing is measured that was remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Sentences in one language, and what every post of it has."""

    language: Language
    title: str
    sentences: tuple[str, ...]
    statement: str
    dense: int = 1
    """So many times as much is said in as many characters: the texts are as much shorter."""


SCRIPTS: Mapping[str, Script] = {
    "English": Script(
        language=Language("en"),
        title="The salt house",
        sentences=(
            "Neighbours restored a salt store beside the lagoon.",
            "Every Saturday they open it, and show how salt was made, weighed and smuggled.",
            "Who has an old photograph of the pans may bring it along: it is copied at once.",
        ),
        statement="Co-funded by the European Union.",
    ),
    "Greek": Script(
        language=Language("el"),
        title="Η αποθήκη του αλατιού",
        sentences=(
            "Οι γείτονες αποκατέστησαν μια αποθήκη αλατιού δίπλα στη λιμνοθάλασσα.",
            "Κάθε Σάββατο την ανοίγουν και δείχνουν πώς έφτιαχναν και ζύγιζαν το αλάτι.",
            "Όποιος έχει παλιά φωτογραφία των αλυκών ας τη φέρει μαζί του.",
        ),
        statement="Με τη συγχρηματοδότηση της Ευρωπαϊκής Ένωσης.",
    ),
    "Japanese": Script(
        language=Language("ja"),
        title="塩の家",
        sentences=(
            "地域の人々が潟のほとりにある塩の倉庫を修復しました。",
            "毎週土曜日に公開し、塩の作り方や量り方を紹介しています。",
            "塩田の古い写真をお持ちの方は、ぜひお持ちください。",
        ),
        statement="欧州連合の共同出資による事業です。",
        dense=2,
    ),
    "emoji": Script(
        language=Language("en"),
        title="The salt house 🧂🏛️",
        sentences=(
            "Neighbours 👩🏽‍🌾👨‍👩‍👧‍👦 restored a salt store 🏚️➡️🏛️ beside the lagoon 🌊.",
            "Every Saturday 🗓️ they open it 🚪 and show how salt was weighed ⚖️ and smuggled 🏴‍☠️.",
            "Bring your photographs 📸❤️‍🔥, and your flag 🇮🇹🇪🇺🇬🇷!",
        ),
        statement="Co-funded by the European Union 🇪🇺.",
    ),
}
LENGTHS = {
    "fits as it is": 60,
    "shortened where it must be": 1500,
    "a thread where there are such": 2000,
}
"""Characters of the text alone."""


def compare_composing(seconds: float) -> None:
    """Print how many posts a second are composed; each figure is measured for *seconds*."""
    for title, characters in LENGTHS.items():
        compose_one = _threaded if "thread" in title else _composed
        rows = [
            (network, *(_rate(compose_one, network, one, characters, seconds) for one in SCRIPTS))
            for network in NETWORKS
        ]
        print(f"Posts composed in a second, {characters:,} characters: {title}")
        print_table(("", *SCRIPTS), rows)


def compare_counting(seconds: float) -> None:
    """Print how many texts of 500 characters are counted in a second, by Herald and by others."""
    texts = {name: script_text(script, 500, 0) for name, script in SCRIPTS.items()}
    rows = []
    for what, count, peers in (
        ("graphemes", Count.GRAPHEMES, _GRAPHEMES),
        ("weighted as on X", Count.X_WEIGHTED, _WEIGHTED),
    ):
        herald = partial(length, capabilities=Capabilities(count=count))
        ours = [_counted(herald, text, seconds) for text in texts.values()]
        rows.append((f"Herald, {what}", *(f"{one:,.0f}" for one in ours)))
        for name, (module, make) in peers.items():
            if not find_spec(module):
                rows.append((f"{name}: not installed", *("–" for _ in texts)))
                continue
            theirs = make(importlib.import_module(module))
            rows.append(
                (name, *(_beside(theirs, herald, text, seconds) for text in texts.values()))
            )
    print("Texts of 500 characters counted in a second (≠: with another result than Herald)")
    print_table(("", *texts), rows)
    print(
        "twitter-text-parser does not know emoji such as a burning heart, and counts their parts.\n"
    )


def script_text(script: Script, characters: int, nth: int) -> str:
    """Return sentences of *script*, of about as many *characters*; the *nth* text of that kind."""
    said, room = [f"{nth}."], characters // script.dense
    for sentence in cycle(script.sentences):
        said.append(sentence)
        if sum(map(len, said)) >= room:
            return " ".join(said)[: max(room, 60)] if characters > 60 else " ".join(said)
    raise AssertionError("a cycle ends never")


def a_draft(script: Script, characters: int, nth: int) -> Draft:
    """Make the *nth* post with a text of *characters*."""
    return Draft(
        language=script.language,
        title=script.title,
        text=script_text(script, characters, nth),
        link=f"{_LINK}/{nth}",
        hashtags=_HASHTAGS,
        statement=script.statement,
    )


def _rate(
    compose_one: Callable[[Draft, Capabilities], int],
    network: str,
    name: str,
    characters: int,
    seconds: float,
) -> str:
    """Return the posts per second, and of how many parts they are where they are of several."""
    limits = capabilities_of(network)
    if compose_one is _threaded and not limits.threads:
        return "no threads"
    drafts = cycle([a_draft(SCRIPTS[name], characters, nth) for nth in range(_DIFFERENT)])
    parts = compose_one(next(drafts), limits)
    rate = _repeated(lambda: compose_one(next(drafts), limits), seconds)
    return f"{rate:,.0f}" + (f" ({parts} parts)" if parts > 1 else "")


def _composed(draft: Draft, limits: Capabilities) -> int:
    composition = compose(draft, limits)
    assert composition.fits, composition
    return 1


def _threaded(draft: Draft, limits: Capabilities) -> int:
    threaded = thread(draft, limits, further=replace(limits, limit_with_media=None), numbered=True)
    assert threaded.parts, "too many parts"
    assert all(part.fits for part in threaded.parts), threaded
    return len(threaded.parts)


def _beside(
    theirs: Callable[[str], int], ours: Callable[[str], int], text: str, seconds: float
) -> str:
    mark = "" if theirs(text) == ours(text) else " ≠"
    return f"{_counted(theirs, text, seconds):,.0f}{mark}"


def _counted(count: Callable[[str], int], text: str, seconds: float) -> float:
    return _repeated(lambda: count(text), seconds)


def _repeated(once: Callable[[], object], seconds: float) -> float:
    """Return how often a second *once* runs."""
    times, begun = 0, time.perf_counter()
    end = begun + seconds
    while (now := time.perf_counter()) < end or not times:
        once()
        times += 1
    return times / (now - begun)


Make = Callable[[Any], Callable[[str], int]]
"""Returns a function that counts, given its module."""
_GRAPHEMES: Mapping[str, tuple[str, Make]] = {
    "grapheme 0.6": ("grapheme", lambda module: module.length),
    "uniseg 0.10": (
        "uniseg",
        lambda _: _uniseg(importlib.import_module("uniseg.graphemecluster")),
    ),
}
_WEIGHTED: Mapping[str, tuple[str, Make]] = {
    "twitter-text-parser 3": (
        "twitter_text",
        lambda module: lambda text: int(module.parse_tweet(text).weightedLength),
    ),
}


def _uniseg(module: Any) -> Callable[[str], int]:
    return lambda text: sum(1 for _ in module.grapheme_clusters(text))

"""The page of promises says what the code does, for every network that there is."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from herald.channels.mastodon.limits import read_capabilities
from herald.channels.registry import BROUGHT_ALONG
from herald.channels.slack.webhook import webhook_limits
from herald.data.networks import capabilities_of, network_facts
from herald.delivery.verdict import Policy
from herald.mailing.sending.judge import GIVE_UP_AFTER
from herald.mailing.sending.smtp import PROOFS
from herald.model.mailing import MailServer
from herald.model.network import Capabilities, Handle, Proof
from tests.contracts.test_channels import a_place
from tests.servers.mastodon import BEHAVIOURS, MASTODON

PAGE = (Path(__file__).parents[2] / "docs" / "why" / "delivery.md").read_text(encoding="utf-8")
FOR_EVER = timedelta(days=3650)

WORDS = {
    Proof.OWN_ID: "own id",
    Proof.KEY: "key",
    Proof.STAGED: "made ready first",
    Proof.READ_BACK: "reading back",
}


def told_apart(proofs: tuple[Proof, ...]) -> str:
    return ", ".join(WORDS[proof] for proof in proofs) or "nothing"


def span(length: timedelta | None) -> str:
    """Say a length of time as the page does."""
    if length is None:
        return "never"
    if length >= FOR_EVER:
        return "always"
    seconds = int(length.total_seconds())
    if not seconds:
        return "at once"
    if seconds % 3600 == 0:
        return f"{seconds // 3600} hours"
    return f"{seconds // 60} minutes" if seconds % 60 == 0 else f"{seconds} seconds"


def row(name: str, proofs: tuple[Proof, ...], limits: Capabilities) -> tuple[str, ...]:
    looks_after = span(limits.settle_window) if limits.handle is Handle.LOOK_UP else "not at all"
    return name, told_apart(proofs), looks_after, span(limits.repeat_within)


def promised() -> list[tuple[str, ...]]:
    """Return the rows of the page, from what the registry and the networks' facts declare."""
    rows = []
    for network in sorted(BROUGHT_ALONG):
        proofs, limits = network_facts()[network].proofs, capabilities_of(network)
        if network == "slack":
            rows.append(row("slack: a bot", proofs, limits))
            rows.append(row("slack: an incoming webhook", (), webhook_limits()))
            continue
        if network != "mastodon":
            rows.append(row(network, proofs, limits))
            continue
        rows.append(row("mastodon: Mastodon itself", proofs, limits))
        others = tuple(proof for proof in proofs if proof is not Proof.KEY)
        forgetful = read_capabilities({"version": "0.20.0 (compatible; GoToSocial)"})
        rows.append(row("mastodon: other servers", others, forgetful))
    return [*rows, ("newsletters", told_apart(PROOFS), "not at all", "never")]


def shown() -> list[list[str]]:
    """Return the rows of the page."""
    table = PAGE.partition("| Channel | Told apart by")[2].partition("\n\n")[0]
    lines = table.splitlines()[2:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def test_the_page_promises_for_each_network_what_the_code_declares() -> None:
    assert [tuple(cells[:4]) for cells in shown()] == promised()


def test_the_page_says_of_each_network_what_herald_does_in_doubt_and_what_people_do() -> None:
    assert all(len(cells) == 6 and all(cells) for cells in shown())


@pytest.mark.parametrize("proof", [None, *Proof])
def test_every_way_of_telling_posts_apart_that_a_row_names_is_explained(
    proof: Proof | None,
) -> None:
    word = WORDS[proof] if proof else "nothing"
    named = any(word in cells[1].split(", ") for cells in shown())
    assert named == bool(re.search(rf"^- \*\*{word}\*\*: ", PAGE, re.MULTILINE))


@pytest.mark.parametrize("network", sorted(BROUGHT_ALONG))
def test_what_a_network_offers_and_how_doubts_are_resolved_agree(network: str) -> None:
    facts = network_facts()[network]
    asked = {Proof.READ_BACK, Proof.OWN_ID, Proof.STAGED} & set(facts.proofs)
    assert (facts.capabilities.handle is Handle.LOOK_UP) == bool(asked)
    repeated = {Proof.KEY, Proof.OWN_ID} & set(facts.proofs)
    assert (facts.capabilities.repeat_within is not None) == bool(repeated)


@pytest.mark.parametrize("network", sorted(BROUGHT_ALONG))
async def test_an_account_does_what_its_network_declares(network: str, tmp_path: Path) -> None:
    """Limits differ from server to server; what is promised does not."""
    declared = capabilities_of(network)
    behaviour = MASTODON if network == "mastodon" else None
    async with a_place(network, behaviour, tmp_path) as place:
        found = await place.channel.capabilities()
        await place.channel.close()
    for name in ("handle", "settle_window", "repeat_within", "timeout"):
        assert getattr(found, name) == getattr(declared, name), name


@pytest.mark.parametrize("behaviour", BEHAVIOURS[1:], ids=lambda one: one.name)
async def test_a_server_that_is_only_like_mastodon_promises_less(
    behaviour: object, tmp_path: Path
) -> None:
    async with a_place("mastodon", behaviour, tmp_path) as place:  # type: ignore[arg-type]
        found = await place.channel.capabilities()
        await place.channel.close()
    assert found.repeat_within is None
    assert found.handle is Handle.LOOK_UP


def test_the_pages_numbers_are_those_of_the_code() -> None:
    policy, server, mastodon = Policy(), MailServer(), capabilities_of("mastodon")
    first, longest = span(policy.first_wait), span(policy.longest_wait)
    for said in (
        f"waits {span(timedelta(seconds=server.final_timeout))}",
        f"tried for {span(GIVE_UP_AFTER)}",
        f"after {first}, then ever longer, up to {longest}",
        f"{mastodon.burst} in a row and then one every {span(mastodon.pace)}",
        f"{mastodon.host_burst} posts in a row, then one a second",
        "asked again for two hours",
        "no answer for two hours",
        "(a minute if it does not)",
    ):
        assert said in PAGE
    assert (mastodon.concurrent, mastodon.host_pace) == (1, timedelta(seconds=1))
    assert policy.patience == timedelta(hours=2)
    assert policy.throttle_wait == timedelta(minutes=1)

"""``herald check``: every problem in campaigns/ and config/, at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from herald.cli.context import Invocation
from herald.cli.output import run_async

if TYPE_CHECKING:
    from datetime import datetime

    from herald.model.delivery import History
    from herald.model.polling import FeedHealth
    from herald.model.problem import Problem
    from herald.model.reach import Reach
    from herald.sources.load import Loaded


SEEN_IN_FILES = frozenset({"outside-window", "clock-change"})
"""What the plan warns of too, and the files have told already, for every moment they name."""


@click.command(
    epilog="Exit status: 0 where there is no error (warnings alone are none), 1 where there is."
)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    help="For people, for programs, or as annotations of a GitHub workflow.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_obj
def check(invocation: Invocation, paths: tuple[Path, ...], form: str, as_json: bool) -> None:
    """Find every problem in campaigns/ and config/; PATHs narrow what is shown.

    \b
    herald check
    herald check campaigns/ecomuseum-stories.yaml
    herald check --format github
    """
    from herald.cli import check_report as report
    from herald.sources.problems import has_errors

    root = invocation.folder.resolve()
    wanted = [_inside(path, root) for path in paths]
    loaded, problems = load_all(root)
    if not has_errors(problems):
        problems = sorted({*problems, *_foreseen(invocation, loaded)}, key=_in_order)
    problems = [problem for problem in problems if _is_wanted(problem, wanted)]
    match "json" if as_json else form:
        case "json":
            report.print_as_json(problems)
        case "github":
            report.print_for_github(problems, invocation.folder)
        case _:
            report.print_for_people(problems, loaded, root)
    if has_errors(problems):
        raise SystemExit(1)


def load_all(root: Path) -> tuple[Loaded, list[Problem]]:
    """Load a folder as the daemon does; return it with the problems of its surroundings too."""
    from herald.channels.registry import check_settings, network_names
    from herald.data.calendar import observances
    from herald.foresight import (
        unclear_links,
        unreachable_lists,
        unreachable_pictures,
        unseen_item_pictures,
        unseen_pictures,
        unspoken_letters,
        unusable_key,
    )
    from herald.notifying.checking import note_ways
    from herald.settings import read_settings
    from herald.sources.config.load import read_config_file
    from herald.sources.load import load

    settings, about_settings = read_settings(root)
    anchors = frozenset(observances())
    loaded = load(root, anchors=anchors, networks=network_names(), settings=lambda: settings)
    problems = list(loaded.problems)
    problems += [problem for problem in about_settings if problem not in problems]
    for channel in loaded.configuration.channels.values():
        problems += check_settings(channel)
    if settings is not None:
        where = read_config_file(root, "herald").where
        problems += note_ways(settings, where)
        problems += unusable_key(settings, root, where)
        public_url = settings.web.public_url or ""
        problems += unreachable_pictures(loaded, public_url)
        problems += unreachable_lists(loaded, public_url)
        problems += unseen_pictures(loaded, root, public_url)
        problems += unseen_item_pictures(loaded, public_url)
    problems += unclear_links(loaded)
    problems += unspoken_letters(loaded)
    return loaded, sorted(problems, key=_in_order)


def _foreseen(invocation: Invocation, loaded: Loaded) -> tuple[Problem, ...]:
    """Return what a year's plan of sound files warns of."""
    from herald.foresight import foresee, foreseen_reach
    from herald.sources.config.account_feeds import unread_accounts

    now = invocation.moment()
    reach = foreseen_reach(loaded, now=now)
    history, feeds = run_async(_known(invocation.folder, reach, now=now))
    found = foresee(loaded, history=history, now=now)
    unread = unread_accounts(feeds, loaded.configuration.partners)
    return (*unread, *(problem for problem in found if problem.code not in SEEN_IN_FILES))


async def _known(
    folder: Path, reach: Reach, *, now: datetime
) -> tuple[History, tuple[FeedHealth, ...]]:
    """Return what of the past matters, and how feeds fare; nothing where there is no store yet."""
    from herald.model.delivery import History
    from herald.settings import load_settings

    url = load_settings(folder).store
    if url.startswith("sqlite:///") and not (folder / url.removeprefix("sqlite:///")).exists():
        return History(), ()
    from herald.store.feeds import StoredFeeds
    from herald.store.looking import open_to_look
    from herald.store.outbox import StoredOutbox

    async with open_to_look(url, folder) as store:
        history = await StoredOutbox(store).history_within(reach)
        return history, await StoredFeeds(store).health(now=now)


def _in_order(problem: Problem) -> tuple[str, int, int, str]:
    place = problem.place
    return place.file, place.line, place.column, problem.message


def _inside(path: Path, root: Path) -> str:
    """Return PATH as problems spell their files; one that is nowhere is wrong usage."""
    for candidate in (path, root / path):
        if candidate.exists():
            found = candidate.resolve()
            if found.is_relative_to(root):
                return found.relative_to(root).as_posix()
            raise click.BadParameter(f"{path} is not in {root}", param_hint="PATH")
    raise click.BadParameter(f"{path} does not exist", param_hint="PATH")


def _is_wanted(problem: Problem, wanted: Sequence[str]) -> bool:
    file = problem.place.file
    return not wanted or any(path in (".", file) or file.startswith(f"{path}/") for path in wanted)

"""What a campaign's parts must have together, told even while single values are still wrong.

These rules read the plain values and not the shapes, so that an item without ``begins`` is told in
the same run as its misspelled ``titel``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from herald.model.campaign import Kind, Reference
from herald.sources.problems import Problems
from herald.sources.shape import Located
from herald.sources.yaml import Data, Step

_HAPPENING = ("begins", "place")
REQUIRED: dict[str, tuple[str, ...]] = {
    Kind.GOOD_PRACTICE: ("evidence_of_success", "transferability"),
    Kind.EVENT: _HAPPENING,
    Kind.MEETING: _HAPPENING,
    Kind.TRAINING: (*_HAPPENING, "capacity"),
    Kind.LOCAL_INITIATIVE: (*_HAPPENING, "follows"),
    Kind.PUBLICATION: ("link", "licence"),
}
"""What an item of a kind must say, beside what every item must."""

FORMS = ("on", "before", "after", "anchor", "every")
_YES = ("true", "yes", "on")
_ONLY_WITH_EVERY = ("from", "until", "skip", "texts")


def check_rules(data: Data, where: Located, problems: Problems) -> None:
    """Note what is missing or contradictory in a campaign's plain values."""
    if not isinstance(data, dict):
        return
    for at, item in _maps(data.get("items")):
        check_item(item, ("items", at), where, problems)
    for at, rule in _maps(data.get("amplify")):
        _check_occasions(rule.get("post"), ("amplify", at, "post"), where, problems)
        _check_boost(rule, ("amplify", at), where, problems)
    for at, newsletter in _maps(data.get("newsletters")):
        for no, section in _maps(newsletter.get("sections")):
            _check_section(section, ("newsletters", at, "sections", no), where, problems)
    _check_ids(data, where, problems)


def check_item(
    item: dict[str, Data], loc: Sequence[Step], where: Located, problems: Problems
) -> None:
    """Note what an item of its kind lacks, and occasions that cannot be."""
    kind = item.get("kind")
    for name in REQUIRED.get(kind, ()) if isinstance(kind, str) else ():
        if name not in item:
            named = f"{_article(str(kind))} {str(kind).replace('_', ' ')}"
            message = f'{named} needs "{name}"'
            problems.error(where.place(loc), "missing-key", message, f"add {name}:")
    if "title" not in item and "text" not in item:
        message = "an item needs a title or a text"
        problems.error(where.place(loc), "missing-key", message, "add title:")
    if item.get("status") in ("cancelled", "postponed") and "notice" not in item:
        hint = "say it in notice:, in each language"
        message = f"the item is {item['status']}, and does not say why"
        problems.error(where.place(loc), "missing-key", message, hint)
    if item.get("id") in tuple(Reference):
        message = f'an item cannot be called "{item["id"]}", which of: uses'
        problems.error(where.place((*loc, "id")), "bad-id", message, "choose another id")
    _check_occasions(item.get("post"), (*loc, "post"), where, problems)


def _check_boost(
    rule: dict[str, Data], loc: tuple[Step, ...], where: Located, problems: Problems
) -> None:
    """Note what a rule says that boosts: a post is shared as it is, with no word around it."""
    if str(rule.get("boost", "")).strip().casefold() not in _YES:
        return
    for name in ("text", "translate", "statement", "post"):
        if name in rule:
            message = f'a boost shares a post as it is: "{name}" has no meaning with boost:'
            spot = where.key((*loc, name))
            problems.error(spot, "misplaced-key", message, "delete it, or make it two rules")


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _check_occasions(post: Data, loc: tuple[Step, ...], where: Located, problems: Problems) -> None:
    if isinstance(post, dict):
        _check_occasion(post, loc, where, problems)
    for at, occasion in _maps(post):
        _check_occasion(occasion, (*loc, at), where, problems)


def _check_occasion(
    occasion: dict[str, Data], loc: tuple[Step, ...], where: Located, problems: Problems
) -> None:
    forms = [form for form in FORMS if form in occasion]
    if not forms:
        hint = f"add one of {', '.join(FORMS)}"
        problems.error(where.place(loc), "no-moment", "this occasion does not say when", hint)
    elif len(forms) > 1 and set(forms) not in ({"anchor", "before"}, {"anchor", "after"}):
        message = f"an occasion has one of {', '.join(FORMS)}; this one has {' and '.join(forms)}"
        problems.error(where.place(loc), "two-moments", message, "make it two occasions")
    for name in _ONLY_WITH_EVERY:
        if name in occasion and "every" not in occasion:
            spot = where.key((*loc, name))
            problems.error(spot, "misplaced-key", f'"{name}" goes only with every:', "delete it")
    if "of" in occasion and ("anchor" in occasion or not {"before", "after"} & set(occasion)):
        spot = where.key((*loc, "of"))
        problems.error(spot, "misplaced-key", '"of" goes only with before: and after:', "delete it")
    if "text" in occasion and "texts" in occasion:
        spot = where.key((*loc, "texts"))
        problems.error(spot, "misplaced-key", "an occasion has text or texts", "keep one of them")
    _check_after(occasion, loc, where, problems)
    _check_at(occasion, loc, where, problems)


def _check_after(
    occasion: dict[str, Data], loc: tuple[Step, ...], where: Located, problems: Problems
) -> None:
    if "after" not in occasion or "anchor" in occasion or "text" in occasion:
        return
    message = "an occasion after the end needs a text of its own: the invitation would go out again"
    problems.error(where.key((*loc, "after")), "after-without-text", message, "add text:")


def _check_at(
    occasion: dict[str, Data], loc: tuple[Step, ...], where: Located, problems: Problems
) -> None:
    if "at" not in occasion:
        return
    on = occasion.get("on")
    if isinstance(on, str) and (":" in on or on.strip() == "now"):
        message = f'"{on}" says the time already'
        problems.error(where.key((*loc, "at")), "two-times", message, "keep one of them")
    for name in ("before", "after"):
        span = occasion.get(name)
        if isinstance(span, str) and span.strip()[-1:] in tuple("smh"):
            message = f'"{span}" counts on the clock, so that "at" has no meaning'
            hint = "count in days (1d), or delete at:"
            problems.error(where.key((*loc, "at")), "two-times", message, hint)


def _check_section(
    section: dict[str, Data], loc: tuple[Step, ...], where: Located, problems: Problems
) -> None:
    contents = [name for name in ("write", "kinds", "from") if name in section]
    if len(contents) != 1:
        message = "a section has one of write, kinds, from"
        problems.error(where.place(loc), "bad-section", message, "say where its content is from")


def _check_ids(data: dict[str, Data], where: Located, problems: Problems) -> None:
    for part in ("items", "series", "newsletters"):
        seen: dict[str, int] = {}
        for at, entry in _maps(data.get(part)):
            name = entry.get("id")
            if not isinstance(name, str):
                continue
            if name in seen:
                line = where.place((part, seen[name], "id")).line
                message = f'"{name}" is already the id in line {line}'
                spot = where.place((part, at, "id"))
                problems.error(spot, "repeated-id", message, "give each its own id")
            else:
                seen[name] = at


def _maps(data: Data) -> Iterator[tuple[int, dict[str, Data]]]:
    """Yield the entries of a list that are maps, with their positions."""
    if isinstance(data, list):
        yield from ((at, entry) for at, entry in enumerate(data) if isinstance(entry, dict))

"""The manual tests itself: what it shows works, what it names exists, and nothing is left out."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, get_type_hints

import click
import pytest
from pydantic import BaseModel, ConfigDict, create_model

from docs.reference.build import PAGES as GENERATED
from docs.reference.configuration import NETWORK_SETTINGS, variables
from docs.reference.examples import EXAMPLES, WITHOUT
from docs.reference.shapes import key_of
from herald.channels.registry import BROUGHT_ALONG
from herald.cli.check import load_all
from herald.cli.main import main as herald
from herald.data.networks import network_facts
from herald.model.problem import Severity
from herald.sources.config.shapes import HeraldShape
from herald.sources.yaml import read
from tests.channels.kept import FILM

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(DOCS.rglob("*.md")),
]
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\((?!https?:|mailto:)([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
COMMAND = re.compile(r"(?:^|[\s/=`])herald( [^`\n]*)?(?=`|$)", re.MULTILINE)


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _blocks(page: Path) -> Iterator[tuple[str, str]]:
    for match in FENCE.finditer(_read(page)):
        yield match[1], textwrap.dedent(match[2])


# --- the reference says what the code says ---


@pytest.mark.parametrize("page", sorted(GENERATED))
def test_a_generated_page_says_what_the_code_says(page: str) -> None:
    written = _read(DOCS / "reference" / page)
    assert written == GENERATED[page](), "run: python -m docs.reference.build"


@pytest.mark.parametrize("shape", EXAMPLES, ids=lambda shape: shape.__name__)
def test_every_key_has_an_example_and_no_example_lacks_its_key(shape: type[BaseModel]) -> None:
    keys = {key_of(name, field) for name, field in shape.model_fields.items()}
    assert set(EXAMPLES[shape]) == keys
    assert {key for of, key in WITHOUT if of is shape} <= keys


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        pytest.param(shape, key, id=f"{shape.__name__}.{key}")
        for shape, examples in EXAMPLES.items()
        for key in examples
    ],
)
def test_every_example_of_a_key_is_read(shape: type[BaseModel], key: str) -> None:
    document, faults = read(f"{key}: {EXAMPLES[shape][key]}\n".encode(), file="example")
    assert document is not None
    assert not faults
    assert isinstance(document.data, dict)
    hints = get_type_hints(shape, include_extras=True)
    hint = next(hints[name] for name, f in shape.model_fields.items() if key_of(name, f) == key)
    config = ConfigDict(arbitrary_types_allowed=True)
    one: type[BaseModel] = create_model("One", __config__=config, value=(hint, ...))
    one.model_validate({"value": document.data[key]})


def test_every_network_is_documented() -> None:
    assert set(NETWORK_SETTINGS) == set(BROUGHT_ALONG)
    page = _read(DOCS / "reference" / "networks.md")
    assert all(f"| {name} |" in page for name in network_facts())


def test_every_setting_of_herald_yaml_has_its_variable() -> None:
    named = {variable.strip("`").removeprefix("HERALD_") for variable, _ in variables()}
    first = {name.partition("__")[0] for name in named}
    assert first == {name.upper() for name in HeraldShape.model_fields}


# --- links ---


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_page_and_its_heading(page: Path) -> None:
    missing = [link for link in LINK.findall(FENCE.sub("", _read(page))) if not _leads(page, link)]
    assert not missing


def _leads(page: Path, link: str) -> bool:
    target, _, anchor = link.partition("#")
    there = (page.parent / target) if target else page
    if not there.exists():
        return False
    return not anchor or anchor in {_slug(heading) for heading in HEADING.findall(_read(there))}


def _slug(heading: str) -> str:
    """Return a heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_page_is_reached_from_the_index() -> None:
    reached: set[Path] = set()
    waiting = [DOCS / "index.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(_read(page)))
        waiting += [page.parent / link for link in links if link]
    assert {_name(page) for page in DOCS.rglob("*.md")} - {_name(page) for page in reached} == set()


# --- command lines ---


def _command_lines() -> Iterator[Any]:
    for page in PAGES:
        text = _read(page)
        for kind, block in _blocks(page):
            if kind in ("sh", "console", "ini", ""):
                for match in COMMAND.finditer(block):
                    yield pytest.param(match[1] or "", False, id=f"{_name(page)}: {match[0]}")
        for span in re.findall(r"`(herald(?: [^`\n]+)?)`", FENCE.sub("", text)):
            if not set("[…") & set(span):
                yield pytest.param(span.removeprefix("herald"), True, id=f"{_name(page)}: {span}")


@pytest.mark.parametrize(("line", "is_mention"), list(_command_lines()))
def test_every_command_line_of_the_manual_is_understood(line: str, is_mention: bool) -> None:
    line = re.split(r"\s+[#(<>|]|\s+&&", line)[0]
    words = shlex.split(line.replace("\\", ""))
    command: click.Command = herald
    context: click.Context | None = None
    while words:
        try:
            context = command.make_context(command.name or "herald", list(words), parent=context)
        except (click.exceptions.NoArgsIsHelpError, click.exceptions.Exit):
            return
        except click.UsageError as error:
            if _is_only_incomplete(error, is_mention=is_mention):
                return
            raise
        if not isinstance(command, click.Group):
            return
        _, found, words = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert found is not None
        command = found


def _is_only_incomplete(error: click.UsageError, *, is_mention: bool) -> bool:
    """Tell whether a file is not there, or what a sentence mentions is not a whole line."""
    if isinstance(error, click.MissingParameter | click.BadOptionUsage):
        return is_mention and "No such option" not in error.format_message()
    return isinstance(error, click.BadParameter) and "does not exist" in error.format_message()


# --- YAML ---

PICTURE = files("herald.data") / "init" / "media" / "salt-house.png"
LISTS = "{name: A list, from: {name: We, address: we@example.org}}"


def _yaml_blocks() -> Iterator[Any]:
    for page in PAGES:
        for number, (kind, block) in enumerate(_blocks(page)):
            if kind == "yaml":
                yield pytest.param(page, block, id=f"{_name(page)}: {number}")


@pytest.mark.parametrize(("page", "block"), list(_yaml_blocks()))
def test_every_yaml_of_the_manual_is_sound(page: Path, block: str, tmp_path: Path) -> None:
    _write_around(page, block, tmp_path)
    _, problems = load_all(tmp_path)
    assert [str(one) for one in problems if one.severity is Severity.ERROR] == []


def _write_around(page: Path, block: str, folder: Path) -> None:
    """Write *block* as the file that it is, with all that it speaks of beside it."""
    for name in ("campaigns", "config", "media"):
        (folder / name).mkdir()
    document, faults = read(block.encode(), file=_name(page))
    assert document is not None, faults
    name, text = _place_of(block, document.data)
    channels = _named(text, "channels?") | set(
        re.findall(r"^ +(\w+): \{(?:text|at|image):", text, re.MULTILINE)
    )
    partners = _named(text, "partner")
    tags = re.findall(r"tag:([\w-]+)", text)
    _write(folder, "config/channels.yaml", [f"{c}: {{network: journal}}" for c in channels | {"c"}])
    _write(
        folder,
        "config/partners.yaml",
        [f"{one}: {{name: One, tags: [{', '.join(tags)}]}}" for one in partners | {"a-partner"}],
    )
    _write(folder, "config/lists.yaml", [f"{one}: {LISTS}" for one in _named(text, "list")])
    _write(folder, "config/projects.yaml", [f"{p}: {{name: P}}" for p in _named(text, "project")])
    _write(folder, "campaigns/x.yaml", ["campaign: x", "languages: [en]"])
    for picture in re.findall(r"[\w-]+\.(?:jpg|png)", text):
        (folder / "media" / picture).write_bytes(PICTURE.read_bytes())
    for video in re.findall(r"[\w-]+\.mp4", text):
        (folder / "media" / video).write_bytes(FILM)
    for kind, table in _blocks(page):
        if kind == "csv":
            (folder / "campaigns" / "cards.csv").write_text(table, encoding="utf-8")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def _named(text: str, key: str) -> set[str]:
    """Return the ids that stand after a key, alone or in brackets."""
    found = re.findall(rf"\b{key}: (?:\[([^\]]*)\]|([\w-]+))", text)
    return {one.strip() for several, single in found for one in (several or single).split(",")}


def _write(folder: Path, name: str, lines: Sequence[str]) -> None:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


FILES: tuple[tuple[str, frozenset[str]], ...] = (
    ("campaigns/y.yaml", frozenset({"campaign"})),
    ("campaigns/newsletters/monthly/2027-02.yaml", frozenset({"editorial"})),
    ("media/media.yaml", frozenset({"salt-house.jpg"})),
    ("config/channels.yaml", frozenset({"network"})),
    ("config/projects.yaml", frozenset({"grant"})),
    ("config/partners.yaml", frozenset({"feeds", "country"})),
    ("config/lists.yaml", frozenset({"from"})),
)
"""Which file a block is, by a key at its top or just below."""
HEAD = "campaign: y\nlanguages: [en, it, pl]\nchannels: [c]\n"
PARTS = {"amplify", "newsletters", "series", "items", "calendar"}


def _place_of(block: str, data: Any) -> tuple[str, str]:
    """Tell which file a block belongs into, and complete what is only a part of one."""
    if not isinstance(data, dict) or "text" in data:
        return "campaigns/y.yaml", f"{HEAD}items:\n{_item(block, data)}"
    keys = set(data)
    inside = {key for value in data.values() if isinstance(value, dict) for key in value}
    if keys & PARTS and "campaign" not in keys:
        return "campaigns/y.yaml", HEAD + block
    if keys <= set(HeraldShape.model_fields):
        return "config/herald.yaml", block
    for file, marks in FILES:
        if marks & (keys | inside):
            return file, block
    raise AssertionError(f"what is this? Say it in FILES:\n{block}")


def _item(block: str, data: Any) -> str:
    """Return a block as a list of items with all that an item needs."""
    if data is None:
        return f"{block}  - {{id: a, kind: news, title: A}}\n"
    if isinstance(data, dict):
        return "  - id: a\n    kind: news\n" + textwrap.indent(block, "    ")
    missing = {"kind": "news", "title": "{en: A title}"}
    for key, value in missing.items():
        if key not in data[0]:
            block = f"{block.rstrip()}\n  {key}: {value}\n"
    return textwrap.indent(block, "  ")


# --- words ---

EXPLAINED = {
    "lease": {"docs/why/delivery.md"},
    "reconcil": set(),
    "horizon": set(),
    "RRULE": {"docs/reference/campaign-files.md"},
    "BCP 47": {"docs/reference/campaign-files.md"},
    "IANA": {"docs/reference/campaign-files.md"},
}
"""Words for specialists, and the pages that explain them where they use them."""


@pytest.mark.parametrize("word", EXPLAINED)
def test_a_word_for_specialists_stands_only_where_it_is_explained(word: str) -> None:
    pages = [page for page in DOCS.rglob("*.md") if "decisions" not in page.parts]
    pattern = re.compile(rf"\b{word}")
    found = {_name(page) for page in pages if pattern.search(_read(page))}
    assert found <= EXPLAINED[word]

"""The JSON Schemas, as an editor uses them: on what YAML 1.2 makes of a file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from herald.cli.main import main
from herald.cli.schema import _NAMES
from herald.sources.schemas import SCHEMAS, json_schema

ROOT = Path(__file__).parents[2]


class Core(yaml.SafeLoader):
    """The types of YAML 1.2's core schema, which editors use."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own form)


Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))
Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?\d+$"), list("-+0123456789"))
Core.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+\.\d+$"), list("-+0123456789")
)
Core.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(null|~|)$"), ["n", "~", ""])


def as_an_editor_sees(text: str) -> Any:
    return yaml.load(text, Core)  # noqa: S506 (a safe loader's child)


def faults(name: str, text: str) -> list[str]:
    validator = Draft202012Validator(json_schema(name))
    return [error.json_path for error in validator.iter_errors(as_an_editor_sees(text))]


@pytest.mark.parametrize("name", SCHEMAS)
def test_it_is_a_sound_schema_with_help(name: str) -> None:
    schema = json_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["description"]
    for definition in [schema, *schema.get("$defs", {}).values()]:
        for key, value in definition.get("properties", {}).items():
            assert value.get("description"), key


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_command_prints_it(name: str) -> None:
    result = CliRunner().invoke(main, ["schema", name])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json_schema(name)


def test_the_command_knows_every_schema() -> None:
    assert set(_NAMES) == set(SCHEMAS)
    assert CliRunner().invoke(main, ["schema", "nothing"]).exit_code == 2


def files_of(name: str) -> list[Path]:
    init = ROOT / "herald" / "data" / "init"
    patterns = {
        "campaign": ["campaigns/*.yaml"],
        "media": ["media/media.yaml", "campaigns/media/media.yaml"],
        "newsletter": ["campaigns/newsletters/*/*.yaml"],
    }.get(name, [f"config/{name}.yaml"])
    return [path for base in (ROOT, init) for each in patterns for path in base.glob(each)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_shipped_files_are_sound_in_an_editor(name: str) -> None:
    paths = files_of(name)
    assert paths
    for path in paths:
        assert faults(name, path.read_text(encoding="utf-8")) == [], path


@pytest.mark.parametrize(
    "text",
    [
        "title: 1984",
        "title: {en: 1984, it: true}",
        "languages: en, it",
        "items: [{id: 1, kind: news, post: now}]",
        "items: [{id: a, kind: news, capacity: 16, post: [2027-05-16, {every: 15}]}]",
        "items: [{id: a, kind: news, image: media/a.jpg, place: Argenta}]",
        "items: [{id: a, kind: news, post: {before: 2d}}]",
        "items: [{id: a, kind: news, post: []}]",
        "hashtags: A",
        "hashtags: {any: [A, 2027]}",
        "paused: yes",
        "window: {days: mon-fri}",
        'calendar: {museum_week: "2027-06-07..2027-06-13"}',
        "calendar: {museum_week: [2027-06-07, 2028-06-05]}",
    ],
)
def test_an_editor_accepts_what_herald_reads(text: str) -> None:
    assert faults("campaign", f"campaign: one\n{text}") == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("chanels: [a]", "$"),
        ("items: [{id: a, kind: evnt}]", "$.items[0].kind"),
        ("items: [{kind: news}]", "$.items[0]"),
        ("stagger: soon", "$.stagger"),
        ("starts: 16.5.2027", "$.starts"),
        ("calendar: {museum_week: []}", "$.calendar.museum_week"),
    ],
)
def test_an_editor_marks_what_is_wrong(text: str, path: str) -> None:
    assert path in faults("campaign", f"campaign: one\n{text}")

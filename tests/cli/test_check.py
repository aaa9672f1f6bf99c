"""``herald check`` as people and programs meet it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from herald.cli.main import main
from tests.sources.folder import a_folder, write

SOUND = """\
campaign: one
languages: [en, it]
channels: [fedi]
items:
  - {id: a, kind: news, title: {en: Hello}, post: now}
"""
BROKEN = "campaign: two\nlanguages: [en]\nchanels: [fedi]\n"
WARNED = "campaign: three\nlanguages: [en]\ntitle: Hello # world\n"


def check(root: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["-C", str(root), "check", *arguments])


def test_a_sound_folder_is_all_good(tmp_path: Path) -> None:
    result = check(a_folder(tmp_path, one=SOUND))
    assert result.exit_code == 0
    assert result.output == "All good: 1 campaign, 1 item, 2 languages\n"


def test_a_problem_stands_below_its_file_with_its_line_and_a_caret(tmp_path: Path) -> None:
    result = check(a_folder(tmp_path, one=SOUND, two=BROKEN))
    assert result.exit_code == 1
    assert result.output == (
        "campaigns/two.yaml\n"
        '  3:1 error: chanels: unknown word "chanels"\n'
        "    | chanels: [fedi]\n"
        "    | ^\n"
        '    did you mean "channels"?\n'
        "\n"
        "1 problem in 1 file\n"
    )


def test_warnings_alone_are_no_failure(tmp_path: Path) -> None:
    result = check(a_folder(tmp_path, three=WARNED))
    assert result.exit_code == 0
    assert result.output.endswith("1 warning in 1 file, no error\n")


def test_the_caret_stands_below_wide_letters_where_it_should(tmp_path: Path) -> None:
    text = 'campaign: one\nlanguages: [en]\ntitle: {en: "日本", xx: a}\n'
    lines = check(a_folder(tmp_path, one=text)).output.split("\n")
    assert lines[2] == '    | title: {en: "日本", xx: a}'
    assert lines[3] == "    | " + " " * len('title: {en: "----", ') + "^"


def test_a_secrets_line_is_never_shown(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=SOUND)
    write(root, "config/channels.yaml", "fedi: {network: mastodon, access_token: TOPSECRET}\n")
    for form in ("text", "json", "github"):
        result = check(root, "--format", form)
        assert result.exit_code == 1
        assert "TOPSECRET" not in result.output


@pytest.mark.parametrize("flag", [("--json",), ("--format", "json")])
def test_programs_get_one_document(tmp_path: Path, flag: tuple[str, ...]) -> None:
    result = check(a_folder(tmp_path, two=BROKEN), *flag)
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "problems": [
            {
                "file": "campaigns/two.yaml",
                "line": 3,
                "column": 1,
                "path": "chanels",
                "severity": "error",
                "code": "unknown-key",
                "message": 'unknown word "chanels"',
                "hint": 'did you mean "channels"?',
            }
        ]
    }


def test_programs_get_an_empty_list_where_all_is_well(tmp_path: Path) -> None:
    assert json.loads(check(a_folder(tmp_path, one=SOUND), "--json").stdout) == {"problems": []}


def test_github_gets_annotations_whose_signs_are_escaped(tmp_path: Path) -> None:
    text = 'campaign: one\nlanguages: [en]\ntitle: "100% {titel}"\n'
    root = a_folder(tmp_path, **{"a,b": text})
    result = check(root, "--format", "github")
    file = f"{root}/campaigns/a,b.yaml".replace(":", "%3A").replace(",", "%2C")
    assert result.output == (
        f"::error file={file},line=3,col=8,title=unknown-name::"
        "title: unknown name {titel} (did you mean {title}?)\n"
    )


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("campaigns/two.yaml", ["campaigns/two.yaml"]),
        ("campaigns", ["campaigns/two.yaml"]),
        ("config", ["config/lists.yaml"]),
        ("campaigns/one.yaml", []),
        (".", ["campaigns/two.yaml", "config/lists.yaml"]),
    ],
)
def test_a_path_narrows_what_is_told(tmp_path: Path, path: str, files: list[str]) -> None:
    root = a_folder(tmp_path, one=SOUND, two=BROKEN)
    write(root, "config/lists.yaml", "friends: {}\n")
    result = check(root, "--json", str(root / path))
    assert sorted({one["file"] for one in json.loads(result.stdout)["problems"]}) == files
    assert result.exit_code == (1 if files else 0)


@pytest.mark.parametrize("arguments", [["nowhere.yaml"], ["/"], ["--format", "xml"]])
def test_wrong_usage_is_told_apart(tmp_path: Path, arguments: list[str]) -> None:
    assert check(a_folder(tmp_path, one=SOUND), *arguments).exit_code == 2


def test_the_settings_of_a_network_are_checked_too(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=SOUND)
    write(root, "config/channels.yaml", "fedi: {network: mastodon, srever: example.org}\n")
    output = check(root).output
    assert "config/channels.yaml" in output
    assert "srever" in output


def test_what_the_environment_says_wrongly_is_told(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=SOUND)
    code = "from herald.cli.main import main; main()"
    command = [sys.executable, "-c", code, "-C", str(root), "check"]
    environ = {**os.environ, "HERALD_SMTP__PORT": "many"}
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert 'HERALD_SMTP__PORT: "many" is no whole number' in result.stdout


def test_an_empty_folder_is_told_where_to_begin(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "there is no campaigns/ here" in result.output
    assert "herald init" in result.output


HEAD = "campaign: one\nlanguages: [en]\nchannels: [fedi]\n"
CHRISTMAS = "2026-12-25T10:00Z"


def warnings_at(moment: str, root: Path) -> list[tuple[int, str, str]]:
    """Return line, code and text of what is warned of as it looks at a moment."""
    result = CliRunner().invoke(main, ["-C", str(root), "--now", moment, "check", "--json"])
    assert result.exit_code == 0
    problems = json.loads(result.stdout)["problems"]
    assert {one["severity"] for one in problems} <= {"warning"}
    return [(one["line"], one["code"], one["message"]) for one in problems]


def past(count: int) -> str:
    """Return a campaign of posts on the first days of December 2026, a line each."""
    lines = (
        f"  - {{id: a{day}, kind: news, title: {{en: Day {day}}}, post: 2026-12-{day:02} 10:00}}\n"
        for day in range(1, count + 1)
    )
    return f"{HEAD}items:\n{''.join(lines)}"


def test_a_moment_that_is_over_is_warned_of(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=past(1))
    assert warnings_at("2026-11-01T10:00Z", root) == []
    [(line, code, message)] = warnings_at(CHRISTMAS, root)
    assert (line, code) == (5, "past")
    assert "2026-12-01 10:00, was over" in message


def test_what_was_sent_when_it_was_due_is_not_warned_of(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=past(2))
    sending = ["-C", str(root), "--now", "2026-12-01T10:00Z", "run", "--once"]
    assert CliRunner().invoke(main, sending).exit_code == 0
    assert (root / "var" / "journal" / "fedi.jsonl").exists()
    assert [line for line, code, _ in warnings_at(CHRISTMAS, root) if code == "past"] == []


def test_a_text_too_long_for_its_channel_is_warned_of(tmp_path: Path) -> None:
    item = f"{{id: a, kind: news, text: {{en: {'x' * 700}}}, post: 2026-12-27 10:00}}"
    root = a_folder(tmp_path, one=f"{HEAD}items:\n  - {item}\n")
    write(root, "config/channels.yaml", "fedi: {network: journal, like: mastodon}\n")
    found = [(line, code) for line, code, _ in warnings_at(CHRISTMAS, root)]
    assert found == [(5, "too-long")]


def test_a_statement_nobody_confirmed_is_warned_of_once_where_the_project_stands(
    tmp_path: Path,
) -> None:
    item = "{{id: {0}, kind: news, title: {{sl: Dober dan}}, post: 2026-12-{1} 10:00}}"
    items = "".join(f"  - {item.format(f'a{day}', day)}\n" for day in (27, 28))
    head = HEAD.replace("[en]", "[sl]") + "project: ecoheritage\n"
    root = a_folder(tmp_path, one=f"{head}items:\n{items}")
    result = CliRunner().invoke(main, ["-C", str(root), "--now", CHRISTMAS, "check", "--json"])
    told = [
        (one["file"], one["line"], one["code"]) for one in json.loads(result.stdout)["problems"]
    ]
    assert told == [("config/projects.yaml", 1, "statement")]


@pytest.mark.parametrize(("count", "shown"), [(3, 3), (4, 1), (31, 1)])
def test_a_crowd_of_like_warnings_is_one_for_people_and_all_for_programs(
    tmp_path: Path, count: int, shown: int
) -> None:
    root = a_folder(tmp_path, one=past(count))
    now = "2027-02-01T10:00Z"
    output = CliRunner().invoke(main, ["-C", str(root), "--now", now, "check"]).output
    assert output.count("was over when it was first seen") == shown
    assert f"a{count}, 2026-12-{count:02}T10:00" in output
    assert output.endswith(f"{count} warnings in 1 file, no error\n")
    assert len(warnings_at(now, root)) == count


def test_a_crowds_other_lines_are_named(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=past(20))
    now = ["--now", "2027-02-01T10:00Z"]
    output = CliRunner().invoke(main, ["-C", str(root), *now, "check"]).output
    lines = "lines 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, and 9 others"
    assert f"    and 19 more warnings like it: {lines}\n" in output


def test_errors_are_told_each_by_itself(tmp_path: Path) -> None:
    text = past(5).replace("kind: news", "kind: nwes")
    assert check(a_folder(tmp_path, one=text)).output.count('"nwes" is not one of') == 5


FETCHING = "insta: {network: instagram, account: museo.argenta}\n"


@pytest.mark.parametrize(
    ("web", "warned"),
    [("", 1), ("web: {public_url: 'https://herald.example.org'}\n", 0)],
    ids=["nowhere", "a public address"],
)
def test_a_network_that_fetches_pictures_needs_an_address_to_fetch_them_from(
    tmp_path: Path, web: str, warned: int
) -> None:
    root = a_folder(tmp_path, one=SOUND.replace("[fedi]", "[insta]"))
    write(root, "config/channels.yaml", FETCHING)
    write(root, "config/herald.yaml", f"timezone: Europe/Rome\n{web}")
    found = json.loads(check(root, "--json").output)["problems"]
    told = [each for each in found if each["code"] == "no-public-address"]
    assert len(told) == warned
    for each in told:
        assert (each["file"], each["line"]) == ("config/channels.yaml", 1)
        assert "public_url" in each["hint"]


@pytest.mark.parametrize(
    ("subscribe", "web", "warned"),
    [
        ("open", "", 1),
        ("closed", "", 0),
        ("open", "web: {public_url: 'https://herald.example.org'}\n", 0),
    ],
)
def test_an_open_list_needs_an_address_at_which_people_can_subscribe(
    tmp_path: Path, subscribe: str, web: str, warned: int
) -> None:
    root = a_folder(tmp_path, one=SOUND)
    sender = "{name: Eco, address: news@museum.example}"
    friends = f"friends: {{name: Friends, from: {sender}, subscribe: {subscribe}}}\n"
    write(root, "config/lists.yaml", friends)
    write(root, "config/herald.yaml", f"timezone: Europe/Rome\n{web}")
    found = json.loads(check(root, "--json").output)["problems"]
    told = [each for each in found if each["code"] == "no-public-address"]
    assert [each["file"] for each in told] == ["config/lists.yaml"] * warned


def test_a_line_is_shown_once_for_all_that_is_said_of_it(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=SOUND.replace("[fedi]", "[insta]"))
    write(root, "config/channels.yaml", "insta: {network: instagram, acount: x, serve: y}\n")
    lines = check(root).output.splitlines()
    assert len([line for line in lines if line.startswith("  1:8 error: insta")]) == 3
    assert len([line for line in lines if line.startswith("    | insta:")]) == 1


def lists_file(root: Path, design: str) -> None:
    sender = "{name: Eco, address: news@museum.example}"
    friends = f"friends: {{name: Friends, from: {sender}, design: {design}}}\n"
    write(root, "config/lists.yaml", friends)


def test_colours_that_nobody_can_read_are_named_with_one_that_would_do(tmp_path: Path) -> None:
    root = a_folder(tmp_path, one=SOUND)
    lists_file(root, '{accent: "#ffcc00"}')
    result = check(root)
    assert result.exit_code == 1
    assert "links in #ffcc00 on the letter's white paper (#ffffff)" in result.output
    assert "a contrast of 1.5, and 4.5 is needed" in result.output
    near = re.search(r'"(#[0-9a-f]{6})" is near it and would do', result.output)
    assert near is not None
    lists_file(root, f'{{accent: "{near[1]}"}}')
    assert check(root).exit_code == 0


@pytest.mark.parametrize(
    ("design", "words"),
    [
        ("{accent: red}", '"red" is no colour'),
        ("{logo: {file: a.png}}", "alt"),
        ("{logo: {alt: Us}}", "either a file or a url"),
        ("{logo: {alt: Us, file: config/gone.png}}", 'there is no picture "config/gone.png"'),
        ("{logo: {alt: Us, file: ../../out.png}}", 'there is no picture "../../out.png"'),
        ("{logo: {alt: Us, file: config/lists.yaml}}", "nobody can reach Herald's pages"),
    ],
)
def test_a_design_that_cannot_be_shown_is_told(tmp_path: Path, design: str, words: str) -> None:
    root = a_folder(tmp_path, one=SOUND)
    lists_file(root, design)
    assert words in check(root).output


def test_links_for_which_a_letter_would_be_held_are_told(tmp_path: Path) -> None:
    newsletter = """\
newsletters:
  - id: monthly
    list: friends
    every: first tuesday
    subject: {en: News}
    sections: [{title: {en: Editorial}, write: editorial}]
"""
    root = a_folder(tmp_path, one=SOUND + newsletter)
    lists_file(root, "{}")
    part = (
        "editorial: {en: 'Look [here](https://x.example) and at [the mill](https://y.example).'}\n"
    )
    write(root, "campaigns/newsletters/monthly/2027-05.yaml", part)
    output = check(root).output
    assert "2027-05.yaml: editorial [en]: the link “here” to https://x.example" in output
    assert "the mill" not in output


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "herald.key cannot be read: No such file or directory"),
        ("-----BEGIN CERTIFICATE-----", "holds a certificate; a private key is needed"),
        ("nothing", "holds no private key that can be read"),
    ],
)
def test_a_key_that_cannot_sign_is_warned_of(
    tmp_path: Path, content: str | None, words: str
) -> None:
    root = a_folder(tmp_path, one=SOUND)
    if content is not None:
        write(root, "config/herald.key", content)
    mail = "smtp: {dkim_selector: s1, dkim_key: config/herald.key}"
    write(root, "config/herald.yaml", f"timezone: UTC\n{mail}\n")
    result = check(root)
    assert words in result.output
    assert "2:" in result.output
    assert result.exit_code == 0

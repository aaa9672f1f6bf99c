"""The page of every command, from the commands themselves."""

from __future__ import annotations

from typing import Any

import click

from herald.cli.main import main as herald

INTRO = (
    "`herald [-C DIR] [--now ISO] COMMAND …` works on the folder that holds `campaigns/` and"
    " `config/`. Exit status: 0 well, 1 something needs a person, 2 wrong usage. Results go to"
    " standard output, logs and errors to standard error. Every command has `--help`."
)


def commands_page() -> str:
    """Return the page of every command, argument and option."""
    # as it is called: without its settings, -h would be told only if something was called before
    context = click.Context(herald, info_name="herald", **herald.context_settings)
    told = herald.to_info_dict(context)
    parts = [
        "# Commands",
        "",
        INTRO,
        "",
        *_options(told["params"]),
    ]
    for name in herald.list_commands(context):
        parts += _command(f"herald {name}", told["commands"][name])
    return "\n".join(parts).rstrip() + "\n"


def _command(name: str, told: dict[str, Any]) -> list[str]:
    arguments = " ".join(
        f"[{_metavar(param)}]" if not param["required"] else _metavar(param)
        for param in told["params"]
        if param["param_type_name"] == "argument"
    )
    lines = [f"## `{name}{' ' + arguments if arguments else ''}`", "", *_prose(told["help"] or "")]
    lines += _options(told["params"])
    for child, inside in told.get("commands", {}).items():
        lines += _command(f"{name} {child}", inside)
    return lines


def _metavar(param: dict[str, Any]) -> str:
    return str(param["name"]).upper() + ("…" if param["nargs"] == -1 else "")


def _prose(text: str) -> list[str]:
    """Turn click's help into Markdown: what follows a backspace keeps its lines, as code."""
    lines: list[str] = []
    for paragraph in text.strip().split("\n\n"):
        if paragraph.lstrip().startswith("\b"):
            code = paragraph.split("\n")[1:]
            lines += ["```sh", *(line.strip() for line in code), "```", ""]
        else:
            lines += [" ".join(paragraph.split()), ""]
    return lines


def _options(params: list[dict[str, Any]]) -> list[str]:
    rows = [
        f"| `{', '.join(param['opts'])}` | {' '.join(str(param['help'] or '').split())} |"
        for param in params
        if param["param_type_name"] == "option" and param["name"] != "help"
    ]
    return ["| Option | Does |", "|---|---|", *rows, ""] if rows else []

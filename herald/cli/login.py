"""``herald login``: obtains an account's secrets, and keeps them outside the YAML."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import click

from herald.cli.context import Invocation
from herald.cli.findings import lines_of
from herald.cli.output import run_async
from herald.model.ids import ChannelId

if TYPE_CHECKING:
    from pathlib import Path

    from herald.model.account import Finding
    from herald.model.configuration import ChannelConfig

WAIT_SECONDS = 600
"""For a person to sign in and press a button."""
_THANKS = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Herald</title>"
    "<p>Thank you. You can close this page and go back to the terminal.</p></html>"
)


@click.command()
@click.argument("channel")
@click.option(
    "--paste",
    is_flag=True,
    help="Open no browser here: show the address, and read the one it ends at.",
)
@click.pass_obj
def login(invocation: Invocation, channel: str, paste: bool) -> None:
    """Sign in to the account of CHANNEL, as its network wants it, and keep its secret.

    The secret goes to a file of the folder secrets/ that only you can read, never into the YAML.
    With --paste it needs no browser here, as on a server.

    \b
    herald login fedi
    herald login fedi --paste
    """
    if not sys.stdin.isatty():
        raise click.UsageError(
            "Somebody must answer questions here: run it on a terminal, or write the secret into"
            " .env yourself (the page of the network in docs/how-to says which)."
        )
    run_async(_login(invocation, channel, paste=paste or not _has_browser()))


async def _login(invocation: Invocation, name: str, *, paste: bool) -> None:
    from herald.channels.login import ask_for
    from herald.channels.registry import networks
    from herald.vault import keep_secret

    config, contact = _channel(invocation, name)
    network = networks()[config.network]
    if not network.secrets:
        click.echo(f"A {config.network} channel needs no secret: there is nothing to do.")
        return
    asking = AtTheTerminal(contact=contact, paste=paste)
    log_in = network.log_in
    found: Mapping[str, str] = await (
        log_in(config, asking) if log_in else ask_for(network.secrets, asking)
    )
    for finding in await _tried(invocation, config, found):
        click.echo("\n".join(lines_of(finding)))
    for secret, value in found.items():
        path = await asyncio.to_thread(keep_secret, invocation.folder, config.id, secret, value)
        click.echo(f"Kept in {_shown(path, invocation.folder)}, for you alone.")
    _tell_hidden(invocation, config, found)
    click.echo(f"If {config.id} was stopped for its sign-in: herald resume {config.id}")


def _channel(invocation: Invocation, name: str) -> tuple[ChannelConfig, str]:
    """Return the configuration of the channel *name*, and whom a web master may turn to."""
    from herald.channels.registry import check_settings
    from herald.channels.settings import did_you_mean
    from herald.doctor import read_folder
    from herald.settings import load_settings

    channels = read_folder(invocation.folder).configuration.channels
    found = channels.get(ChannelId(name))
    if found is None:
        hint = did_you_mean(name, channels) or f"there are {', '.join(channels) or 'none'}"
        raise click.UsageError(f"config/channels.yaml has no channel {name!r} ({hint}).")
    if problems := check_settings(found):
        raise click.ClickException("\n".join(str(problem) for problem in problems))
    return found, load_settings(invocation.folder).contact


async def _tried(
    invocation: Invocation, config: ChannelConfig, found: Mapping[str, str]
) -> tuple[Finding, ...]:
    """Open the account with what was obtained, and return what it says of itself."""
    from herald.doctor import examine_account

    return await examine_account(config, found, folder=invocation.folder)


def _tell_hidden(invocation: Invocation, config: ChannelConfig, found: Mapping[str, str]) -> None:
    """Say that a variable stands in front of what was just kept, where one does."""
    from herald.settings import load_settings

    now = load_settings(invocation.folder).secrets_of(config.id)
    for name, value in found.items():
        if name in now and now[name].get_secret_value() != value:
            variable = f"HERALD_CHANNELS__{config.id.replace('-', '_').upper()}__{name.upper()}"
            click.echo(
                f"! The environment variable {variable} is set and wins: take it away.", err=True
            )


def _shown(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _has_browser() -> bool:
    """Tell whether a page that is opened here is seen by who sits at the terminal."""
    if os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


class AtTheTerminal:
    """The person at this terminal, perhaps with a browser."""

    def __init__(self, *, contact: str, paste: bool) -> None:
        from herald.channels.asking import user_agent

        self.user_agent = user_agent(contact)
        self._paste = paste

    def say(self, text: str) -> None:
        """Show *text*."""
        click.echo(text)

    async def ask(self, question: str, *, hidden: bool = False) -> str:
        """Return what the person types."""
        said: str = await asyncio.to_thread(click.prompt, question, hide_input=hidden)
        return said.strip()

    async def come_back(self, page: str, *, state: str) -> Mapping[str, str]:
        """Send the browser to *page* and wait until it is back on this machine.

        Without a browser here, the person opens the page elsewhere and pastes where it ended: an
        address of this machine that no other can open, or a code.
        """
        if self._paste:
            return await self._pasted(page, state)
        return await self._returned(page, state)

    async def _returned(self, page: str, state: str) -> Mapping[str, str]:
        from aiohttp import web

        from herald.channels.login import RETURN_TO, LoginFailed

        port = urlsplit(RETURN_TO).port

        arrived: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

        async def back(request: web.Request) -> web.Response:
            if request.query.get("state") == state and not arrived.done():
                arrived.set_result(dict(request.query))
            return web.Response(text=_THANKS, content_type="text/html")

        app = web.Application()
        app.router.add_get("/", back)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            click.echo(f"Opening your browser. If it does not open, go to:\n{page}")
            await asyncio.to_thread(webbrowser.open, page)
            async with asyncio.timeout(WAIT_SECONDS):
                return await arrived
        except OSError as error:
            why = f"this computer's port {port} is taken ({error.strerror}): use --paste"
            raise LoginFailed(why) from error
        except TimeoutError as error:
            raise LoginFailed("nobody came back from the browser in ten minutes") from error
        finally:
            await runner.cleanup()

    async def _pasted(self, page: str, state: str) -> Mapping[str, str]:
        from herald.channels.login import RETURN_TO, LoginFailed

        click.echo(
            f"Open this page on any computer and sign in:\n\n{page}\n\n"
            "In the end the browser says that it cannot open a page. Copy the whole address of that"
            f" page (it begins with {RETURN_TO}) and paste it here."
        )
        said = await self.ask("Address")
        query = dict(parse_qsl(urlsplit(said).query))
        if "code" in query and query.get("state") != state:
            raise LoginFailed("that address belongs to another sign-in: begin anew")
        if not query:
            raise LoginFailed("that is no address with an answer in it: copy all of it")
        return query

"""Networks that others add: the manual's complete example, installed and run; and broken ones."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import re
import shutil
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest

from herald.channels.network import Network
from herald.channels.registry import BROUGHT_ALONG, GROUP, read_added, usual_capabilities
from herald.channels.settings import NetworkSettings
from herald.data.networks import capabilities_of
from herald.model.network import Capabilities
from tests.cli.commands import document
from tests.cli.commands import herald as command
from tests.folders import a_network
from tests.running import HERALD, surroundings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "herald-screen"
PAGE = (ROOT / "docs" / "how-to" / "add-a-network.md").read_text(encoding="utf-8")
NOW = "2027-05-03T08:00Z"
"""10:00 in Rome, when the first post of the test's folder is due."""
CHANNELS = "foyer: {{network: screen, server: '{server}'}}\ntrial: {{network: journal}}\n"
TOKEN = {"HERALD_CHANNELS__FOYER__ACCESS_TOKEN": "a-screen-s-token"}
STORIES = """\
campaign: stories
languages: [en]
channels: [foyer, trial]
items:
  - {id: mill, kind: news, title: {en: The mill}, text: {en: It turns.}, post: 2027-05-03 10:00}
"""


@dataclass(frozen=True)
class Done:
    """What a command wrote, and how it ended."""

    status: int
    out: str
    log: str


async def herald(root: Path, *words: str, site: Path, **more: str) -> Done:
    """Run a command in a process that finds the packages in *site*."""
    return await run(*HERALD, "-C", str(root), "--now", NOW, *words, site=site, **more)


async def run(*command: str, site: Path, **more: str) -> Done:
    process = await asyncio.create_subprocess_exec(
        *command,
        env=surroundings(PYTHONPATH=str(site), **more),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, log = await process.communicate()
    return Done(process.returncode or 0, out.decode(), log.decode())


def install(package: Path, site: Path) -> Path:
    """Install a package of one module into *site*, as pip does it, without asking anybody."""
    told = tomllib.loads((package / "pyproject.toml").read_text("utf-8"))
    name, version = told["project"]["name"], told["project"]["version"]
    about = site / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (about / "METADATA").write_text(metadata, encoding="utf-8")
    groups = told["project"]["entry-points"]
    lines = [
        f"[{group}]\n" + "".join(f"{n} = {v}\n" for n, v in groups[group].items())
        for group in groups
    ]
    (about / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    for module in told["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        shutil.copy(package / module, site)
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of packages in which the example is installed."""
    return install(EXAMPLE, tmp_path_factory.mktemp("site"))


def the_example_s_tests() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "screen_of_the_example", EXAMPLE / "test_screen.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def a_folder(root: Path, server: str = "https://screen.example.org") -> Path:
    return a_network(root, stories=STORIES, config_channels=CHANNELS.format(server=server))


# ---------------------------------------------------------------- the example


def test_the_page_shows_the_example_s_files_to_the_letter() -> None:
    shown = re.findall(r"`([\w.]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    blocks = dict(shown)
    files = {each.name: each.read_text("utf-8") for each in EXAMPLE.iterdir() if each.is_file()}
    assert blocks == files


async def test_check_knows_an_added_network_and_what_it_needs(tmp_path: Path, site: Path) -> None:
    root = a_folder(tmp_path)
    done = await herald(root, "check", "--json", site=site)
    assert (done.status, json.loads(done.out)["problems"]) == (0, [])
    (root / "config/channels.yaml").write_text("foyer: {network: screen, colour: red}\n")
    done = await herald(root, "check", site=site)
    assert done.status == 1
    assert 'a channel on screen needs "server"' in done.out
    assert 'such as server: "https://screen.example.org"' in done.out
    assert 'a channel on screen has no setting "colour"' in done.out


async def test_a_plan_counts_by_the_usual_limits_of_an_added_network(
    tmp_path: Path, site: Path
) -> None:
    done = await herald(a_folder(tmp_path), "plan", "--json", site=site)
    limits = {each["network"]: each["limit"] for each in json.loads(done.out)["deliveries"]}
    assert limits == {"screen": 200, "journal": None}


async def test_run_asks_for_the_secret_of_an_added_network_and_then_posts_on_it(
    tmp_path: Path, site: Path
) -> None:
    async with the_example_s_tests().showing() as screen:
        root = a_folder(tmp_path, screen.address)
        done = await herald(root, "run", "--once", site=site)
        assert "set HERALD_CHANNELS__FOYER__ACCESS_TOKEN in .env" in done.log
        assert (root / "var/journal/trial.jsonl").exists()
        assert screen.posts == {}
        done = await herald(root, "run", "--once", site=site, **TOKEN)
        assert done.status == 0, done.log
        [(key, post)] = screen.posts.items()
    assert "The mill" in post["text"]
    assert post["language"] == "en"
    told = await asyncio.to_thread(command, root, "outbox", "list", "--json")
    listed = document(told)["deliveries"]
    [delivery] = [each for each in listed if each["channel"] == "foyer"]
    assert (delivery["state"], delivery["key"]) == ("sent", key)
    assert delivery["url"] == f"{screen.address}/posts/{key}"


async def test_the_example_keeps_the_contract_of_channels(site: Path) -> None:
    command = (
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        "pyproject.toml",
        "-p",
        "no:cacheprovider",
    )
    done = await run(*command, str(EXAMPLE / "test_screen.py"), site=site)
    assert done.status == 0, done.out
    [passed] = re.findall(r"^(\d+) passed", done.out, re.MULTILINE)
    assert int(passed) > 20


async def test_pip_installs_the_example_as_these_tests_do(tmp_path: Path, site: Path) -> None:
    package = Path(shutil.copytree(EXAMPLE, tmp_path / "herald-screen"))
    target = tmp_path / "site"
    words = ("install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--target")
    done = await run(sys.executable, "-m", "pip", *words, str(target), str(package), site=site)
    assert done.status == 0, done.log
    for name in ("herald_screen.py", "herald_screen-1.0.dist-info/entry_points.txt"):
        assert (target / name).read_text().split() == (site / name).read_text().split()


# ---------------------------------------------------------------- broken ones


def a_package(site: Path, name: str, point: str, text: str = "") -> Path:
    """Install a package whose module is *text* and that adds one network."""
    about = site / f"{name}-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[{GROUP}]\n{point}\n")
    (site / f"{name}.py").write_text(text)
    return site


async def test_a_network_that_breaks_as_it_is_loaded_stops_its_own_channels_alone(
    tmp_path: Path,
) -> None:
    text = "raise SystemExit('an old version')"
    site = a_package(tmp_path / "site", "broken_screen", "screen = broken_screen:NETWORK", text)
    root = a_folder(tmp_path / "root")
    checked = await herald(root, "check", "--json", site=site)
    [problem] = json.loads(checked.out)["problems"]
    assert (problem["code"], problem["severity"]) == ("network-unusable", "error")
    assert problem["path"] == "foyer.network"
    why = "the package broken_screen adds a network 'screen': it cannot be loaded (SystemExit"
    assert why in problem["message"]
    done = await herald(root, "run", "--once", site=site)
    assert (root / "var/journal/trial.jsonl").exists(), done.log
    assert done.log.count(f"ERROR herald.channels.registry: {why}") == 1


BREAKS_LATER = """\
from herald.channels.network import Network
from herald.channels.settings import NetworkSettings

class Screen(NetworkSettings):
    server: str

def broken(*_):
    raise RuntimeError("a fault")

class Channel:
    def __init__(self, config, secrets, around):
        self.id, self.network = config.id, config.network

    async def capabilities(self):
        broken()

    send = look_up = close = broken

SCREEN = Network(name="screen", settings=Screen, open=broken)
PANEL = Network(name="panel", settings=NetworkSettings, open=Channel)
"""


async def test_networks_that_break_later_stop_their_own_channels_alone(tmp_path: Path) -> None:
    points = "screen = late_screen:SCREEN\npanel = late_screen:PANEL"
    site = a_package(tmp_path / "site", "late_screen", points, BREAKS_LATER)
    root = a_folder(tmp_path / "root")
    channels = CHANNELS.format(server="https://screen.example.org") + "hall: {network: panel}\n"
    (root / "config/channels.yaml").write_text(channels)
    (root / "campaigns/stories.yaml").write_text(STORIES.replace("foyer,", "foyer, hall,"))
    done = await herald(root, "run", "--once", site=site)
    assert (root / "var/journal/trial.jsonl").exists(), done.log
    assert done.log.count("channel foyer: a fault in the network 'screen' (RuntimeError)") == 1
    for doing in ("telling its limits", "sending", "closing"):
        assert f"channel broke while {doing}" in done.log


async def test_a_name_of_herald_s_own_is_never_given_away_and_check_says_so(tmp_path: Path) -> None:
    text = "raise RuntimeError('never loaded')"
    site = a_package(tmp_path / "site", "my_journal", "journal = my_journal:NETWORK", text)
    root = a_network(tmp_path / "root")
    checked = await herald(root, "check", "--json", site=site)
    [problem] = json.loads(checked.out)["problems"]
    assert (checked.status, problem["code"], problem["severity"]) == (
        0,
        "network-passed-over",
        "warning",
    )
    assert "Herald has one of its own" in problem["message"]


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=GROUP)


LIMITS = Capabilities(limit=7)
SCREEN = Network(name="screen", settings=NetworkSettings, open=lambda *_: None, usual=LIMITS)  # type: ignore[arg-type, return-value]
WITHOUT_SETTINGS = Network(name="bare", settings=dict, open=SCREEN.open)  # type: ignore[arg-type]
HERE = __name__


REFUSED = {
    "nothing there": ("screen", "NOBODY", "cannot be loaded (AttributeError"),
    "another name": ("panel", "SCREEN", "is named 'screen'"),
    "no network": ("screen", "NOW", "is no Network"),
    "settings of its own": ("bare", "WITHOUT_SETTINGS", "are no NetworkSettings"),
}


@pytest.mark.parametrize(("name", "value", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_usable_network_is_logged_once_with_its_reason(
    name: str, value: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        added = read_added([point(name, f"{HERE}:{value}")])
    assert dict(added.networks) == {}
    assert why in added.trouble[name]
    assert [record.getMessage() for record in caplog.records] == [added.trouble[name]]


def test_of_two_with_one_name_one_is_used_and_the_other_told() -> None:
    added = read_added([point("screen", f"{HERE}:SCREEN"), point("screen", f"{HERE}:SCREEN")])
    assert dict(added.networks) == {"screen": SCREEN}
    assert "another package has added one of that name" in added.trouble["screen"]


def test_one_that_works_takes_the_place_of_one_that_does_not() -> None:
    added = read_added([point("screen", f"{HERE}:NOBODY"), point("screen", f"{HERE}:SCREEN")])
    assert dict(added.networks) == {"screen": SCREEN}
    assert dict(added.trouble) == {}


@pytest.mark.parametrize("network", sorted(BROUGHT_ALONG))
def test_a_network_of_herald_s_own_has_the_limits_of_its_facts(network: str) -> None:
    assert usual_capabilities(network) == capabilities_of(network)


def test_a_network_that_nobody_knows_has_no_limits() -> None:
    assert usual_capabilities("smoke-signals") == Capabilities()

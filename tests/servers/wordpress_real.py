"""WordPress itself, where it is installed: a site with a database of its own, and what it holds."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from tests.running import a_free_port

PLACE = "HERALD_WORDPRESS"
"""Names the folder with WordPress' files, such as ``/usr/share/wordpress``."""
USER = "herald"
_NEEDED = ("php", "mariadbd", "mariadb-install-db")
_START_SECONDS = 60.0
_ask = build_opener(ProxyHandler({}))

_CONFIG = """<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_HOME', '{address}');
define('WP_SITEURL', '{address}');
define('WP_ENVIRONMENT_TYPE', 'local');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_DEBUG', false);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
_INSTALL = """<?php
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = '{host}';
$_SERVER['SERVER_PROTOCOL'] = 'HTTP/1.1';
function wp_mail() { return true; }
require '{root}/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('A museum', 'admin', 'admin@example.org', true, '', 'of-nobody');
update_option('permalink_structure', '/%postname%/');
wp_insert_term('News', 'category', ['slug' => 'news']);
$user = wp_create_user('herald', wp_generate_password(), 'herald@example.org');
(new WP_User($user))->set_role('editor');
$made = WP_Application_Passwords::create_new_application_password($user, ['name' => 'Herald']);
echo "\\npassword:" . WP_Application_Passwords::chunk_password($made[0]) . "\\n";
"""
_ROUTER = """<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path !== '/' && is_file(__DIR__ . $path)) return false;
$_SERVER['SCRIPT_NAME'] = '/index.php';
$_SERVER['PHP_SELF'] = '/index.php';
require __DIR__ . '/index.php';
"""


def why_not() -> str:
    """Say why WordPress cannot be started here; empty where it can."""
    root = os.environ.get(PLACE, "")
    if not root:
        return f"{PLACE} names no folder with WordPress"
    if not (Path(root) / "wp-settings.php").is_file():
        return f"{PLACE} names {root}, where WordPress is not"
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    return f"WordPress needs {' and '.join(missing)}" if missing else ""


@dataclass(frozen=True, kw_only=True)
class RealWordPress:
    """A site, and a user of Herald's who may publish there."""

    address: str
    user: str
    password: str

    def empty(self) -> None:
        """Delete every post and picture for good."""
        for kind in ("posts", "media"):
            asked = {"per_page": "100", "_fields": "id"}
            if kind == "posts":
                asked["status"] = "any,trash"
            for one in self.call("GET", f"wp/v2/{kind}", asked):
                self.call("DELETE", f"wp/v2/{kind}/{one['id']}", {"force": "true"})

    def posts(self) -> list[dict[str, Any]]:
        """Return the posts that are not in the trash, oldest first."""
        asked = {"status": "any", "context": "edit", "orderby": "id", "order": "asc"}
        found = self.call("GET", "wp/v2/posts", {**asked, "per_page": "100"})
        assert isinstance(found, list)
        return found

    def media(self) -> list[dict[str, Any]]:
        """Return the uploaded pictures, oldest first."""
        asked = {"context": "edit", "orderby": "id", "order": "asc", "per_page": "100"}
        found = self.call("GET", "wp/v2/media", asked)
        assert isinstance(found, list)
        return found

    def call(self, method: str, route: str, query: dict[str, str] | None = None) -> Any:
        """Ask as Herald's user."""
        url = f"{self.address}/wp-json/{route}" + (f"?{urlencode(query)}" if query else "")
        request = Request(url, method=method)  # noqa: S310 - a server on loopback
        key = b64encode(f"{self.user}:{self.password}".encode()).decode()
        request.add_header("Authorization", f"Basic {key}")
        with _ask.open(request, timeout=30) as answer:
            return json.loads(answer.read())


@contextmanager
def running_wordpress() -> Iterator[RealWordPress]:
    """Run a site until the end of the block; raise RuntimeError where it does not start."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="herald-wordpress-"))
        folder = Path(name)
        stack.enter_context(_database(folder))
        yield stack.enter_context(_site(folder))


@contextmanager
def _database(folder: Path) -> Iterator[None]:
    """Run MariaDB on a socket in *folder*, heard by nobody else."""
    place = folder / "db"
    install = [
        *("mariadb-install-db", "--no-defaults", f"--datadir={place}"),
        *("--auth-root-authentication-method=normal", "--skip-test-db"),
    ]
    serve = [
        *("mariadbd", "--no-defaults", f"--datadir={place}", f"--socket={folder / 'socket'}"),
        *("--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"),
        f"--init-file={folder / 'first.sql'}",
    ]
    if os.geteuid() == 0:
        install.append("--user=root")
        serve.append("--user=root")
    subprocess.run(install, check=True, capture_output=True, timeout=_START_SECONDS)
    (folder / "first.sql").write_text("CREATE DATABASE IF NOT EXISTS wordpress;\n")
    with _running(serve, folder) as process:
        _await((folder / "socket").exists, process, "MariaDB")
        yield


@contextmanager
def _site(folder: Path) -> Iterator[RealWordPress]:
    root, port = folder / "site", a_free_port()
    host = f"127.0.0.1:{port}"
    shutil.copytree(os.environ[PLACE], root, symlinks=True)
    (root / "wp-config.php").unlink(missing_ok=True)  # Debian's asks for files under /etc
    config = _CONFIG.replace("{socket}", str(folder / "socket"))
    (root / "wp-config.php").write_text(config.replace("{address}", f"http://{host}"))
    (root / "router.php").write_text(_ROUTER)
    script = folder / "install.php"
    script.write_text(_INSTALL.replace("{host}", host).replace("{root}", str(root)))
    made = subprocess.run(
        ["php", script], check=True, capture_output=True, text=True, timeout=_START_SECONDS
    )
    password = made.stdout.rpartition("password:")[2].strip()
    if not password:
        raise RuntimeError(f"WordPress was not installed: {made.stdout[-500:]}")
    with _running(["php", "-S", host, "-t", str(root), str(root / "router.php")], root) as process:
        site = RealWordPress(address=f"http://{host}", user=USER, password=password)
        _await(lambda: _answers(site), process, "WordPress")
        yield site


@contextmanager
def _running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _answers(site: RealWordPress) -> bool:
    try:
        site.call("GET", "wp/v2/users/me")
    except HTTPError as error:
        raise RuntimeError(f"WordPress answers {error.code}") from error
    except (URLError, OSError):
        return False
    return True


def _await(is_there: Any, process: subprocess.Popen[bytes], name: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        if is_there():
            return
        time.sleep(0.05)  # a process of its own: there is nothing to wait on
    raise RuntimeError(f"{name} did not start")

"""Matrix' own server (Synapse), where it is installed: rooms on it, and what they hold."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

from tests.running import a_free_port

PLACE = "HERALD_SYNAPSE"
"""Names the Python in whose environment ``pip install matrix-synapse`` was run."""
NAME = "example.test"
_SECRET = "of-nobody"
_START_SECONDS = 40.0
_ask = build_opener(ProxyHandler({}))
_PLENTY = {"per_second": 1000, "burst_count": 1000}


def why_not() -> str:
    """Say why the server cannot be started here; empty where it can."""
    python = os.environ.get(PLACE, "")
    if not python:
        return f"{PLACE} names no Python with Matrix' own server"
    if not Path(python).is_file():
        return f"{PLACE} names {python}, which is not there"
    found = subprocess.run([python, "-c", "import synapse"], capture_output=True, check=False)
    return f"there is no matrix-synapse in {python}" if found.returncode else ""


@dataclass(frozen=True, kw_only=True)
class RealRoom:
    """A room with a keeper in it, and Herald's user."""

    address: str
    id: str
    alias: str
    user: str
    token: str
    """Of Herald's user, on its device."""
    keeper: str
    """The keeper's token."""

    def contents(self) -> list[dict[str, Any]]:
        """Return what was said in the room, oldest first."""
        asked = {"dir": "f", "limit": "500", "filter": '{"types": ["m.room.message"]}'}
        told = self.call("GET", f"rooms/{quote(self.id)}/messages", query=asked)
        return [event["content"] for event in told["chunk"]]

    def events(self) -> list[dict[str, Any]]:
        """Return the messages of the room as anybody in it sees them, oldest first."""
        asked = {"dir": "f", "limit": "500", "filter": '{"types": ["m.room.message"]}'}
        told = self.call("GET", f"rooms/{quote(self.id)}/messages", query=asked)
        return list(told["chunk"])

    def say(self, **content: Any) -> str:
        """Say something as the keeper, and return the event's id."""
        path = f"rooms/{quote(self.id)}/send/m.room.message/{len(self.events())}"
        told = self.call("PUT", path, body={"msgtype": "m.text", **content})
        return str(told["event_id"])

    def silence(self) -> None:
        """Let nobody but the keeper write."""
        path = f"rooms/{quote(self.id)}/state/m.room.power_levels"
        levels = self.call("GET", path)
        self.call("PUT", path, body=levels | {"events_default": 60})

    def picture(self, uri: str) -> bytes:
        """Return the bytes of an uploaded picture."""
        address = f"{self.address}/_matrix/client/v1/media/download/{uri.removeprefix('mxc://')}"
        return _fetch("GET", address, token=self.keeper)

    def encrypt(self) -> None:
        """Encrypt the room from now on."""
        path = f"rooms/{quote(self.id)}/state/m.room.encryption"
        self.call("PUT", path, body={"algorithm": "m.megolm.v1.aes-sha2"})

    def kick(self) -> None:
        """Put Herald's user out of the room."""
        self.call("POST", f"rooms/{quote(self.id)}/kick", body={"user_id": self.user})

    def redact(self, event: str) -> None:
        """Delete a message, as a moderator does."""
        self.call("PUT", f"rooms/{quote(self.id)}/redact/{quote(event)}/once", body={})

    def replace(self) -> None:
        """Put a new room in this one's place, which takes its address, and let the user in."""
        told = self.call("POST", f"rooms/{quote(self.id)}/upgrade", body={"new_version": "11"})
        room = quote(told["replacement_room"])
        self.call("POST", f"rooms/{room}/join", body={}, token=self.token)

    def sign_in_again(self) -> str:
        """Return a token of Herald's user on another device."""
        return _sign_in(self.address, self.user, device="ANOTHER")

    def call(self, method: str, path: str, *, token: str = "", **more: Any) -> dict[str, Any]:
        """Ask as the keeper, or as who *token* is."""
        return _call(self.address, method, path, token=token or self.keeper, **more)


@dataclass
class RealSynapse:
    """The server, with a keeper of rooms and a user of Herald's."""

    address: str
    user: str
    token: str
    keeper: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def room(self) -> RealRoom:
        """Return a new public room with both of them in it."""
        name = f"museum{next(self._numbers)}"
        wanted = {"preset": "public_chat", "room_alias_name": name, "invite": [self.user]}
        told = _call(self.address, "POST", "createRoom", body=wanted, token=self.keeper)
        room = str(told["room_id"])
        _call(self.address, "POST", f"rooms/{quote(room)}/join", body={}, token=self.token)
        return RealRoom(
            address=self.address,
            id=room,
            alias=f"#{name}:{NAME}",
            user=self.user,
            token=self.token,
            keeper=self.keeper,
        )


@contextmanager
def running_synapse() -> Iterator[RealSynapse]:
    """Run the server until the end of the block; raise RuntimeError where it does not start."""
    with tempfile.TemporaryDirectory(prefix="herald-synapse-") as name:
        folder, port = Path(name), a_free_port()
        (folder / "homeserver.yaml").write_text(json.dumps(_settings(folder, port)))
        (folder / "log.yaml").write_text(json.dumps({"version": 1, "root": {"level": "ERROR"}}))
        with subprocess.Popen(
            [
                os.environ[PLACE],
                *("-m", "synapse.app.homeserver", "-c", str(folder / "homeserver.yaml")),
            ],
            cwd=folder,
            env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                address = f"http://127.0.0.1:{port}"
                _await_answer(address, process)
                keeper, _ = _register(address, "keeper"), _register(address, "museum")
                user = f"@museum:{NAME}"
                token = _sign_in(address, user, device="HERALD")
                yield RealSynapse(address, user, token, keeper)
            finally:
                process.kill()


def _settings(folder: Path, port: int) -> dict[str, Any]:
    """Return the settings of a server that speaks to nobody but this machine."""
    (folder / "signing.key").write_text("ed25519 a_test " + "A" * 43 + "\n")
    listener = {
        "bind_addresses": ["127.0.0.1"],
        "port": port,
        "tls": False,
        "type": "http",
        "resources": [{"names": ["client"], "compress": False}],
    }
    return {
        "server_name": NAME,
        "pid_file": str(folder / "pid"),
        "listeners": [listener],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "log_config": str(folder / "log.yaml"),
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / "signing.key"),
        "registration_shared_secret": _SECRET,
        "macaroon_secret_key": _SECRET,
        "form_secret": _SECRET,
        "report_stats": False,
        "trusted_key_servers": [],
        "federation_domain_whitelist": [],
        "url_preview_enabled": False,
        "presence": {"enabled": False},
        "bcrypt_rounds": 4,
        "rc_message": _PLENTY,
        "rc_room_creation": _PLENTY,
        "rc_registration": _PLENTY,
        "rc_login": {"address": _PLENTY, "account": _PLENTY, "failed_attempts": _PLENTY},
        "rc_invites": {"per_room": _PLENTY, "per_user": _PLENTY, "per_issuer": _PLENTY},
        "rc_joins": {"local": _PLENTY, "remote": _PLENTY},
    }


def _await_answer(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            _fetch("GET", f"{address}/_matrix/client/versions")
        except (URLError, OSError):
            time.sleep(0.1)  # a process of its own: there is nothing to wait on
        else:
            return
    raise RuntimeError("Matrix' own server did not start")


def _register(address: str, name: str) -> str:
    """Return the token of a new user, whose password is its name."""
    place = f"{address}/_synapse/admin/v1/register"
    nonce = json.loads(_fetch("GET", place))["nonce"]
    said = "\x00".join([nonce, name, name, "notadmin"]).encode()
    wanted = {
        "nonce": nonce,
        "username": name,
        "password": name,
        "admin": False,
        "mac": hmac.new(_SECRET.encode(), said, hashlib.sha1).hexdigest(),
    }
    return str(json.loads(_fetch("POST", place, body=wanted))["access_token"])


def _sign_in(address: str, user: str, *, device: str) -> str:
    wanted = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": user},
        "password": user[1:].partition(":")[0],
        "device_id": device,
    }
    return str(_call(address, "POST", "login", body=wanted)["access_token"])


def _call(
    address: str,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    body: Mapping[str, Any] | None = None,
    token: str = "",
) -> dict[str, Any]:
    url = f"{address}/_matrix/client/v3/{path}" + (f"?{urlencode(query)}" if query else "")
    told = json.loads(_fetch(method, url, body=body, token=token))
    assert isinstance(told, dict)
    return told


def _fetch(
    method: str, url: str, *, body: Mapping[str, Any] | None = None, token: str = ""
) -> bytes:
    spelled = None if body is None else json.dumps(body).encode()
    request = Request(url, data=spelled, method=method)  # noqa: S310 - a server on loopback
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with _ask.open(request, timeout=20) as answer:
        return bytes(answer.read())

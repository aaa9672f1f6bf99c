"""A private Postfix on a loopback port: own folders, own mailboxes; nothing leaves it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.running import a_free_port

POSTFIX = shutil.which("postfix", path="/usr/sbin:/usr/bin:/sbin")
DOMAIN = "friends.example.org"

_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

_MAIN = """\
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = herald.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
default_transport = error:nothing leaves this house
relay_transport = error:nothing leaves this house
alias_maps =
local_recipient_maps =
enable_long_queue_ids = yes
maillog_file = {base}/log
maillog_file_prefixes = {base}
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {base}/mail
virtual_mailbox_maps = static:everybody/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_recipient_restrictions =
  check_recipient_access texthash:{base}/access, permit_mynetworks, reject
smtpd_tls_security_level = none
"""

_ACCESS = f"""\
gone@{DOMAIN} 550 5.1.1 nobody of that name
later@{DOMAIN} 450 4.2.0 greylisted
full@{DOMAIN} 452 4.2.2 mailbox full
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A running instance."""

    port: int
    base: Path

    def mails(self) -> list[bytes]:
        """Return every mail that was delivered."""
        return [path.read_bytes() for path in (self.base / "mail").glob("everybody/new/*")]

    def queue(self) -> int:
        """Return how many mails wait in its queue."""
        folders = ("maildrop", "incoming", "active", "deferred")
        return sum(
            path.is_file() for name in folders for path in (self.base / "queue" / name).rglob("*")
        )


def why_not() -> str:
    """Return why Postfix cannot be started here; empty when it can."""
    if POSTFIX is None:
        return "Postfix is not installed"
    if os.geteuid() != 0:
        return "Postfix can be started by root only"
    return ""


@contextmanager
def running_postfix(also: str = "") -> Iterator[Postfix]:
    """Start a private instance, and stop exactly that one at the end.

    *also* are further lines of its settings.
    """
    base = Path(tempfile.mkdtemp(prefix="herald-postfix-"))
    try:
        base.chmod(0o755)
        port = a_free_port()
        _write_configuration(base, port, also)
        _postfix(base, "start")
        try:
            _wait_for(port)
            yield Postfix(port=port, base=base)
        finally:
            _postfix(base, "stop")
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _write_configuration(base: Path, port: int, also: str) -> None:
    owner = pwd.getpwnam("postfix")
    daemons = next(
        path for path in ("/usr/lib/postfix/sbin", "/usr/libexec/postfix") if Path(path).is_dir()
    )
    for name in ("etc", "queue", "data", "mail"):
        (base / name).mkdir()
    for name in ("data", "mail"):
        os.chown(base / name, owner.pw_uid, owner.pw_gid)
    main = _MAIN.format(
        base=base, daemons=daemons, domain=DOMAIN, uid=owner.pw_uid, gid=owner.pw_gid
    )
    (base / "etc" / "main.cf").write_text(main + also)
    (base / "etc" / "master.cf").write_text(_MASTER.format(port=port))
    (base / "access").write_text(_ACCESS)


def _postfix(base: Path, command: str) -> None:
    assert POSTFIX is not None
    subprocess.run(
        [POSTFIX, "-c", str(base / "etc"), command], check=True, capture_output=True, timeout=30
    )


def _wait_for(port: int) -> None:
    """Wait for the greeting: the listener is there before its daemon."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        assert connection.recv(100).startswith(b"220")

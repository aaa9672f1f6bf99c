"""A private Dovecot on loopback ports: everybody's mailbox, filled by LMTP and read by IMAP."""

from __future__ import annotations

import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.running import a_free_port

DOVECOT = shutil.which("dovecot", path="/usr/sbin:/usr/bin:/sbin")
PASSWORD = "secret"

_CONFIGURATION = """\
base_dir = {base}/run
state_dir = {base}/state
instance_name = {name}
log_path = {base}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_username_format = %Ln
recipient_delimiter = +
mail_location = maildir:{base}/mail/%n
mail_fsync = never
first_valid_uid = 1
default_process_limit = 20
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/mail/%n allow_all_users=yes
}}
service imap-login {{
  chroot =
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service imap {{
  service_count = 0
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
protocol lmtp {{
  postmaster_address = postmaster@example.org
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dovecot:
    """A running instance; whoever has the password has every mailbox."""

    imap: int
    lmtp: int
    base: Path

    def mails(self, user: str) -> list[bytes]:
        """Return what lies in somebody's mailbox, read over IMAP."""
        connection = imaplib.IMAP4("127.0.0.1", self.imap, timeout=20)
        try:
            connection.login(user, PASSWORD)
            connection.select("INBOX", readonly=True)
            _, found = connection.search(None, "ALL")
            mails = []
            for number in found[0].split():
                _, parts = connection.fetch(number.decode(), "(BODY.PEEK[])")
                mails += [bytes(part[1]) for part in parts if isinstance(part, tuple)]
            return mails
        finally:
            connection.logout()

    def count(self) -> int:
        """Return how many mails were delivered, to all together."""
        return sum(1 for _ in (self.base / "mail").glob("*/new/*")) + sum(
            1 for _ in (self.base / "mail").glob("*/cur/*")
        )


def why_not() -> str:
    """Return why Dovecot cannot be started here; empty when it can."""
    if DOVECOT is None:
        return "Dovecot is not installed"
    if os.geteuid() != 0:
        return "Dovecot can be started by root only"
    return ""


@contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    """Start a private instance, and stop exactly that one at the end."""
    assert DOVECOT is not None
    # Its sockets' paths must be short.
    base = Path(tempfile.mkdtemp(prefix="hdc-", dir="/tmp"))
    owner = pwd.getpwnam("mail")
    try:
        base.chmod(0o755)
        (base / "mail").mkdir()
        os.chown(base / "mail", owner.pw_uid, owner.pw_gid)
        imap, lmtp = a_free_port(), a_free_port()
        text = _CONFIGURATION.format(
            base=base,
            name=base.name,
            password=PASSWORD,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            imap=imap,
            lmtp=lmtp,
        )
        (base / "dovecot.conf").write_text(text)
        with subprocess.Popen(
            [DOVECOT, "-F", "-c", str(base / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as running:
            try:
                _wait_for(running, base, imap, lmtp)
                yield Dovecot(imap=imap, lmtp=lmtp, base=base)
            finally:
                running.send_signal(signal.SIGTERM)
                running.wait(timeout=20)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _wait_for(running: subprocess.Popen[bytes], base: Path, *ports: int) -> None:
    """Wait for both greetings."""
    for port in ports:
        for _ in range(200):
            assert running.poll() is None, (base / "log").read_text()
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                    if connection.recv(100):
                        break
            except ConnectionRefusedError:
                with suppress(subprocess.TimeoutExpired):
                    running.wait(0.05)

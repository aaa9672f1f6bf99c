"""Asks a server with Mastodon.py, which has its one home here. Blocking: run it in a thread.

Mastodon.py knows the API's paths, parameters and multipart forms. What it makes of an answer is
not used: it loses the status and the headers, reads some servers' answers with an exception
(Takahe's media recurse, an unusual rate header raises after the post was accepted), and what an
answer means is decided in ``wire``. So each answer is taken as it arrives, before it is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from types import TracebackType
from typing import Any, Self

from herald.channels.mastodon.answer import Answer, NoAnswer

_TIMEOUT_SECONDS = 15
"""For connecting, and for each silence while reading; the library's own is 300."""
_REDIRECTS_MOST = 3
_NEWEST_KNOWN = "4.6.0"
"""Said to be the server's version, so that the library asks no version of the server by itself."""
_A_PAGE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where to ask, and as whom. The token is a secret: it is never shown."""

    server: str
    token: str
    user_agent: str

    def __repr__(self) -> str:
        return f"Account(server={self.server!r})"

    def hide(self, text: str) -> str:
        """Return *text* without the token."""
        return text.replace(self.token, "***")


class Conversation:
    """Requests of one account over a connection of their own; use it in a ``with``."""

    def __init__(self, account: Account, *, stop: Event) -> None:
        """Ask as *account*; once *stop* is set nothing more is asked."""
        self._account = account
        self._stop = stop
        self._heard: list[Any] = []

    def __enter__(self) -> Self:
        # The library takes 0.2 s to import, which check and plan need not wait for.
        from mastodon import Mastodon  # noqa: PLC0415

        self._client: Any = Mastodon(
            api_base_url=self._account.server,
            access_token=self._account.token,
            user_agent=self._account.user_agent,
            request_timeout=_TIMEOUT_SECONDS,
            ratelimit_method="throw",
            version_check_mode="created",
            mastodon_version=_NEWEST_KNOWN,
        )
        session = self._client.session
        session.trust_env = False
        session.max_redirects = _REDIRECTS_MOST
        session.hooks["response"].append(self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._heard.clear()
        self._client.session.close()

    def instance_v2(self) -> Answer | NoAnswer:
        """Ask what the server says about itself."""
        return self._ask(lambda client: client.instance_v2())

    def instance_v1(self) -> Answer | NoAnswer:
        """Ask what an older server says about itself."""
        return self._ask(lambda client: client.instance_v1())

    def own_account(self) -> Answer | NoAnswer:
        """Ask whose token it is."""
        return self._ask(lambda client: client.account_verify_credentials())

    def statuses(self, account_id: str, *, older_than: str | None) -> Answer | NoAnswer:
        """Ask for a page of an account's own statuses, newest first."""
        return self._ask(
            lambda client: client.account_statuses(
                account_id, exclude_reblogs=True, limit=_A_PAGE, max_id=older_than
            )
        )

    def source(self, status_id: str) -> Answer | NoAnswer:
        """Ask for the text of a status as it was sent."""
        return self._ask(lambda client: client.status_source(status_id))

    def upload(
        self, content: bytes, *, media_type: str, name: str, description: str
    ) -> Answer | NoAnswer:
        """Upload a picture with its description."""
        return self._ask(
            lambda client: client.media_post(
                content, mime_type=media_type, file_name=name, description=description or None
            )
        )

    def media(self, media_id: str) -> Answer | NoAnswer:
        """Ask whether an uploaded picture is ready."""
        return self._ask(lambda client: client.media(media_id))

    def _hear(self, response: Any, *_: object, **__: object) -> None:
        # The older address is asked on purpose; the library would print a warning for each time.
        response.headers.pop("Deprecation", None)
        self._heard.append(response)

    def _ask(self, call: Callable[[Any], object]) -> Answer | NoAnswer:
        self._heard.clear()
        if self._stop.is_set():
            return NoAnswer("Herald is stopping")
        try:
            call(self._client)
        except Exception as error:  # noqa: BLE001 - whatever it is: the answer itself decides
            return self._answer() or NoAnswer(self._account.hide(_why(error)))
        return self._answer() or NoAnswer("the request was never made")

    def _answer(self) -> Answer | None:
        """Return the last answer, if it arrived whole."""
        if not self._heard:
            return None
        response = self._heard[-1]
        try:
            body = response.content
        except Exception:  # noqa: BLE001 - cut off while it was read: as good as none
            return None
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body.replace(self._account.token.encode(), b"***"),
        )


def _why(error: BaseException) -> str:
    """Return the cause in a few words: Mastodon.py keeps it in the exception's context."""
    cause = error.__context__ or error
    words = str(cause).casefold()
    known = {
        "timed out": "the server did not answer in time",
        "refused": "the server refuses connections",
        "resolve": "the server's name is not known",
        "certificate": "the server's certificate is not valid",
        "redirects": "the server redirects in circles",
    }
    told = next((text for sign, text in known.items() if sign in words), "the connection broke")
    return f"{told} ({type(cause).__name__})"

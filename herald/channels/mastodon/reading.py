"""Asks a server with Mastodon.py, which has its one home here. Blocking: run it in a thread.

Mastodon.py knows the API's paths, parameters and multipart forms. What it makes of an answer is
not used: it loses the status and the headers, reads some servers' answers with an exception
(Takahe's media recurse, an unusual rate header raises after the post was accepted), and what an
answer means is decided in ``wire``. So each answer is taken as it arrives, no more of it than an
answer can need and no longer than is worth waiting, and the library never sees it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote, urljoin, urlsplit

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import hidden

READING_SECONDS = 45.0
"""For one answer, from its first byte to its last."""
_SILENCE_SECONDS = 15.0
"""For connecting, and for each silence while reading; the library's own is 300."""
_BODY_MOST = 4_000_000
"""Bytes; a page of 40 statuses with long texts and many pictures has less than one million."""
_AT_ONCE = 4096
"""Bytes read before the time is looked at."""
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
        """Return *text* without the token, as it is and as an address spells it."""
        return text.replace(self.token, "***").replace(quote(self.token, safe=""), "***")

    def heard(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return what a server said, without the token: some repeat it in pages and addresses."""
        named = {name.lower(): value for name, value in headers.items()}
        answer = Answer(status=status, headers=named, body=body)
        return cast("Answer", hidden(answer, [self.token]))


class _HeardIt(Exception):
    """The answer is whole: the library need not read it."""


class _TooMuch(Exception):
    """The answer is longer, or takes longer, than any that is needed."""


class Conversation:
    """Requests of one account over a connection of their own; use it in a ``with``."""

    def __init__(
        self,
        account: Account,
        *,
        is_over: Callable[[], bool],
        seconds: float = READING_SECONDS,
    ) -> None:
        """Ask as *account*; once *is_over* nothing more is asked. *seconds* are for one answer."""
        self._account = account
        self._is_over = is_over
        self._seconds = seconds
        self._answer: Answer | None = None

    def __enter__(self) -> Self:
        # The library takes 0.2 s to import, which check and plan need not wait for.
        from mastodon import Mastodon  # noqa: PLC0415

        self._client: Any = Mastodon(
            api_base_url=self._account.server,
            access_token=self._account.token,
            user_agent=self._account.user_agent,
            request_timeout=min(_SILENCE_SECONDS, self._seconds),
            ratelimit_method="throw",
            version_check_mode="created",
            mastodon_version=_NEWEST_KNOWN,
        )
        session = self._client.session
        session.trust_env = False
        session.stream = True
        session.max_redirects = _REDIRECTS_MOST
        session.hooks["response"].append(self._hear)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._answer = None
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
        """Take an answer before the library does; only a redirect within the server goes on."""
        body = self._body_of(response)
        self._answer = self._account.heard(response.status_code, response.headers, body)
        if not self._leads_on(response):
            raise _HeardIt

    def _body_of(self, response: Any) -> bytes:
        end = time.monotonic() + self._seconds
        body = b""
        for part in response.iter_content(_AT_ONCE):
            body += part
            if len(body) > _BODY_MOST or time.monotonic() > end:
                response.close()
                raise _TooMuch
        return body

    def _leads_on(self, response: Any) -> bool:
        """Tell whether an answer only names another address of the same server.

        What another server says about its own account is no answer of this one.
        """
        if not response.is_redirect:
            return False
        there = urlsplit(urljoin(response.url, response.headers["location"]))
        here = urlsplit(self._account.server)
        return (there.scheme, there.netloc) == (here.scheme, here.netloc)

    def _ask(self, call: Callable[[Any], object]) -> Answer | NoAnswer:
        self._answer = None
        if self._is_over():
            return NoAnswer("nobody waits for the answer any more")
        try:
            call(self._client)
        except Exception as error:  # noqa: BLE001 - whatever it is: the answer itself decides
            return self._answer or NoAnswer(self._account.hide(_why(error)))
        return self._answer or NoAnswer("the request was never made")


def _why(error: BaseException) -> str:
    """Return the cause in a few words: Mastodon.py keeps it in the exception's context."""
    cause = error.__context__ or error
    if isinstance(cause, _TooMuch):
        return "the answer is too long, or takes too long"
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

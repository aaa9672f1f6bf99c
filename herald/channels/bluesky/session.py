"""Signs an account in, once for many posts, and renews what has expired.

A server lets an account sign in 30 times in five minutes and 300 times a day: so tokens are kept
while Herald runs, and refreshed before the password is used again.
"""

from __future__ import annotations

import asyncio

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import ANSWER_SECONDS, Request, ask, hidden
from herald.channels.bluesky.asking import telling
from herald.channels.bluesky.finding import (
    Directories,
    ask_for_did,
    ask_for_document,
    read_did,
    read_server,
)
from herald.channels.bluesky.settings import BlueskySettings
from herald.channels.bluesky.wire import (
    Hindrance,
    Session,
    is_inactive,
    read_session,
    trouble_signing_in,
    wants_new_token,
)
from herald.model.delivery import Refused
from herald.ports import Clock

READING_SECONDS = 15.0
"""For one answer to what changes nothing."""


class SignedIn:
    """One account on its server. The password is a secret: it is never shown."""

    def __init__(
        self,
        settings: BlueskySettings,
        password: str,
        *,
        user_agent: str,
        clock: Clock,
        directories: Directories | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._settings = settings
        self._password = password
        self._user_agent = user_agent
        self._clock = clock
        self._directories = directories or Directories()
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._session: Session | None = None
        self._secrets: tuple[str, ...] = (password,)
        """What no answer may show: the password, and the tokens given last."""
        self.server = settings.server
        """The account's server; empty until it was found."""

    async def session(self) -> Session | Hindrance:
        """Return the session, signing in where there is none; else why there is none."""
        async with self._lock:
            return self._session or await self._sign_in()

    async def authorised(self, request: Request) -> Answer | NoAnswer | Hindrance:
        """Return the answer to *request*, asked as the account; else why nobody was asked.

        It is asked a second time only if it was refused for its token, which had expired.
        """
        session = await self.session()
        if not isinstance(session, Session):
            return session
        answer = await self._asked(request, session.access)
        if isinstance(answer, Answer) and wants_new_token(answer):
            renewed = await self._renewed(session)
            if not isinstance(renewed, Session):
                return renewed
            answer = await self._asked(request, renewed.access)
        return self._hidden(answer)

    async def public(self, request: Request) -> Answer | NoAnswer:
        """Return the answer to what anybody may ask."""
        return self._hidden(await self._asked(request))

    async def _renewed(self, old: Session) -> Session | Hindrance:
        """Return a session in place of *old*, which others may have replaced already."""
        async with self._lock:
            if self._session is not None and self._session != old:
                return self._session
            self._session = None
            request = telling(self.server, "com.atproto.server.refreshSession")
            answer = await self._asked(request, old.refresh)
            if isinstance(answer, NoAnswer) or not wants_new_token(answer):
                return self._kept(answer)
            return await self._sign_in()

    async def _sign_in(self) -> Session | Hindrance:
        found = self.server or await self._find()
        if isinstance(found, NoAnswer):
            return self._trouble(found)
        self.server = found
        wanted = {"identifier": self._settings.handle, "password": self._password}
        request = telling(found, "com.atproto.server.createSession", wanted)
        kept = self._kept(await self._asked(request))
        if isinstance(kept, Refused):
            self.server = self._settings.server  # it may have moved: ask anew, next time
        return kept

    def _kept(self, answer: Answer | NoAnswer) -> Session | Hindrance:
        session = read_session(answer) if isinstance(answer, Answer) and answer.is_good else None
        if session is None or (isinstance(answer, Answer) and is_inactive(answer)):
            return self._trouble(answer)
        self._session = session
        self._secrets = (self._password, session.access, session.refresh)
        return session

    async def _find(self) -> str | NoAnswer:
        """Return the server of the account; the usual one where nobody knows the handle."""
        handle, directories = self._settings.handle, self._directories
        answer = await self._asked(ask_for_did(directories.handles, handle))
        if isinstance(answer, NoAnswer) or answer.status >= 500:
            return _nobody_to_ask(answer)
        did = read_did(answer)
        request = ask_for_document(did, directories)
        if request is None:
            return directories.usual
        answer = await self._asked(request)
        if isinstance(answer, NoAnswer) or answer.status >= 500:
            return _nobody_to_ask(answer)
        return read_server(answer, did=did, handle=handle) or directories.usual

    async def _asked(self, request: Request, token: str = "") -> Answer | NoAnswer:
        # What only asks, or signs in, has little to do; a post and a picture may take longer.
        seconds = self._seconds if token else min(self._seconds, READING_SECONDS)
        return await ask(request, user_agent=self._user_agent, token=token, seconds=seconds)

    def _trouble(self, answer: Answer | NoAnswer) -> Hindrance:
        return trouble_signing_in(self._hidden(answer), now=self._clock.now())

    def _hidden(self, answer: Answer | NoAnswer) -> Answer | NoAnswer:
        return hidden(answer, self._secrets)


def _nobody_to_ask(answer: Answer | NoAnswer) -> NoAnswer:
    why = answer.why if isinstance(answer, NoAnswer) else f"it answered {answer.status}"
    return NoAnswer(f"its server could not be found: {why}", reached=False)

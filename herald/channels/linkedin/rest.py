"""Asks LinkedIn as the account, and renews its token once that is refused."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard
from urllib.parse import quote, urlencode, urlsplit

from herald.channels.answer import Answer, NoAnswer
from herald.channels.asking import ANSWER_SECONDS, Request, ask, hidden
from herald.channels.network import KeepSecret
from herald.data.linkedin import linkedin_facts

log = logging.getLogger(__name__)

READING_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What the account signs in with. All are secrets: they are never shown."""

    token: str
    refresh_token: str = ""
    client_id: str = ""
    client_secret: str = ""

    def __repr__(self) -> str:
        return "Keys()"

    @property
    def can_be_renewed(self) -> bool:
        """Tell whether there is all that renewing the token takes."""
        return bool(self.refresh_token and self.client_id and self.client_secret)


class Rest:
    """LinkedIn's interface, as one account sees it."""

    def __init__(
        self,
        keys: Keys,
        *,
        server: str,
        user_agent: str,
        keep_secret: KeepSecret,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Take *server*, which is asked in LinkedIn's place; '' for LinkedIn itself."""
        self._facts = linkedin_facts()
        self._keys = keys
        self._api = server or self._facts.api
        self._oauth = f"{server}/oauth/v2" if server else self._facts.oauth
        self._user_agent = user_agent
        self._keep_secret = keep_secret
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._gone: set[str] = set()
        """Tokens that were replaced: an answer may still repeat one."""

    @property
    def host(self) -> str:
        """The server that is asked."""
        return urlsplit(self._api).netloc

    @property
    def keys(self) -> Keys:
        """What the account signs in with now."""
        return self._keys

    async def read(
        self, path: str, query: Mapping[str, str] | None = None, *, finds: bool = False
    ) -> Answer | NoAnswer:
        """Return the answer to a question; asked again if the token had expired."""
        method = "FINDER" if finds else "GET"
        request = self._request("GET", path, query or {}, None, method)
        return await self._twice(request, min(self._seconds, READING_SECONDS))

    async def prepare(
        self, path: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> Answer | NoAnswer:
        """Return the answer to what makes nothing public; asked again as in ``read``."""
        return await self._twice(self._request("POST", path, query, body, ""), self._seconds)

    async def change(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, named: str = ""
    ) -> Answer | NoAnswer:
        """Return the answer to what changes the page: asked once, whatever comes back.

        A token that is refused is renewed for the next request.
        """
        request = self._request(method, path, {}, body, named)
        used = self._keys.token
        answer = await self._ask(request, used, self._seconds)
        if isinstance(answer, Answer) and answer.status == 401:
            await self._renewed(used)
        return answer

    def was_renewed(self, token: str) -> bool:
        """Tell whether *token* was replaced by another."""
        return token != self._keys.token

    async def upload(self, address: str, content: bytes, kind: str) -> Answer | NoAnswer:
        """Return the answer to a picture that is sent where LinkedIn wants it."""
        request = Request(method="PUT", address=address, body=content, kind=kind, is_spelled=True)
        return await self._twice(request, self._seconds)

    def may_upload_to(self, address: str) -> bool:
        """Tell whether *address* is LinkedIn's: the token goes nowhere else."""
        try:
            there, here = urlsplit(address), urlsplit(self._api)
            host, _ = there.hostname or "", there.port
        except ValueError:
            return False
        if (there.scheme, there.netloc) == (here.scheme, here.netloc):
            return True
        known = any(host == one or host.endswith(f".{one}") for one in self._facts.upload_hosts)
        return there.scheme == "https" and known

    async def introspect(self) -> Answer | NoAnswer | None:
        """Return what LinkedIn says of the token; None without the app's id and secret."""
        keys = self._keys
        if not (keys.client_id and keys.client_secret):
            return None
        return await self._form("introspectToken", {"token": keys.token})

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        named: str,
    ) -> Request:
        headers = {
            "LinkedIn-Version": self._facts.version,
            "X-Restli-Protocol-Version": "2.0.0",
            **({"X-RestLi-Method": named} if named else {}),
        }
        # A URN stands in an address with its colons spelled %3A.
        asked = f"?{urlencode(query, quote_via=quote)}" if query else ""
        return Request(
            method=method,
            address=f"{self._api}/rest/{path}{asked}",
            body=None if body is None else json.dumps(body).encode(),
            headers=headers,
            is_spelled=True,
        )

    async def _twice(self, request: Request, seconds: float) -> Answer | NoAnswer:
        used = self._keys.token
        answer = await self._ask(request, used, seconds)
        if isinstance(answer, Answer) and answer.status == 401 and await self._renewed(used):
            answer = await self._ask(request, self._keys.token, seconds)
        return answer

    async def _renewed(self, used: str) -> bool:
        """Renew the token in place of *used*; tell whether there is another one now."""
        async with self._lock:
            if self._keys.token != used:
                return True
            if not self._keys.can_be_renewed:
                return False
            fields = {"grant_type": "refresh_token", "refresh_token": self._keys.refresh_token}
            answer = await self._form("accessToken", fields, shown=True)
            told = answer.read_object() if isinstance(answer, Answer) and answer.is_good else {}
            token, refresh = told.get("access_token"), told.get("refresh_token")
            if not _is_token(token):
                log.warning("LinkedIn did not renew an access token")
                return False
            renewed = refresh if _is_token(refresh) else self._keys.refresh_token
            self._gone.update((self._keys.token, self._keys.refresh_token))
            self._keys = Keys(
                token=token,
                refresh_token=renewed,
                client_id=self._keys.client_id,
                client_secret=self._keys.client_secret,
            )
            await self._keep({"access_token": token, "refresh_token": renewed})
            return True

    async def _keep(self, secrets: Mapping[str, str]) -> None:
        try:
            for name, value in secrets.items():
                await self._keep_secret(name, value)
        except Exception:  # wherever secrets are kept: the new one is used all the same
            log.exception("a renewed access token could not be kept")

    async def _form(
        self, name: str, fields: Mapping[str, str], *, shown: bool = False
    ) -> Answer | NoAnswer:
        """Return the answer of the sign-in service; *shown* if the new tokens are to be read."""
        known = {"client_id": self._keys.client_id, "client_secret": self._keys.client_secret}
        request = Request(
            method="POST",
            address=f"{self._oauth}/{name}",
            body=urlencode({**fields, **known}).encode(),
            kind="application/x-www-form-urlencoded",
        )
        answer = await ask(request, user_agent=self._user_agent, seconds=READING_SECONDS)
        return answer if shown else hidden(answer, self._secrets())

    async def _ask(self, request: Request, token: str, seconds: float) -> Answer | NoAnswer:
        answer = await ask(request, user_agent=self._user_agent, token=token, seconds=seconds)
        return hidden(answer, self._secrets())

    def _secrets(self) -> tuple[str, ...]:
        keys = self._keys
        return (keys.token, keys.refresh_token, keys.client_secret, *self._gone)


def spelled(urn: str) -> str:
    """Return a URN as it stands in an address."""
    return quote(urn, safe="")


def _is_token(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value) and value.isascii() and value.isprintable()

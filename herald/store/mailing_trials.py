"""Trials of the mail server on disk, beside the keys that Herald makes for itself."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import select

from herald.model.account import Finding, Severity
from herald.model.trial import Trial
from herald.store.engine import Store
from herald.store.mailing_tables import secret
from herald.store.upsert import upsert


class StoredTrials:
    """The last trial of each way; another relay, sender, key or selector is another way."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def trial(self, way: str) -> Trial | None:
        """Return the last trial of a way; None before the first."""
        async with self._store.reading() as connection:
            wanted = select(secret.c.value).where(secret.c.name == _name(way))
            found = await connection.scalar(wanted)
        return _trial_of(bytes(found)) if found is not None else None

    async def save_trial(self, way: str, trial: Trial) -> None:
        """Write the last trial of a way."""
        async with self._store.writing() as connection:
            row = {"name": _name(way), "value": _bytes_of(trial)}
            await upsert(connection, secret, row, change=("value",))


def _name(way: str) -> str:
    return f"trial {way}"


def _bytes_of(trial: Trial) -> bytes:
    findings = [[str(one.severity), one.what, one.remedy] for one in trial.findings]
    found_at = trial.found_at.isoformat() if trial.found_at else None
    return json.dumps([trial.asked_at.isoformat(), found_at, findings]).encode()


def _trial_of(written: bytes) -> Trial:
    asked_at, found_at, findings = json.loads(written)
    return Trial(
        asked_at=datetime.fromisoformat(asked_at),
        found_at=datetime.fromisoformat(found_at) if found_at else None,
        findings=tuple(
            Finding(severity=Severity(severity), what=what, remedy=remedy)
            for severity, what, remedy in findings
        ),
    )

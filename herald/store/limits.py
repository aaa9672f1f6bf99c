"""Writes a channel's capabilities as JSON, and reads what this or an earlier version wrote."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import timedelta
from enum import Enum
from typing import Any

from herald.model.delivery import Action
from herald.model.network import Capabilities, Count, Handle

_SPANS = ("settle_window", "repeat_within", "timeout", "pace", "host_pace")


def limits_to_text(capabilities: Capabilities) -> str:
    """Return *capabilities* as JSON; lengths of time in seconds."""
    values = {each.name: getattr(capabilities, each.name) for each in fields(capabilities)}
    return json.dumps(values, default=_plain)


def limits_from_text(text: str) -> Capabilities:
    """Return the capabilities in *text*; unknown fields are left out, missing ones have defaults.

    So a channel keeps what it learnt across an upgrade of Herald.
    """
    known = {each.name for each in fields(Capabilities)}
    values = {name: value for name, value in json.loads(text).items() if name in known}
    for name in _SPANS:
        if values.get(name) is not None:
            values[name] = timedelta(seconds=values[name])
    for name in ("media_types", "video_types"):
        if name in values:
            values[name] = frozenset(values[name])
    if "actions" in values:
        values["actions"] = frozenset(Action(one) for one in values["actions"])
    if values.get("media_ratio") is not None:
        narrowest, widest = values["media_ratio"]
        values["media_ratio"] = (narrowest, widest)
    if "count" in values:
        values["count"] = Count(values["count"])
    if "handle" in values:
        values["handle"] = Handle(values["handle"])
    return Capabilities(**values)


def _plain(value: Any) -> Any:
    match value:
        case timedelta():
            return value.total_seconds()
        case frozenset():
            return sorted(value)
        case Enum():
            return value.value
        case _:
            raise TypeError(f"{type(value).__name__} has no place in capabilities")

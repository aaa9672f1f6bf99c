"""Tables of keys, made from the shapes against which Herald checks what people write."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from datetime import time, timedelta
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from docs.reference.examples import EXAMPLES, WITHOUT
from docs.reference.markdown import code, table
from herald.model.campaign import DEFAULT_AT, Amplify, Campaign
from herald.sources import texts, times, values
from herald.sources.campaigns import item_shapes, shapes
from herald.sources.config import shapes as config

FORMS: tuple[tuple[Any, str], ...] = (
    (values.Id, "id"),
    (values.Ids, "ids"),
    (values.Text, "text"),
    (values.TextList, "texts in a list"),
    (texts.Texts, "text by language"),
    (texts.LanguageTag, "language"),
    (texts.Languages, "languages"),
    (texts.Hashtags, "hashtags"),
    (times.Duration, "duration"),
    (times.Length, "duration"),
    (config.Pause, "duration"),
    (config.Kept, "duration"),
    (times.TimeOfDay, "time of day"),
    (times.Day, "day"),
    (times.DayRanges, "days"),
    (times.DaysByYear, "day, days, or a list of them"),
    (times.Moment, "moment"),
    (item_shapes.On, "moment, or `now`"),
    (times.Recurring, "recurrence"),
    (times.Zone, "time zone"),
    (times.PostingWindow, "days and hours"),
    (times.Quiet, "hours"),
    (times.Limit, "limit"),
    (times.MailLimits, "limit, or a list of them"),
    (values.Url, "web address"),
    (config.FeedUrl, "web address"),
    (values.Country, "country"),
    (values.MailAddress, "mail address"),
    (values.Flag, "true or false"),
    (item_shapes.Threaded, "true, false or `numbered`"),
    (values.Count, "whole number"),
    (config.Connections, "whole number"),
    (config.FewEntries, "`0`, `1`, `2`, `3`"),
    (shapes.Kinds, "kinds"),
    (item_shapes.Posts, "moment, or list of [occasions](#occasions-post)"),
    (item_shapes.Picture, "file name, or [map](#pictures-image)"),
    (str, "text"),
)
"""What each kind of value is called; the reference says in words how one is written."""

SECTIONS: Mapping[type[BaseModel], str] = {
    item_shapes.ItemShape: "items",
    item_shapes.OverrideShape: "one-channel-differently-on_channel",
    item_shapes.LocationShape: "places-place",
    item_shapes.RegistrationShape: "signing-up-registration",
    shapes.SeriesShape: "series",
    shapes.AmplifyShape: "partners-news-amplify",
    shapes.MatchShape: "what-matches-match-and-exclude",
    shapes.LimitShape: "how-many-limit",
    shapes.NewsletterShape: "newsletters",
    shapes.SectionShape: "sections-of-a-newsletter",
    config.OfficerShape: "officers",
    config.NotifyShape: "notify",
    config.MatrixShape: "notifymatrix",
    config.WebhookShape: "notifywebhook",
    config.WebShape: "web",
    config.SmtpShape: "smtp",
    config.LimitsShape: "smtplimits",
    config.BouncesShape: "bounces",
    config.MailboxShape: "bouncesmailbox",
    config.RetentionShape: "retention",
    config.FeedsShape: "feeds",
    shapes.DefaultsShape: "defaults",
    config.FeedShape: "feeds-of-a-partner",
    config.SenderShape: "from-of-a-list",
    config.TargetShape: "targets-of-a-project",
    config.DesignShape: "design-of-a-list",
    config.NamedPictureShape: "logo-of-a-design-emblem-of-a-project",
}
"""The heading under which each shape is described, as a link spells it."""

_OF_THE_MODEL = {
    "missing_translation": Campaign,
    "approve": Campaign,
    "stagger": Campaign,
    "multilingual": Campaign,
    "at_most_late": Campaign,
    "catch_up": Campaign,
    "fresh": Amplify,
}
"""Keys whose default a shape leaves to the model, because herald.yaml may say it too."""
_SAID_HIGHER_UP = (item_shapes.ItemShape, item_shapes.OccasionShape)
_ASIDE = re.compile(r"\s*\([^()]*if (?:it is )?not given\)")


def keys_table(shape: type[BaseModel], *, first: tuple[str, ...] = ()) -> list[str]:
    """Return the table of a shape's keys: meaning, form, example, and what holds without it.

    The keys of *first* come first, then what is required, then the order of the shape.
    """
    hints = get_type_hints(shape, include_extras=True)
    fields = {key_of(name, field): (name, field) for name, field in shape.model_fields.items()}
    required = [key for key, (_, field) in fields.items() if field.is_required()]
    rows = []
    for key in dict.fromkeys((*first, *required, *fields)):
        name, field = fields[key]
        written = _written(form_of(hints[name]), EXAMPLES[shape][key])
        rows.append((f"`{key}`", _meaning(field), written, _without(shape, name, field)))
    return table(("Key", "Means", "Written as", "Without it"), rows)


def key_of(name: str, field: FieldInfo) -> str:
    """Return a field's key as it stands in a file."""
    return field.alias or name


def form_of(hint: Any) -> str:
    """Return in words how a value is written; ValueError for one that has no words yet."""
    for known, words in FORMS:
        if hint == known:
            return words
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return f"[map](#{SECTIONS[hint]})"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _choice(hint)
    return _form_of_generic(hint)


def _form_of_generic(hint: Any) -> str:
    inside = [one for one in get_args(hint) if one is not NoneType and one is not Ellipsis]
    origin = get_origin(hint)
    if origin in (Union, UnionType) and len(inside) == 1:
        return form_of(inside[0])
    if origin is Annotated:
        return form_of(inside[0])
    if origin is Literal:
        return _choice(inside)
    if origin is tuple:
        return f"list: {form_of(inside[0])}" if _is_choice(inside[0]) else _list_of(inside[0])
    if origin is dict:
        return _map_of(inside[0], inside[1])
    raise ValueError(f"{hint!r} has no form in words: add it to FORMS")


def _choice(words: Iterable[Any]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _is_choice(hint: Any) -> bool:
    return get_origin(hint) is Literal


def _list_of(hint: Any) -> str:
    return f"list of {form_of(hint).replace('[map]', '[maps]')}"


def _map_of(key: Any, value: Any) -> str:
    before = form_of(key)
    return f"map from {before.replace(', ', ' or ')} to {form_of(value)}"


def _written(form: str, example: str) -> str:
    """Return form and example; a choice needs no example."""
    if form.startswith("`") or form == "true or false":
        return form
    return f"{form}: {code(example)}"


def _meaning(field: FieldInfo) -> str:
    return _ASIDE.sub("", " ".join((field.description or "").split())).rstrip(".")


def _without(shape: type[BaseModel], name: str, field: FieldInfo) -> str:
    if told := WITHOUT.get((shape, key_of(name, field))):
        return told
    if field.is_required():
        return "**required**"
    default = field.get_default(call_default_factory=True)
    if default is None and name in _OF_THE_MODEL:
        if shape in _SAID_HIGHER_UP:
            return "as the campaign says"
        return code(_spelled(_default_of(_OF_THE_MODEL[name], name)))
    if default is None and name == "at" and shape is not item_shapes.OverrideShape:
        return code(_spelled(DEFAULT_AT))
    return code(_spelled(default))


def _default_of(model: type[Any], name: str) -> Any:
    return next(field.default for field in dataclasses.fields(model) if field.name == name)


def _spelled(value: Any) -> str:
    """Return a default as one would write it; nothing where it is nothing."""
    if value is PydanticUndefined or value is None or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return _length(value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return str(value) if value else ""


def _length(value: timedelta) -> str:
    for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60)):
        count, rest = divmod(int(value.total_seconds()), seconds)
        if not rest:
            return f"{count}{unit}"
    return f"{int(value.total_seconds())}s"

"""The page of the files under config/, the variables, and the secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from docs.reference.examples import EXAMPLES
from docs.reference.markdown import code, page, table
from docs.reference.shapes import key_of, keys_table
from herald.channels.registry import BROUGHT_ALONG
from herald.channels.settings import NetworkSettings
from herald.settings import PREFIX, SECRETS_VARIABLE
from herald.sources.campaigns.shapes import DefaultsShape
from herald.sources.config import shapes

NETWORK_SETTINGS: Mapping[str, type[NetworkSettings]] = {
    name: network.settings for name, network in BROUGHT_ALONG.items()
}
"""What each network lets channels.yaml say beside the keys that all share."""

_PARTS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("officers", shapes.OfficerShape),
    ("notify", shapes.NotifyShape),
    ("notify.matrix", shapes.MatrixShape),
    ("notify.webhook", shapes.WebhookShape),
    ("web", shapes.WebShape),
    ("smtp", shapes.SmtpShape),
    ("smtp.limits", shapes.LimitsShape),
    ("bounces", shapes.BouncesShape),
    ("bounces.mailbox", shapes.MailboxShape),
    ("retention", shapes.RetentionShape),
    ("feeds", shapes.FeedsShape),
    ("defaults", DefaultsShape),
)

INTRO = """\
# Configuration

The files under `config/` say what holds for all campaigns. `herald init` writes commented ones,
`herald check` reads them all. How ids, languages, durations and the other values are written stands
on the page of [campaign files](campaign-files.md#how-values-are-written).

**No secret stands in these files.** Tokens and passwords go into [variables or files of their
own](#variables-and-secrets), so that `config/` may lie in Git and be shown to anybody.

A running Herald sees changes of these files as it sees those of campaigns. Three things hold only
from the next start: new accounts and other settings of an account, and the mail server, the web
address and the store of `herald.yaml`.

## `herald.yaml`
"""

CHANNELS = """\
## `channels.yaml`

Where posts go: a map from ids, which campaigns use, to accounts.

```yaml
fedi:
  network: mastodon
  server: "https://social.example.org"
  languages: [en, it]
trial:
  network: journal
  like: mastodon
```
"""

PARTNERS = """\
## `partners.yaml`

The members of the network: a map from ids, which campaigns use, to organisations.

```yaml
ecomuseo-argenta:
  name: Ecomuseo di Argenta
  country: IT
  languages: [it]
  tags: [museums]
  feeds:
    - {url: "https://example.org/feed/", licence: CC-BY-4.0}
    - {url: "https://example.org/events.ics"}
```
"""

PROJECTS = """\
## `projects.yaml`

Who pays: a map from ids to funded projects. The number of the grant decides what every post of a
campaign of that project must say: see [funding statements](funding-statements.md).

```yaml
ecoheritage:
  name: EcoHeritage
  grant: 2020-1-ES01-KA204-082769
  authority: SEPIE
  targets: {meeting: 5, stakeholder: {per_partner: 5}}
```
"""

LISTS = """\
## `lists.yaml`

Mailing lists: a map from ids to lists. The subscribers themselves never stand in a file; they come
with `herald lists import`.

```yaml
friends:
  name: {en: Friends of ecomuseums, it: Amici degli ecomusei}
  from: {name: EcoHeritage, address: news@example.org}
  languages: [en, it]
```
"""

VARIABLES = f"""\
## Variables and secrets

Every setting of `herald.yaml` can also be given from outside. The name is `{PREFIX}` and the keys
in capitals, with `__` between a key and the one inside it; lists and maps are written as JSON. From
the weakest to the strongest:

1. `config/herald.yaml`,
2. the file `.env` in the folder that holds `config/`, one `NAME=value` a line,
3. a folder of secrets, one file for each value, called by the variable (`{PREFIX}` may be left
   out): the folder that `{SECRETS_VARIABLE}` names, else `secrets/` in the folder that holds
   `config/`,
4. variables of the environment.

**Secrets** have no place in `herald.yaml` or `channels.yaml`; `herald check` refuses a file that
holds one. A channel's id is written in capitals, and its hyphens as `_`.

"""

VARIABLES_END = """\

All variables of `herald.yaml`:

"""


def configuration_page() -> str:
    """Return the page of every setting and every variable."""
    parts = [*INTRO.split("\n"), *keys_table(shapes.HeraldShape)]
    for name, shape in _PARTS:
        parts += [f"### `{name}`", "", *keys_table(shape)]
    parts += [*CHANNELS.split("\n"), *keys_table(shapes.ChannelShape)]
    for network, settings in NETWORK_SETTINGS.items():
        parts += [f"### Settings of `{network}`", "", *_settings(settings)]
    parts += [*PARTNERS.split("\n"), *keys_table(shapes.PartnerShape)]
    parts += ["### `feeds` of a partner", "", *keys_table(shapes.FeedShape)]
    parts += [*PROJECTS.split("\n"), *keys_table(shapes.ProjectShape)]
    parts += ["### `targets` of a project", "", "A bare number is the total.", ""]
    parts += keys_table(shapes.TargetShape)
    parts += [*LISTS.split("\n"), *keys_table(shapes.ListShape)]
    parts += ["### `from` of a list", "", *keys_table(shapes.SenderShape)]
    parts += ["### `design` of a list", "", *keys_table(shapes.DesignShape)]
    parts += ["### `logo` of a design, `emblem` of a project", ""]
    parts += ["Either a `file` or a `url`.", "", *keys_table(shapes.NamedPictureShape)]
    parts += [*VARIABLES.split("\n"), *table(("Secret", "Is"), _secrets())]
    parts += [*VARIABLES_END.split("\n"), *table(("Variable", "Example"), variables())]
    return page(parts)


def variables() -> Iterator[tuple[str, str]]:
    """Yield every variable of herald.yaml and an example of its value."""
    parts = dict(_PARTS)
    for key, example in EXAMPLES[shapes.HeraldShape].items():
        inside = parts.get(key)
        if key == "officers":
            yield f"`{PREFIX}OFFICERS`", code('[{"name": "Ana", "email": "ana@example.org"}]')
        elif inside is None:
            yield f"`{PREFIX}{key.upper()}`", code(example.strip('"'))
        else:
            for name, field in inside.model_fields.items():
                within = key_of(name, field)
                yield f"`{PREFIX}{key.upper()}__{within.upper()}`", code(_as_json(inside, within))


def _as_json(shape: type[BaseModel], key: str) -> str:
    """Return an example as a variable holds it: a bare text, or JSON."""
    return _JSON.get(key) or EXAMPLES[shape][key].strip('"')


_JSON = {
    "mailbox": '{"host": "mail.example.org", "user": "bounces@example.org"}',
    "at_once": '["failed", "unclear"]',
    "matrix": '{"server": "https://matrix.example.org", "room": "!abc:example.org"}',
    "webhook": '{"url": "https://example.org/hook"}',
    "languages": '["en", "it"]',
    "channels": '["fedi"]',
    "hashtags": '{"any": ["Ecomuseums"]}',
    "calendar": '{"museum_week": "2027-06-07..2027-06-13"}',
    "window": '{"days": "mon-fri", "hours": "09:00-19:00"}',
}


def _secrets() -> Iterator[tuple[str, str]]:
    for name, network in BROUGHT_ALONG.items():
        for secret in network.secrets:
            told = f"of a {name} channel `fedi`: {secret.what}"
            yield f"`{PREFIX}CHANNELS__FEDI__{secret.name.upper()}`", told
    yield f"`{PREFIX}SMTP__PASSWORD`", "the password of `smtp.user` at the mail server"
    told = "the key with which Herald signs mail, as PEM text: in place of a file"
    yield f"`{PREFIX}SMTP__DKIM_KEY`", told
    told = "the password of `bounces.mailbox.user` at the mail server"
    yield f"`{PREFIX}BOUNCES__MAILBOX__PASSWORD`", told
    told = "what lets Herald write in the Matrix room of `notify.matrix`"
    yield f"`{PREFIX}NOTIFY__MATRIX__ACCESS_TOKEN`", told
    told = "`whsec_` and what signs the calls of `notify.webhook`, in Base64"
    yield f"`{PREFIX}NOTIFY__WEBHOOK__SECRET`", told


def _settings(settings: type[NetworkSettings]) -> list[str]:
    rows = [
        (
            f"`{name}`",
            (field.description or "").replace("|", "or"),
            "**required**" if field.is_required() else code(str(field.default)),
        )
        for name, field in settings.model_fields.items()
    ]
    return table(("Key", "Means", "Without it"), rows)

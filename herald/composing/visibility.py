"""Which funding statement a post must carry, decided from the project's grant reference."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from herald.composing.comparing import fold, stands
from herald.composing.locales import language_name
from herald.data.funding import ENGLISH, Wording, funding_data
from herald.model.configuration import Funding, Project
from herald.model.ids import Language
from herald.model.words import Words

FIRST_NEW_CALL = 2021
"""From this call on the wording is the same for all programmes of the Union."""
FIRST_LATER_CALL = 2018
"""From this call to 2020 Erasmus+ had a disclaimer of its own."""

_GRANT = re.compile(
    r"(?P<call>20\d\d)-(?P<round>\d)-(?P<agency>[A-Z]{2}\d{2})-(?P<action>KA\d{3})"
    r"(?:-(?P<field>[A-Z]{2,4}))?-(?P<number>\d{6,9})$",
    re.IGNORECASE,
)
"""A grant of a national agency. Central ones (101……, …-EPP-…) do not tell their wording."""
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-"))
"""Hyphens as copied from a PDF."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A text that a funder wants, in the language in which it is known."""

    text: str
    """Empty where no text is needed, or where none can be known."""
    language: Language
    confidence: str = ""
    """``own`` for the project's own words, else that of the data: a_plus, a, b, c."""
    warning: str = ""
    """A sentence for the editor; empty where all is well."""
    required: bool = True
    """Without a text it is owed and cannot be told: the post must be held."""


def short_statement(project: Project, language: Language) -> Statement:
    """Return the statement that a post in *language* carries for *project*.

    The project's own words win. Else the grant reference tells the call, and the call the wording:
    up to 2020 it names Erasmus+, from 2021 it is the general one. Unconfirmed wordings come with a
    warning; where none is known for the language, the English one, which is always valid.
    """
    own = _own(project.statement, language)
    if own is not None:
        return own
    table = _table(project)
    if table is not None:
        return _told(table, project, language)
    if not (project.grant.strip() or project.statement):
        return Statement(text="", language=language, required=False)
    return _own_in_another(project.statement, project, "statement") or _unknown(
        project, language, "statement", f"cannot be told from its grant reference {project.grant!r}"
    )


def has_statement(text: str, project: Project) -> bool:
    """Tell whether *text* carries an accepted wording of the statement of *project*.

    Any language counts; capitals, apostrophes and the Romanian cedilla make no difference.
    """
    folded = fold(text)
    if any(stands(fold(own), folded) for _, own in project.statement):
        return True
    table = _table(project)
    return table is not None and any(
        stands(wanted, folded) for wanted in _accepted(_era(project), project.funding)
    )


def is_statement(text: str, own: Iterable[str] = ()) -> bool:
    """Tell whether *text* is a funding statement and nothing else: a known one or one of *own*."""
    folded = fold(text).rstrip(".")
    return folded in _known() or any(folded == fold(words).rstrip(".") for words in own)


def disclaimer(project: Project, language: Language) -> Statement:
    """Return the full disclaimer, for newsletters, imprints and pages.

    Texts are used whole or not at all: one that names another authority than the project's, or that
    opens with the other statement, is not offered.
    """
    own = _own(project.disclaimer, language)
    if own is not None:
        return own
    if not (project.grant.strip() or project.statement or project.disclaimer):
        return Statement(text="", language=language, required=False)
    era = _era(project) or _era_of_own_words(project)
    for tag in dict.fromkeys((language, Language(ENGLISH))):
        found = None if era is None or era.programme else _disclaimer_in(tag, era, project)
        if found is not None:
            return found if tag == language else _instead(found, "disclaimer", language)
    return _own_in_another(project.disclaimer, project, "disclaimer") or _unknown(
        project,
        language,
        "disclaimer",
        "must name its granting authority in that authority's words",
    )


@dataclass(frozen=True, slots=True)
class _Era:
    """What a grant reference tells: the year of its call, or an older programme's name."""

    call: int = 0
    programme: str = ""

    @property
    def is_old(self) -> bool:
        return 0 < self.call < FIRST_NEW_CALL


def _era(project: Project) -> _Era | None:
    """Read the grant reference and the programme; None where they tell nothing."""
    programme = re.sub(r"[^a-z0-9]+", "_", project.programme.casefold()).strip("_")
    if programme in funding_data().programmes:
        return _Era(programme=programme)
    match = _GRANT.match(project.grant.strip().translate(_HYPHENS))
    return _Era(call=int(match["call"])) if match else None


def _table(project: Project) -> Mapping[str, Wording] | None:
    """Return the wordings by language that fit the grant; None where they cannot be told."""
    era = _era(project)
    return None if era is None else _wordings(era, project.funding)


def _wordings(era: _Era, funding: Funding) -> Mapping[str, Wording] | None:
    facts = funding_data()
    if era.programme:
        return {ENGLISH: facts.programmes[era.programme]}
    if era.is_old:
        # No wording of a fully funded grant of those years is known: the agreement must say.
        return facts.old_erasmus_plus if funding is Funding.CO_FUNDED else None
    return facts.funded if funding is Funding.FUNDED else facts.co_funded


def _era_of_own_words(project: Project) -> _Era | None:
    """Tell the call of a central grant by its statement: the general wording came with 2021."""
    general = _accepted(_Era(call=FIRST_NEW_CALL), project.funding)
    if any(fold(own) in general for _, own in project.statement):
        return _Era(call=FIRST_NEW_CALL)
    return None


def _told(table: Mapping[str, Wording], project: Project, language: Language) -> Statement:
    wording = _row(table, language)
    if wording is None or not wording.is_usable:
        english = _own(project.statement, Language(ENGLISH)) or Statement(
            text=table[ENGLISH].text,
            language=Language(ENGLISH),
            confidence=table[ENGLISH].confidence,
        )
        return _instead(english, "statement", language)
    warning = (
        f"the funding statement in {_named(language)}, “{wording.text}”, is not confirmed:"
        f" compare it with the grant agreement, then write `statement: {{{language}: …}}` in"
        " config/projects.yaml"
    )
    return Statement(
        text=wording.text,
        language=language,
        confidence=wording.confidence,
        warning=warning if wording.confidence == "c" else "",
    )


def _instead(english: Statement, field: str, language: Language) -> Statement:
    """Return the English text with the reason why it stands in for *language*."""
    return replace(
        english,
        warning=f"no confirmed funding {field} is known in {_named(language)}: the English one is"
        f" used, unless you write `{field}: {{{language}: …}}` in config/projects.yaml",
    )


def _named(language: Language) -> str:
    return language_name(language, Language(ENGLISH))


def _row(table: Mapping[str, Wording], language: Language) -> Wording | None:
    """Return the row of *language*, else that of the language without its region."""
    tag = language.casefold()
    return table.get(tag) or table.get(tag.split("-")[0])


def _own(words: Words, language: Language) -> Statement | None:
    """Return the project's own words in *language* or, under ``*``, in every language."""
    for tag in dict.fromkeys((language, Language(language.split("-")[0]))):
        text = words.get(tag)
        if text is not None and text.strip():
            return Statement(text=text.strip(), language=language, confidence="own")
    return None


def _own_in_another(words: Words, project: Project, field: str) -> Statement | None:
    """Return the project's own words in the language in which they were written first."""
    for tag, text in words:
        if text.strip():
            return Statement(
                text=text.strip(),
                language=tag,
                confidence="own",
                warning=f"the {field} of project {project.id} is written in {_named(tag)} only: it"
                " is used in other languages as well",
            )
    return None


def _unknown(project: Project, language: Language, field: str, why: str) -> Statement:
    return Statement(
        text="",
        language=language,
        warning=f"the {field} of project {project.id} {why}: copy it from the grant agreement to"
        f" `{field}:` in config/projects.yaml",
    )


def _disclaimer_in(language: Language, era: _Era, project: Project) -> Statement | None:
    if era.is_old:
        form = "old_2018_2020" if era.call >= FIRST_LATER_CALL else "old_communication"
    else:
        form = "new_funded" if project.funding is Funding.FUNDED else "new_co_funded"
    row = funding_data().disclaimers.get((language.split("-")[0].casefold(), form))
    if row is None or (row.authority and row.authority.casefold() != project.authority.casefold()):
        return None
    warning = (
        ""
        if row.confidence != "c"
        else (
            "the disclaimer is not confirmed: compare it with the grant agreement, or write"
            " `disclaimer:` in config/projects.yaml"
        )
    )
    return Statement(text=row.text, language=language, confidence=row.confidence, warning=warning)


@cache
def _known() -> frozenset[str]:
    facts = funding_data()
    tables = (facts.co_funded, facts.funded, facts.old_erasmus_plus, facts.programmes)
    return frozenset(
        fold(text)
        for table in tables
        for wording in table.values()
        for text in (wording.text, *wording.variants)
        if text
    )


@cache
def _accepted(era: _Era | None, funding: Funding) -> tuple[str, ...]:
    table = None if era is None else _wordings(era, funding)
    return tuple(
        fold(text)
        for wording in (table or {}).values()
        if wording.is_usable
        for text in (wording.text, *wording.variants)
    )

"""Who writes to a list, and what the list is called, in each language.  Pure."""

from __future__ import annotations

from herald.mailing.sending.mime import Sender
from herald.model.configuration import MailingList
from herald.model.ids import Language


def list_name(mailing_list: MailingList, language: Language) -> str:
    """Return a list's name in *language*, else in the list's first, else its id."""
    return (
        mailing_list.name.first((language, *mailing_list.languages))
        or mailing_list.name.first(mailing_list.name.languages)
        or mailing_list.id
    )


def sender_of(mailing_list: MailingList, language: Language) -> Sender:
    """Return who writes to a list, in one language."""
    return Sender(
        list=mailing_list.id,
        list_name=list_name(mailing_list, language),
        name=mailing_list.sender_name,
        address=mailing_list.sender_address,
    )

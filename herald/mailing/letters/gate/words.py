"""Words of links that tell nobody where they lead.  Pure."""

from __future__ import annotations

import re

_BARE = re.compile(r"\s*(?:https?://|www\.)\S+\s*", re.IGNORECASE)
_VAGUE = frozenset(
    {
        *("click", "click here", "click this", "here", "link", "this link", "this", "more"),
        *("read more", "learn more", "more info", "see more", "this page", "website", "page"),
        *("qui", "clicca qui", "clicca", "leggi", "leggi di più", "altro", "di più", "continua"),
        *("aquí", "haz clic aquí", "pincha aquí", "leer más", "más", "ver más", "enlace"),
        *("hier", "hier klicken", "klicken sie hier", "mehr", "weiterlesen", "mehr lesen"),
        *("ici", "cliquez ici", "lire la suite", "en savoir plus", "plus", "lien"),
        *("aqui", "clique aqui", "ler mais", "saiba mais", "mais", "ligação"),
        *("tukaj", "kliknite tukaj", "preberite več", "več", "povezava"),
        *("tutaj", "kliknij tutaj", "czytaj dalej", "więcej", "czytaj więcej", "odnośnik"),
        *("aquí", "clica aquí", "feu clic aquí", "llegir més", "més", "enllaç"),
        *("hawn", "ikklikkja hawn", "aktar", "aqra aktar"),
        *("εδώ", "κάντε κλικ εδώ", "περισσότερα", "διαβάστε περισσότερα"),
        *("тук", "кликнете тук", "повече", "овде", "кликни овде", "повеќе", "тут", "більше"),
        *("აქ", "დააჭირეთ აქ", "მეტი", "ვრცლად"),
        *("هنا", "اضغط هنا", "انقر هنا", "المزيد", "اقرأ المزيد"),
        *("כאן", "לחצו כאן", "לחץ כאן", "עוד", "קראו עוד"),
    }
)


def is_bare(words: str) -> bool:
    """Tell whether the words of a link are nothing but its address."""
    return _BARE.fullmatch(words) is not None


def is_vague(words: str) -> bool:
    """Tell whether the words of a link say nothing of where it leads, as "click here" does.

    A screen reader lists the links of a letter without what stands around them (WCAG 2.4.4).
    """
    bare = " ".join(words.casefold().split()).strip(" .…:!»«›‹>→()[]\"'“”„")
    return bare in _VAGUE or not any(mark.isalnum() for mark in bare)

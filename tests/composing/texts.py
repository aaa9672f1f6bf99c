"""Texts for property tests: sentences in the languages of Herald's users, and inserts."""

from __future__ import annotations

import os

from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("HERALD_TEXT_EXAMPLES", "10"))
"""Texts that each property is tried with in each language; long runs take more."""

SENTENCES = {
    "en": ("Neighbours restored a salt store.", "Which object would you show a stranger?"),
    "it": ("I vicini hanno restaurato un magazzino del sale.", "Perché no? L'arte è già lì."),
    "es": ("¿Vendréis el sábado?", "Los vecinos abren el almacén; ¡qué alegría!"),
    "pl": ("Sąsiedzi odbudowali skład soli.", "Źdźbło, żółw i jaźń – każdy to zna."),
    "sl": ("Sosedje so obnovili skladišče soli.", "Odprto 16. maja, ob 10. uri; čaj šumi."),
    "lt": ("Kaimynai atstatė druskos sandėlį.", "Įėjimas nemokamas – ąžuolų gatvė."),
    "mt": ("Il-ġirien irrestawraw il-maħżen tal-melħ.", "Ejja għandna l-Ħadd, fl-10."),
    "el": ("Θα έρθετε το Σάββατο;", "Οι γείτονες ανοίγουν την αποθήκη αλατιού."),
    "bg": ("Съседите възстановиха склада за сол.", "Ще дойдете ли в събота?"),
    "ar": ("أعاد الجيران ترميم مخزن الملح.", "هل تأتون؟ الدخول مجاني، للجميع."),
    "he": ("השכנים שיקמו את מחסן המלח.", "מה הייתם מראים לזר? בואו בשבת."),
    "ja": ("近所の人々が塩の倉庫を復元しました。", "「どうぞ」お越しください！"),
    "emoji": ("👩‍👩‍👧‍👦👨🏽‍🌾🏴󠁧󠁢󠁷󠁬󠁳󠁿", "🇪🇺🇮🇹🇸🇮 1️⃣#️⃣ 👍🏿❤️‍🔥"),
}
"""Two or more sentences of each; ``emoji`` are families, flags, skin tones, keycaps."""

LANGUAGES = tuple(SENTENCES)

INSERTS = (
    "https://example.org/a/b?c=d#e",
    "https://example.org/salt_(house)",
    "@ana@social.example.org",
    "#EcomuseumsOfEurope",
    "#Città_à_l’eau",
    "ana@example.org",
    "(see p. 12, and more)",
    "\u2068Casa del sale\u2069",
    "\u2068بيت الملح\u2069",
    "e\u0323\u0301",
    "👩‍👩‍👧‍👦",
    "🇪🇺",
    "3.50 €",
    "…",
)
"""What may stand in a text of any language."""


def some_text(language: str, *, least: int = 0) -> st.SearchStrategy[str]:
    """Make texts of *language*, of at least so many pieces, with paragraphs and inserts."""
    gap = "" if language == "ja" else " "
    piece = st.sampled_from(SENTENCES[language]).map(lambda words: f"{words}{gap}")
    insert = st.sampled_from(INSERTS).map(lambda one: f" {one} ")
    glued = st.sampled_from(["\n\n", "\n", "#", "@", "("])
    return st.lists(
        st.one_of(piece, piece, piece, insert, glued), min_size=least, max_size=least + 40
    ).map("".join)

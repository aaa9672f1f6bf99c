"""One rich letter in five languages, as goldens keep it and a browser shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from herald.mailing.letters.marks import PREFERENCES_MARK
from herald.mailing.letters.render import Pages, render
from herald.mailing.letters.theme import Theme
from herald.model.ids import Language
from herald.model.mailing import (
    ContentEntry,
    ContentSection,
    Edition,
    EditionContent,
    LetterPicture,
)

EN, IT, AR, KA, MT = (Language(tag) for tag in ("en", "it", "ar", "ka", "mt"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the letter says in one language."""

    list_name: str
    subject: str
    sections: tuple[str, str, str]
    editorial: str
    event: tuple[str, str, str, str]
    """Title, when, place, text."""
    practice: tuple[str, str, str]
    """Title, text, description of the picture."""
    statement: str


TOLD = {
    EN: Told(
        list_name="Friends of ecomuseums",
        subject="Ecomuseums in May",
        sections=("Editorial", "Coming up", "Good practices"),
        editorial=(
            "Dear friends,\nspring is here, and with it **three open days**.\n\n"
            "What you should not miss:\n\n"
            "- the walk through the rice fields\n"
            "- [the programme of the salt house](https://salt.example.org/programme)\n\n"
            "Yours, *Marta*"
        ),
        event=(
            "Walk through the rice fields",
            "Sunday, 9 May 2027, 10:00–13:00",
            "Argenta, at the pumping station",
            "Bring boots: the paths are wet. The walk is free, and children are welcome.",
        ),
        practice=(
            "How neighbours saved the salt house",
            "Forty families restored the last salt store of the lagoon, and now run it together.",
            "A white house with a red roof at the edge of a salt pan",
        ),
        statement="Co-funded by the European Union",
    ),
    IT: Told(
        list_name="Amici degli ecomusei",
        subject="Ecomusei a maggio",
        sections=("Editoriale", "Prossimamente", "Buone pratiche"),
        editorial=(
            "Cari amici,\nè arrivata la primavera, e con lei **tre giornate aperte**.\n\n"
            "Da non perdere:\n\n"
            "1. la passeggiata tra le risaie\n"
            "2. [il programma della casa del sale](https://salt.example.org/programma)\n\n"
            "La vostra *Marta*"
        ),
        event=(
            "Passeggiata tra le risaie",
            "domenica 9 maggio 2027, 10:00–13:00",
            "Argenta, all’idrovora",
            "Portate gli stivali: i sentieri sono bagnati. La passeggiata è gratuita.",
        ),
        practice=(
            "Come i vicini hanno salvato la casa del sale",
            "Quaranta famiglie hanno restaurato l’ultimo magazzino del sale della laguna.",
            "Una casa bianca con il tetto rosso sul bordo di una salina",
        ),
        statement="Cofinanziato dall’Unione europea",
    ),
    AR: Told(
        list_name="أصدقاء المتاحف البيئية",
        subject="المتاحف البيئية في أيار",
        sections=("الافتتاحية", "قريبًا", "ممارسات جيدة"),
        editorial=(
            "أصدقاءنا الأعزاء،\nحلّ الربيع ومعه **ثلاثة أيام مفتوحة**.\n\n"
            "لا تفوّتوا:\n\n"
            "- الجولة بين حقول الأرز\n"
            "- [برنامج بيت الملح](https://salt.example.org/ar)\n\n"
            "مع التحية، *مارتا*"
        ),
        event=(
            "جولة بين حقول الأرز",
            "الأحد، 9 أيار 2027، 10:00",
            "أرجنتا، عند محطة الضخ",
            "أحضروا أحذية عالية: الممرات مبلّلة. الجولة مجانية.",
        ),
        practice=(
            "كيف أنقذ الجيران بيت الملح",
            "رمّمت أربعون عائلة آخر مخزن للملح في البحيرة، وهي تديره اليوم معًا.",
            "بيت أبيض بسقف أحمر على طرف ملّاحة",
        ),
        statement="بتمويل مشترك من الاتحاد الأوروبي",
    ),
    KA: Told(
        list_name="ეკომუზეუმების მეგობრები",
        subject="ეკომუზეუმები მაისში",
        sections=("სარედაქციო", "მალე", "კარგი პრაქტიკა"),
        editorial=(
            "ძვირფასო მეგობრებო,\nმოვიდა გაზაფხული და მასთან ერთად **სამი ღია დღე**.\n\n"
            "- გასეირნება ბრინჯის მინდვრებში\n"
            "- [მარილის სახლის პროგრამა](https://salt.example.org/ka)\n\n"
            "თქვენი *მარტა*"
        ),
        event=(
            "გასეირნება ბრინჯის მინდვრებში",
            "კვირა, 9 მაისი, 2027, 10:00",
            "არჯენტა, სატუმბ სადგურთან",
            "წამოიღეთ ჩექმები: ბილიკები სველია. გასეირნება უფასოა.",
        ),
        practice=(
            "როგორ გადაარჩინეს მეზობლებმა მარილის სახლი",
            "ორმოცმა ოჯახმა აღადგინა ლაგუნის ბოლო მარილის საწყობი.",
            "თეთრი სახლი წითელი სახურავით მარილის ტბასთან",
        ),
        statement="თანადაფინანსებულია ევროკავშირის მიერ",
    ),
    MT: Told(
        list_name="Ħbieb tal-ekomużewijiet",
        subject="L-ekomużewijiet f’Mejju",
        sections=("Editorjal", "Dalwaqt", "Prattiki tajbin"),
        editorial=(
            "Għeżież ħbieb,\nwaslet ir-rebbiegħa, u magħha **tlett ijiem miftuħa**.\n\n"
            "- il-mixja fl-għelieqi tar-ross\n"
            "- [il-programm tad-dar tal-melħ](https://salt.example.org/mt)\n\n"
            "Tagħkom, *Marta*"
        ),
        event=(
            "Mixja fl-għelieqi tar-ross",
            "Il-Ħadd, 9 ta’ Mejju 2027, 10:00",
            "Argenta, ħdejn il-pompa",
            "Ġibu l-bwiet: il-mogħdijiet huma mxarrba. Il-mixja hija b’xejn.",
        ),
        practice=(
            "Kif il-ġirien salvaw id-dar tal-melħ",
            "Erbgħin familja rrestawraw l-aħħar maħżen tal-melħ tal-laguna.",
            "Dar bajda b’saqaf aħmar fit-tarf ta’ salina",
        ),
        statement="Kofinanzjat mill-Unjoni Ewropea",
    ),
}
DISCLAIMER = (
    "Views and opinions expressed are however those of the author(s) only and do not necessarily"
    " reflect those of the European Union or SEPIE. Neither the European Union nor the granting"
    " authority can be held responsible for them."
)


def a_letter(
    language: Language,
    *,
    place: str = "https://herald.example.org/media/",
    logo: str = "logo.png",
) -> Edition:
    """Make the letter in one language, its pictures at *place*; without *logo* none is shown."""
    told = TOLD[language]
    shown = a_picture(f"{place}{logo}", told.list_name, 320, 128) if logo else None
    theme = Theme(accent="#7a1f2b", logo=shown)
    return render(
        a_rich_content(language, place),
        list_name=told.list_name,
        controller="EcoHeritage, Via Roma 1, 44011 Argenta FE, Italy",
        pages=Pages(
            online=f"https://herald.example.org/letters/stories/monthly/2027-05-04/{language}",
            preferences=PREFERENCES_MARK,
        ),
        theme=theme,
    )


def a_picture(url: str, alt: str, width: int, height: int, **changes: Any) -> LetterPicture:
    """Make a picture that everybody can fetch."""
    values: dict[str, Any] = {"url": url, "alt": alt, "language": EN}
    return LetterPicture(**(values | changes), width=width, height=height)


def a_rich_content(language: Language, place: str) -> EditionContent:
    """Make an editorial, an event, a good practice with a picture, and a partner's entry."""
    told = TOLD[language]
    emblem = a_picture(f"{place}emblem.png", "Emblem of the European Union", 240, 160)
    other = IT if language != IT else EN
    return EditionContent(
        language=language,
        subject=told.subject,
        sections=(
            ContentSection(
                title=told.sections[0],
                title_language=language,
                paragraphs=tuple(told.editorial.split("\n\n")),
                paragraphs_language=language,
            ),
            _section(told.sections[1], language, _event(told, language)),
            _section(told.sections[2], language, _practice(told, language, place), _entry(other)),
        ),
        statements=((told.statement, language), (DISCLAIMER, EN)),
        emblems=(emblem,),
    )


def _section(title: str, language: Language, *entries: ContentEntry) -> ContentSection:
    return ContentSection(
        title=title, title_language=language, paragraphs_language=language, entries=entries
    )


def _event(told: Told, language: Language) -> ContentEntry:
    title, when, place, text = told.event
    return ContentEntry(
        ref="item:stories/walk",
        title=title,
        when=when,
        place=place,
        text=text,
        link=f"https://rice.example.org/{language}/walk?from=letter&year=2027",
        language=language,
        credit="Ecomuseo di Argenta",
    )


def _practice(told: Told, language: Language, place: str) -> ContentEntry:
    title, text, alt = told.practice
    return ContentEntry(
        ref="item:stories/salt",
        title=title,
        text=text,
        link=f"https://salt.example.org/{language}/house",
        language=language,
        credit="Salinas de Guerrero",
        picture=a_picture(
            f"{place}salt-house.png",
            alt,
            1120,
            700,
            language=language,
            credit="📷 Ana Prat (CC BY 4.0)",
        ),
    )


def _entry(language: Language) -> ContentEntry:
    title, _, alt = TOLD[language].practice
    return ContentEntry(
        ref="entry:e1",
        title=TOLD[language].event[0],
        text=f"{title}. {alt}.",
        link="https://argenta.example.org/risaie",
        language=language,
        credit="Ecomuseo di Argenta",
    )

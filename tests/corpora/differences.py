"""The cases of feedparser's suite that Herald answers otherwise, each with the reason."""

from __future__ import annotations

from fnmatch import fnmatchcase

DIFFERENCES: dict[str, tuple[str, ...]] = {
    "Markup is cleaned by nh3, which reads unclosed tags, comments and CDATA as a browser does; the"
    " suite asks for what feedparser's own cleaner makes of them": (
        "*_crazy.xml",
        "*_iframe.xml",
        "*script_nested_cdata.xml",
        "*/xml_declaration_unexpected_character.xml",
        "*/xml_malicious_comment.xml",
        "*/item_description_not_a_doctype.xml",
    ),
    "A language that an entry takes from its feed stands on the feed, where the officer's word"
    " about the feed can win over it": (
        "wellformed/lang/*_inherit.xml",
        "wellformed/lang/entry_title_xml_lang_inherit_4.xml",
        "wellformed/lang/*_blank_3.xml",
    ),
    "An entry's language is what one of its texts says of itself": (
        "wellformed/lang/entry_content_xml_lang_inherit_4.xml",
        "wellformed/lang/entry_title_xml_lang_inherit_3.xml",
    ),
    "A server's Content-Language is a setting of the whole site, and often wrong": (
        "wellformed/lang/http_content_language*.xml",
    ),
    "Links count from the address that answered, not from the Content-Location that it claims": (
        "wellformed/base/http_*_content_location.xml",
        "wellformed/http/headers_content_location-relative.xml",
    ),
    "An id is kept as it is written: made a URL, it would change with its feed's address": (
        "wellformed/base/http_entry_id_base_docuri.xml",
    ),
    "Nobody's mail address is passed on": ("wellformed/*/entry_author_map_author.xml",),
    "A category is known by the label that is meant for people": (
        "wellformed/atom10/entry_category_term*.xml",
    ),
    "Of several texts the longest is taken, wherever it stands": (
        "wellformed/*/*_and_summary.xml",
        "wellformed/rss/item_summary_and_description.xml",
    ),
    "Python has no decoder for it, and no partner writes it": (
        "encoding/x80_tcvn*.xml",
        "encoding/x80_viscii.xml",
        "encoding/x80_cp875.xml",
    ),
    "Bytes that are no text in any encoding": ("encoding/bozo_linenoise.xml",),
    "HTML 5 changed what these two names mean": ("entities/lang.xml", "entities/rang.xml"),
}
"""Reason, and the cases (patterns of file names) that it explains."""


def reason_for(case: str) -> str:
    """Return why Herald answers *case* otherwise; "" where it should not."""
    return next(
        (
            reason
            for reason, patterns in DIFFERENCES.items()
            if any(fnmatchcase(case, pattern) for pattern in patterns)
        ),
        "",
    )

"""Links, mentions and hashtags in a text: what a network recognises, and what is never cut."""

from __future__ import annotations

import regex

# Mastodon reads links by the rules of twitter-text with its own changes
# (config/initializers/twitter_regex.rb), mentions by Account::MENTION_RE. Where a list of all
# top-level domains would be needed, two letters or more stand for it.
_LABEL = r"[^\s\p{C}\p{P}\p{S}](?:[^\s\p{C}\p{P}\p{S}]|[-_](?=[^\s\p{C}.]))*+"
_DOMAIN = rf"(?:{_LABEL}\.)++(?:xn--[0-9a-z]++|\p{{L}}{{2,}}+(?![0-9a-z@]))"
_PATH = r"[^\s<>()?]"
_BALANCED = rf"\((?:{_PATH}|\({_PATH}+\))+\)"
_PATH_END = r"""[^\s()?!*"'「」<>;:=,.$%\[\]~&|@]"""
_QUERY = r"[^\s\p{Cc}\p{Cs}\u2000-\u200a\u2028-\u202f\u3000\"<>`{}\\]"
_QUERY_END = r"(?:[^\s\p{Cc}\p{Cs}\p{P}\p{S}]|[_&=#/\-])"

URL = regex.compile(
    r"(?<![A-Za-z0-9@＠$#＃])(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://"
    rf"{_DOMAIN}(?::\d+)?(?:/(?:(?:{_PATH}|{_BALANCED})*(?:{_PATH_END}|{_BALANCED}))?)?"
    rf"(?:\?{_QUERY}*{_QUERY_END})?",
    regex.IGNORECASE,
)
"""A link as Mastodon counts it; a full stop that ends the sentence is no part of it."""

MENTION = regex.compile(
    r"(?<![=/\w])(?>@(?P<user>[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*)(?:@\w+(?:[.-]+\w+)*)?)"
    r"(?![@＠\u00c0-\u024f\u0300-\u036f\u1e00-\u1eff]|://)"
)
"""``@user`` or ``@user@domain``."""

HASHTAG = regex.compile(r"(?<![\w/)&#])[#＃](?P<tag>[\w\u00b7\u30fb\u200c]+)")
"""A hashtag, its sign included."""

ATOM = regex.compile(
    r"[a-z][a-z0-9+.-]{0,20}+://\S++|[^\s@]{1,64}+@[^\s@]++\.[^\s@]++|@[\w.@-]++|[#＃][\w\u00b7\u30fb\u200c]++",
    regex.IGNORECASE,
)
"""What fitting never cuts through: a generous reading of links, addresses, mentions, hashtags."""

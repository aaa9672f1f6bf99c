"""Says what a web master can do about trouble that Herald tells of in a fixed sentence."""

from __future__ import annotations

_ON_WORDPRESS = "On WordPress a feed is at the address of the site with /feed/ behind it."
_ASK_YOUR_HOST = "If it lasts for more than a day, ask your web host."
_FEWER = (
    "Publish only the newest, for instance the last 20. On WordPress: Settings, Reading,"
    " Syndication feeds show the most recent."
)

_REMEDIES = {
    "(404)": f"The feed has moved, or its address has a slip. {_ON_WORDPRESS}",
    "gone for ever": "If the feed has a new address, give it to the network.",
    "does not let Herald in": "A firewall or a security plug-in keeps programs out: let the one"
    " named Herald in.",
    "come back later": f"The server has too much to do, or counts visitors. {_ASK_YOUR_HOST}",
    "answered with an error": f"Something on the server is broken. {_ASK_YOUR_HOST}",
    "certificate": "Renew the certificate of the site; most web hosts do that if asked.",
    "no server of this name": "The name of the site may have run out: ask whoever pays for it,"
    " or look for a slip.",
    "reached": f"The server is off, or very busy. {_ASK_YOUR_HOST}",
    "sent nothing for": f"The server is very busy. {_ASK_YOUR_HOST}",
    "server took longer": f"The server is very busy. {_ASK_YOUR_HOST}",
    "closed the connection": f"The server broke off. {_ASK_YOUR_HOST}",
    "broke off": f"The server broke off. {_ASK_YOUR_HOST}",
    "web page, not a feed": _ON_WORDPRESS,
    "redirects": "Addresses send visitors on in a wrong way: ask your web host.",
    "is empty": "A plug-in or a change of the design may have broken the feed.",
    "larger than": _FEWER,
    "more than": _FEWER,
    "packed": "The server compresses the feed in an unusual way: ask your web host for gzip, or"
    " none.",
    "instead of news": "The service that makes the feed cannot read the site any more: ask"
    " whoever set it up.",
    "without a time zone": "In the calendar's settings choose the time zone of your place, then"
    " publish it again.",
    "time zone": "On WordPress: Settings, General, Timezone: choose a city. Elsewhere: ask"
    " whoever made the site to write the offset after the time, such as +0200.",
    "look like events": "If they are the days of events, tell the network so (in its"
    " partners.yaml it then writes pubdate: event_start). Better still, give it the address of"
    " a calendar, which ends in .ics: it also says when something was moved or called off.",
    "well-formed": "https://validator.w3.org/feed/ names the line. Often a sign such as & or <"
    " in a title was not written as &amp; or &lt;, or a plug-in prints a warning into the feed.",
    "characters": "Save and send the feed as UTF-8, and say so in its first line.",
}
"""The first whose words stand in a message tells."""


def remedy_for(message: str) -> str:
    """Return what mends the trouble that *message* tells of, or "" where nothing is known."""
    return next((remedy for words, remedy in _REMEDIES.items() if words in message), "")

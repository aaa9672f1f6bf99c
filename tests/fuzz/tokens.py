"""Words that have broken readers of feeds, terminals, pages and networks before."""

from __future__ import annotations

_HOSTILE_MARKUP = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;lt;b&amp;gt;", "<![CDATA[", "]]>", "<!--", "-->",
    "<a href='javascript:alert(1)'>x</a>", "<iframe srcdoc='<b>'>", "<style>*{}</style>", "<math>",
    "<b", "</", "<", ">", "&", '"', "'", "<?xml version='1.1'?>", "<?php x ?>", "<noscript><p>",
    "<!DOCTYPE x [<!ENTITY a 'b'><!ENTITY c '&a;&a;&a;'>]>", "&c;", "&nbsp;", "&#0;", "&#27;[31m",
    "&#xD800;", "&#x202E;", "&#1114112;", "&#x1F600", "&hellip;", "&notanentity;", "&amp;amp;amp;",
    ' onclick="x()"', ' style="x"', "<template>", "<plaintext>", "<title>", "<textarea>",
)  # fmt: skip
_PARTS_OF_FEEDS = (
    "<item>", "</item>", "<entry>", "</entry>", "<title/>", "<link/>", "<guid>", "</channel>",
    "<link>https://evil.example/</link>", '<guid isPermaLink="true">x</guid>', "<pubDate>",
    "<dc:date>2027-02-30</dc:date>", "<media:group>", "</media:group>", ' xmlns:a="urn:x"',
    ' xmlns=""', ' xml:base="https://else.example/"', ' xml:lang="xx-INVALID-TAG-éé"', "<a:b/>",
    '<enclosure url="x" length="-1" type="image/svg+xml"/>', "<content:encoded>", "<rdf:RDF>",
    '<link rel="hub" href="javascript:x"/>', "<ttl>99999999999999999999</ttl>", "<skipHours>",
    "<description>", "</description>", "<cloud/>", "<category>x</category>",
)  # fmt: skip
_DATES = (
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "2027-05-10", "10/05/2027", "24:00:00",
    "Mon, 32 May 2027 25:61:61 +9999", "2027-03-28T02:30:00", "2027-10-31T02:30:00", "1e309",
    "-2027-05-10T00:00:00Z", "99999999T999999Z", "20270229T000000", "20270516T100000Z", "P1Y",
    "-P1W", "PT999999999999H", "+14:01", "-23:59", "Europe/Atlantis", "Etc/GMT+12", "TZID=", "CET",
    "../../etc/passwd", "America/Argentina/Buenos_Aires", "W. Europe Standard Time",
)  # fmt: skip
_CALENDAR = (
    "RRULE:FREQ=SECONDLY", "RRULE:FREQ=YEARLY;INTERVAL=0", "RRULE:FREQ=DAILY;COUNT=999999999",
    "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1", "RRULE:FREQ=DAILY;UNTIL=00010101", "RRULE:",
    "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "RRULE:FREQ=HOURLY;BYMINUTE=0,1,2;BYSECOND=60",
    "EXDATE:x", "RDATE;VALUE=PERIOD:20270516T100000Z/PT1H", "RECURRENCE-ID;RANGE=THISANDFUTURE:x",
    "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VALARM", "BEGIN:",
    "SEQUENCE:-1", "SEQUENCE:99999999999999999999", "STATUS:CANCELLED", "STATUS:NONSENSE",
    "DTSTART:", "DTSTART;VALUE=DATE:20270516", "DTEND:20260101", "UID:", "\r\n ", "\n\t", "\\n",
    "\\;", "SUMMARY;X=\"a:b;c\":d", "ATTACH;VALUE=BINARY;ENCODING=BASE64:AAAA", "METHOD:CANCEL",
)  # fmt: skip
_JSON = (
    "null", "[]", "{}", "1e999", "-0", "NaN", "Infinity", '"\\ud800"', '"\\u0000"', "true", ",",
    "9" * 40, '"\\u202e"', '{"a":', "[[[[", '"id":', "//", "/* */",
)  # fmt: skip
_UNSEEN = (
    "\u202e", "\u202d", "\u2066", "\u2067", "\u2068", "\u2069", "\u200b", "\u200d", "\u200e",
    "\u200f", "\ufeff", "\u00ad", "\u2060", "\u034f", "\u061c", "\u180e", "\u2028", "\u2029",
    "\u0085", "\u00a0", "\u3000", "\u3164", "\U000e0041", "\ufff9", "\uffff", "\ue000",
    "\U0010ffff", "\x00", "\x07", "\x08", "\x0b", "\x1b[2J", "\x1b]0;title\x07", "\x1b", "\x7f",
    "\x9b31m", "\x9d", "\r", "e\u0301", "\u0301" * 30, "e\u200b\u0301", "\u1100\u200b\u1161",
    "ﬁ", "ǅ", "İ", "ß", "Ω", "가", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇮", "ع", "א",
)  # fmt: skip
_TEMPLATES = (
    "{title}", "{partner}", "{link}", "{text}", "{{", "}}", "{", "}", "{{7*7}}", "{% x %}", "{0}",
    "{title.__class__}", "%s", "%(title)s", "${HOME}", "$(id)", "`id`", "{language!r:>9999}",
    "[bold]x[/bold]", "[/]", ":smile:", "=HYPERLINK(1)", "\\", "#{x}", "<%= x %>",
)  # fmt: skip
_CALLS = (
    "@everyone", "@here", "@channel", "@all", "@room", "@user@social.example", "＠everyone",
    "@\u200beveryone", "(@user", "/@user", "<!channel>", "<@U123>", "<@&1>", "@@a", "x@y@z",
    "info@museo.it", "#tag", "＃tag", "#a #b #c #d #e #f", "##x", "#École", "!channel", "\n@x",
)  # fmt: skip
_ADDRESSES = (
    "javascript:alert(1)", "JaVaScRiPt\t:alert(1)", "data:text/html,<script>", "file:///etc/passwd",
    "vbscript:x", "https://", "https:///x", "//else.example/x", "http://[::1]/", "http://[",
    "https://user:pass@host.example/", "https://example.org:99999/", "https://xn--/",
    "https://раураӏ.example/", "https://example.org/%00", "https://example.org/%E2%80%AE",
    "https://example.org/\u202egpj.exe", "https://example.org/(@everyone@evil.example",
    "https://example.org/a b", "https://example.org/a)b", "https://example.org/#@user",
    "https://example.org/?a=<b>&c='d'", "https://example.org/|x|", "https://example.org/…",
    "https://example。org/", "https://example.org\\@evil.example/", "ftp://example.org/",
    "webcal://example.org/x.ics", "gopher://x.example/", "www.example.org", "evil.example",
    "mailto:a@b.example", "tel:+39", "http:example.org", "https://localhost/x", "https://1.2.3.4/",
    "HTTPS://EXAMPLE.ORG/{title}", "hthttps://tps://evil.example/", "?", "#", "..", "/", "%", "%zz",
)  # fmt: skip
_LARGE = (
    "9" * 400, "x" * 3_000, "<div>" * 300, "(" * 500, "[" * 500, "&amp;" * 500, "塩" * 700,
    "\n" * 300, "a." * 400, "@a " * 300, "#a " * 300, "<b>" * 300, " " * 2_000, "👩‍👩‍👧‍👦" * 80,
    '{"a":' * 500, "-0.5e-9999",
)  # fmt: skip

FAMILIES: tuple[tuple[str, ...], ...] = (
    _HOSTILE_MARKUP,
    _PARTS_OF_FEEDS,
    _DATES,
    _CALENDAR,
    _JSON,
    _UNSEEN,
    _TEMPLATES,
    _CALLS,
    _ADDRESSES,
    _LARGE,
)
"""Words by what they attack; a family is chosen first, so that short lists count as much."""

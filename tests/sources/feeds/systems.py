"""Feeds as the systems of partners write them, of our own making, and what they mean."""

# ruff: noqa: E501 -- feeds have the lines that systems write
from __future__ import annotations

from datetime import UTC, datetime

from herald.model.feed import Enclosure, EntryImage, ParsedEntry
from herald.model.ids import Language

_WORDPRESS_SPACES = (
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:wfw="http://wellformedweb.org/CommentAPI/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"'
    ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
    ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/"'
)

WORDPRESS = f"""<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"{_WORDPRESS_SPACES}>
<channel><title>Ecomuseo &#8211; Notizie</title>
<atom:link href="https://eco.example.org/feed/" rel="self" type="application/rss+xml" />
<link>https://eco.example.org</link><description>Fra le risaie</description>
<lastBuildDate>Mon, 10 May 2027 08:00:00 +0000</lastBuildDate><language>it-IT</language>
<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency> 1 </sy:updateFrequency>
<generator>https://wordpress.org/?v=6.8</generator>
<item><title>La casa del sale &#038; il pane &#8220;nuovo&#8221;</title>
<link>https://eco.example.org/2027/05/sale/</link>
<comments>https://eco.example.org/2027/05/sale/#respond</comments>
<dc:creator><![CDATA[Ana Pérez]]></dc:creator>
<pubDate>Mon, 10 May 2027 08:00:00 +0000</pubDate>
<category><![CDATA[Musei & scuole]]></category><category><![CDATA[sale]]></category>
<guid isPermaLink="false">https://eco.example.org/?p=123</guid>
<description><![CDATA[<p>I vicini hanno restaurato [&#8230;]</p>]]></description>
<content:encoded><![CDATA[<figure class="wp-block-image"><img src="/wp/sale.jpg" alt="Una salina" width="1024"/>
</figure><p>I vicini hanno restaurato un magazzino&nbsp;del sale.</p>
<ul><li>pane</li><li>sale</li></ul><img src="/stat.gif" width="1" height="1" alt="">]]></content:encoded>
<wfw:commentRss>https://eco.example.org/2027/05/sale/feed/</wfw:commentRss>
<slash:comments>0</slash:comments></item></channel></rss>"""

DRUPAL = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xml:base="https://muzeum.example.pl/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Muzeum Żup</title><link>https://muzeum.example.pl/</link><language>pl</language>
<item><title>Święto soli</title><link>https://muzeum.example.pl/node/7</link>
<description>&lt;span class="field field--name-title"&gt;Święto soli&lt;/span&gt;
&lt;div&gt;&lt;p&gt;Zapraszamy na święto&amp;nbsp;soli.&lt;/p&gt;&lt;/div&gt;</description>
<pubDate>Mon, 10 May 2027 08:00:00 +0000</pubDate><dc:creator>redakcja@muzeum.example.pl (Żaneta)</dc:creator>
<guid isPermaLink="false">7 at https://muzeum.example.pl</guid></item></channel></rss>"""

JOOMLA = """<?xml version="1.0" encoding="utf-8"?>
<!-- generator="Joomla! - Open Source Content Management" -->
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>Μουσείο Ελιάς</title><link>https://elia.example.gr/</link><language>el-gr</language>
<atom:link rel="self" type="application/rss+xml" href="https://elia.example.gr/?format=feed"/>
<item><title>Έκθεση: η ελιά &amp; το λάδι</title><link>/nea/12-ekthesi</link>
<guid isPermaLink="true">https://elia.example.gr/nea/12-ekthesi</guid>
<description><![CDATA[<p><img src="/images/elia.jpg" alt="Μια ελιά" /></p><p>Από σήμερα.</p>]]></description>
<author>info@elia.example.gr (Μαρία)</author><category>Νέα</category>
<pubDate>Mon, 10 May 2027 11:00:00 +0300</pubDate></item></channel></rss>"""

TYPO3 = """<?xml version="1.0" encoding="utf-8"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Freilichtmuseum</title>
<link>https://museum.example.de/</link><language>de_DE</language><ttl>60</ttl>
<item><guid isPermaLink="false">tx_news-77</guid><pubDate>Mon, 10 May 2027 10:00:00 +0200</pubDate>
<title>Mühle wieder geöffnet</title><link>https://museum.example.de/aktuelles/muehle</link>
<description>Die Mühle mahlt.</description><content:encoded><![CDATA[<p>Die Mühle mahlt wieder, jeden Samstag.</p>]]></content:encoded>
<enclosure url="https://museum.example.de/muehle.jpg" length="81234" type="image/jpeg"/></item></channel></rss>"""

MUNICIPAL_2009 = """<?xml version="1.0" encoding="ISO-8859-1"?><RSS VERSION="0.92"><CHANNEL>
<TITLE>Comune di Argenta</TITLE><LINK>http://www.comune.example.it/</LINK><LANGUAGE>it</LANGUAGE>
<ITEM><TITLE>Perch&eacute; si chiude & quando</TITLE><LINK>www.comune.example.it/news.asp?id=4&l=it</LINK>
<DESCRIPTION>L'ufficio &egrave; chiuso<br>fino a luned&igrave;</DESCRIPTION>
<PUBDATE>lun, 10 maggio 2027 10:00:00 +0200</PUBDATE></ITEM></CHANNEL></RSS>"""

YOUTUBE = """<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="http://www.youtube.com/feeds/videos.xml?channel_id=X"/>
<title>Ekomuzej</title><entry><id>yt:video:abc</id><yt:videoId>abc</yt:videoId>
<title>Solarji od blizu</title><link rel="alternate" href="https://www.youtube.com/watch?v=abc"/>
<author><name>Ekomuzej</name><uri>https://www.youtube.com/channel/X</uri></author>
<published>2027-05-10T08:00:00+00:00</published><updated>2027-05-11T08:00:00+00:00</updated>
<media:group><media:title>Solarji od blizu</media:title>
<media:content url="https://www.youtube.com/v/abc" type="application/x-shockwave-flash" width="640"/>
<media:thumbnail url="https://i.example.org/abc.jpg" width="480" height="360"/>
<media:description>Kako nastane sol.</media:description></media:group></entry></feed>"""

PODCAST = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
 xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Ħsejjes tal-baħar</title>
<link>https://pod.example.mt/</link><language>mt</language><itunes:image href="https://pod.example.mt/cover.jpg"/>
<item><title>Il-melħ ta’ Għawdex</title><itunes:author>Marija Ċassar</itunes:author>
<link>https://pod.example.mt/1</link><guid isPermaLink="false">ep-1</guid>
<itunes:summary>Kif isir il-melħ.</itunes:summary><itunes:keywords>melħ, baħar</itunes:keywords>
<itunes:image href="https://pod.example.mt/1.jpg"/><pubDate>Mon, 10 May 2027 10:00:00 +0200</pubDate>
<enclosure url="https://pod.example.mt/1.mp3" length="false" type="audio/mpeg"/></item></channel></rss>"""

BLOGGER = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns='http://www.w3.org/2005/Atom' xmlns:media='http://search.yahoo.com/mrss/'
 xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'><title type='text'>Музей соли</title>
<link rel='hub' href='http://pubsubhubbub.appspot.com/'/>
<link rel='http://schemas.google.com/g/2005#feed' type='application/atom+xml' href='https://sol.example.org/feeds/posts/default'/>
<link rel='self' href='https://sol.example.org/feeds/posts/default'/>
<entry xml:lang='ru'><id>tag:blogger.com,1999:blog-1.post-2</id><published>2027-05-10T11:00:00.000+03:00</published>
<updated>2027-05-10T11:30:00.001+03:00</updated>
<category scheme='http://schemas.google.com/g/2005#kind' term='http://schemas.google.com/blogger/2008/kind#post'/>
<category scheme='http://www.blogger.com/atom/ns#' term='соль'/><title type='text'>Выставка &lt;3</title>
<content type='html'>&lt;p&gt;Соль и хлеб&lt;/p&gt;&lt;img alt="Соль" src="https://b.example.org/s1600/sol.jpg"/&gt;</content>
<link rel='replies' type='text/html' href='https://sol.example.org/2.html#comments'/>
<link rel='alternate' type='text/html' href='https://feeds.example.org/~r/sol/~3/2.html'/>
<feedburner:origLink>https://sol.example.org/2.html</feedburner:origLink>
<author><name>Unknown</name><email>noreply@blogger.com</email></author>
<media:thumbnail url='https://b.example.org/s72-c/sol.jpg' height='72' width='72'/></entry></feed>"""

RDF = """<?xml version="1.0" encoding="UTF-8"?><rdf:RDF xmlns="http://purl.org/rss/1.0/"
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:cc="http://web.resource.org/cc/"><channel rdf:about="https://arxeio.example.org/"><title>מוזיאון המלח</title>
<link>https://arxeio.example.org/</link><dc:language>he</dc:language>
<items><rdf:Seq><rdf:li rdf:resource="https://arxeio.example.org/1"/></rdf:Seq></items></channel>
<item rdf:about="https://arxeio.example.org/1"><title>תערוכת המלח</title><link>https://arxeio.example.org/1</link>
<description>פתוח לקהל</description><dc:date>2027-05-10T08:00:00Z</dc:date><dc:creator>רות</dc:creator>
<dc:subject>מלח</dc:subject><dc:subject>מלח</dc:subject>
<cc:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/></item></rdf:RDF>"""

JSON_FEED = """{"version": "https://jsonfeed.org/version/1", "title": "متحف الملح", "home_page_url":
"https://milh.example.org/", "feed_url": "https://milh.example.org/feed.json", "items": [{"id": "1",
"url": "https://milh.example.org/1", "title": "معرض الملح", "language": "ar", "content_text":
"الدخول مجاني", "author": {"name": "ليلى"}, "date_published": "2027-05-10T08:00:00Z"}]}"""


def _utc(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2027, 5, day, hour, minute, second, tzinfo=UTC)


_AT_8 = _utc(10, 8)
_CC = "https://creativecommons.org/licenses/by/4.0/"

SYSTEMS: dict[str, tuple[str, str, ParsedEntry]] = {
    "WordPress": (
        WORDPRESS,
        "rss20",
        ParsedEntry(
            guid="https://eco.example.org/?p=123",
            title="La casa del sale & il pane “nuovo”",
            summary="I vicini hanno restaurato un magazzino del sale. pane sale",
            link="https://eco.example.org/2027/05/sale/",
            published_at=_AT_8,
            author="Ana Pérez",
            categories=("Musei & scuole", "sale"),
            image=EntryImage(url="https://example.org/wp/sale.jpg", alt="Una salina"),
        ),
    ),
    "Drupal": (
        DRUPAL,
        "rss20",
        ParsedEntry(
            guid="7 at https://muzeum.example.pl",
            title="Święto soli",
            summary="Święto soli Zapraszamy na święto soli.",
            link="https://muzeum.example.pl/node/7",
            published_at=_AT_8,
            author="Żaneta",
        ),
    ),
    "Joomla": (
        JOOMLA,
        "rss20",
        ParsedEntry(
            guid="https://elia.example.gr/nea/12-ekthesi",
            title="Έκθεση: η ελιά & το λάδι",
            summary="Από σήμερα.",
            link="https://example.org/nea/12-ekthesi",
            published_at=_AT_8,
            author="Μαρία",
            categories=("Νέα",),
            image=EntryImage(url="https://example.org/images/elia.jpg", alt="Μια ελιά"),
        ),
    ),
    "TYPO3": (
        TYPO3,
        "rss20",
        ParsedEntry(
            guid="tx_news-77",
            title="Mühle wieder geöffnet",
            summary="Die Mühle mahlt wieder, jeden Samstag.",
            link="https://museum.example.de/aktuelles/muehle",
            published_at=_AT_8,
            image=EntryImage(url="https://museum.example.de/muehle.jpg"),
            enclosures=(
                Enclosure(
                    url="https://museum.example.de/muehle.jpg", type="image/jpeg", length=81234
                ),
            ),
        ),
    ),
    "a municipality's of 2009": (
        MUNICIPAL_2009,
        "rss092",
        ParsedEntry(
            title="Perché si chiude & quando",
            summary="L'ufficio è chiuso fino a lunedì",
            link="http://www.comune.example.it/news.asp?id=4&l=it",
            published_at=_AT_8,
        ),
    ),
    "YouTube": (
        YOUTUBE,
        "atom10",
        ParsedEntry(
            guid="yt:video:abc",
            title="Solarji od blizu",
            summary="Kako nastane sol.",
            link="https://www.youtube.com/watch?v=abc",
            published_at=_AT_8,
            updated_at=_utc(11, 8),
            author="Ekomuzej",
            image=EntryImage(url="https://i.example.org/abc.jpg"),
        ),
    ),
    "a podcast": (
        PODCAST,
        "rss20",
        ParsedEntry(
            guid="ep-1",
            title="Il-melħ ta’ Għawdex",
            summary="Kif isir il-melħ.",
            link="https://pod.example.mt/1",
            published_at=_AT_8,
            author="Marija Ċassar",
            categories=("melħ", "baħar"),
            image=EntryImage(url="https://pod.example.mt/1.jpg"),
            enclosures=(Enclosure(url="https://pod.example.mt/1.mp3", type="audio/mpeg"),),
        ),
    ),
    "Blogger behind Feedburner": (
        BLOGGER,
        "atom10",
        ParsedEntry(
            guid="tag:blogger.com,1999:blog-1.post-2",
            title="Выставка <3",
            summary="Соль и хлеб",
            link="https://sol.example.org/2.html",
            published_at=_AT_8,
            updated_at=_utc(10, 8, 30),
            language=Language("ru"),
            categories=("соль",),
            image=EntryImage(url="https://b.example.org/s1600/sol.jpg", alt="Соль"),
        ),
    ),
    "RDF": (
        RDF,
        "rss10",
        ParsedEntry(
            guid="https://arxeio.example.org/1",
            title="תערוכת המלח",
            summary="פתוח לקהל",
            link="https://arxeio.example.org/1",
            published_at=_AT_8,
            updated_at=_AT_8,
            author="רות",
            categories=("מלח",),
            licence=_CC,
        ),
    ),
    "JSON Feed": (
        JSON_FEED,
        "json10",
        ParsedEntry(
            guid="1",
            title="معرض الملح",
            summary="الدخول مجاني",
            link="https://milh.example.org/1",
            published_at=_AT_8,
            language=Language("ar"),
            author="ليلى",
        ),
    ),
}
"""System, its document, the format, and its entry as Herald should understand it."""

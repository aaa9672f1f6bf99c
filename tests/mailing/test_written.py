"""What editors write by hand: a little Markdown, and nothing that could do harm."""

from __future__ import annotations

import pytest
from lxml import html as reader

from herald.mailing.letters.filling import filled, shortened_lines, width
from herald.mailing.letters.written import as_html, as_text, links_of


@pytest.mark.parametrize(
    ("written", "html", "text"),
    [
        ("Dear friends,\nhello.", "<p>Dear friends,<br>\nhello.</p>", "Dear friends,\nhello."),
        ("a **b** *c*", "<p>a <strong>b</strong> <em>c</em></p>", "a b c"),
        (
            "[the mill](https://x.org/a_b?c=1&d=2)",
            '<p><a href="https://x.org/a_b?c=1&amp;d=2" class="link">the mill</a></p>',
            "the mill (https://x.org/a_b?c=1&d=2)",
        ),
        ("[us](mailto:a@x.org)", None, "us (a@x.org)"),
        ("# News", "<h3>News</h3>", "News"),
        ("##### News", "<h3>News</h3>", "News"),
        ("- one\n- two", None, "- one\n- two"),
        ("3. one\n4. two", None, "3. one\n4. two"),
        ("- one\n  - within", None, "- one\n  - within"),
        ("A line\n---", "<p>A line<br>\n---</p>", "A line\n---"),
        ("snake_case and 2 * 3 * 4", "<p>snake_case and 2 * 3 * 4</p>", "snake_case and 2 * 3 * 4"),
    ],
)
def test_a_little_markdown_is_understood(written: str, html: str | None, text: str) -> None:
    assert html is None or str(as_html(written)) == html
    assert as_text(written) == text


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "![pixel](https://t.example.org/p.gif)",
        '[x](https://x.org "onclick=alert(1)")',
        "<https://x.org/\"onmouseover='alert(1)'>",
        "| a | b |\n|---|---|",
        "    code",
        "&lt;script&gt;",
    ],
)
def test_nothing_that_is_typed_becomes_a_program_or_a_picture(written: str) -> None:
    html = str(as_html(written))
    for forbidden in ("<script", "<img", 'href="javascript', 'href="data', 'href="vb', "<table"):
        assert forbidden not in html
    tags = reader.fragment_fromstring(html, create_parent="div").iter()
    assert {name for tag in tags for name in tag.attrib} <= {"href", "class", "title"}


def test_the_links_of_a_text_are_known_with_their_words() -> None:
    assert links_of("[the **big** mill](https://x.org) and [here](https://y.org)") == (
        ("the big mill", "https://x.org"),
        ("here", "https://y.org"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "word " * 60,
        "x" * 500,
        "語" * 200,
        "سلام " * 60,
        "- " + "word " * 40,
        "e\u0301" * 300,
    ],
)
def test_text_is_filled_to_72_columns(line: str) -> None:
    lines = filled(line, indent="  ").splitlines()
    assert len(lines) > 1
    assert all(width(one) <= 72 for one in lines)
    assert "".join("".join(lines).split()) == "".join(line.split())


def test_an_address_stays_whole() -> None:
    address = "https://example.org/" + "a" * 200
    assert address in filled(f"look at {address} now").splitlines()


@pytest.mark.parametrize(
    "html",
    [
        "<p>" + "word " * 500 + "</p>",
        "<p>" + "x" * 5_000 + "</p>",
        "<p>" + "語" * 2_000 + "</p>",
        "<p>" + "&amp;" * 1_000 + "</p>",
        '<img alt="' + "word " * 500 + '" src="https://x.org/a">',
    ],
)
def test_long_lines_are_broken_where_nobody_sees_it(html: str) -> None:
    broken = shortened_lines(html)
    assert max(len(line.encode()) for line in broken.split("\n")) <= 998
    squeezed = "".join(broken.replace("<wbr\n>", "").split())
    assert squeezed == "".join(html.split())

"""What Discord would take for markup, and the text that it then shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.composing.escaping import discord
from tests.servers.discord import shown

CASES = {
    "prose": ("Il-Mużew tal-Għarb, 12:30.", "Il-Mużew tal-Għarb, 12:30."),
    "stars": ("5 * 6 *now*", r"5 \* 6 \*now\*"),
    "lines": ("a_b __c__ ~~d~~", r"a\_b \_\_c\_\_ \~\~d\~\~"),
    "code and spoiler": ("`x` ||y||", r"\`x\` \|\|y\|\|"),
    "backslash": (r"C:\new", r"C:\\new"),
    "mentions": ("<@1> <#2> <:salt:3> <t:4>", r"\<@1> \<#2> \<:salt:3> \<t:4>"),
    "masked link": ("[here](https://a.org/x)", r"\[here](https://a.org/x)"),
    "link": ("See https://a.org/a_b*c#d_e.", "See https://a.org/a_b*c#d_e."),
    "hashtag": ("#EcoMusei at 5 # 6", "#EcoMusei at 5 # 6"),
    "heading": ("# One\n## Two\n#Tag", "\\# One\n\\## Two\n#Tag"),
    "quote": ("> said\n>>> all\na > b", "\\> said\n\\>>> all\na > b"),
    "list": ("- one\n-# two\n - three\na - b", "\\- one\n\\-# two\n \\- three\na - b"),
    "numbers": ("1. one\n2.5 m", "1\\. one\n2.5 m"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "sent"), CASES.values(), ids=CASES.keys())
def test_what_would_be_markup_gets_a_backslash(text: str, sent: str) -> None:
    assert discord(text) == sent
    assert shown(sent) == text


@given(st.text(alphabet="a1 \n*_~`|[]<>#-.\\@:()é🧂/", max_size=40))
def test_every_text_is_shown_as_it_was_written(text: str) -> None:
    assert shown(discord(text)) == text

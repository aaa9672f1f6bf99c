"""Write the reference pages that follow from the code: ``python -m docs.reference.build``.

A test compares the pages with what this writes, so that neither can lag behind the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.reference.campaign_files import campaign_files_page
from docs.reference.commands import commands_page
from docs.reference.configuration import configuration_page
from docs.reference.facts import calendar_page, funding_page, networks_page

PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "campaign-files.md": campaign_files_page,
    "configuration.md": configuration_page,
    "networks.md": networks_page,
    "heritage-calendar.md": calendar_page,
    "funding-statements.md": funding_page,
}
"""Every generated page and what writes it."""


if __name__ == "__main__":
    for name, write in PAGES.items():
        (Path(__file__).parent / name).write_text(write(), encoding="utf-8")

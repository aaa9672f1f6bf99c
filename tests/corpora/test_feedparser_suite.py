"""Herald's parser against the test suite that feedparser publishes with its source."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.corpora import feedparser_suite
from tests.corpora.__main__ import Tally, tally
from tests.corpora.differences import DIFFERENCES, reason_for
from tests.corpora.shortcut import compare

WHERE = "HERALD_CORPORA"
"""The variable that names the folder into which corpora were unpacked; .ci/run fills it."""


@pytest.fixture(scope="module")
def folder() -> Path:
    folder = Path(os.environ.get(WHERE, ""), f"feedparser-{version('feedparser')}", "tests")
    if not folder.is_dir() or not os.environ.get(WHERE):
        pytest.skip(f"needs feedparser's source distribution, unpacked in ${WHERE} (see .ci/run)")
    return folder


@pytest.fixture(scope="module")
def suite(folder: Path) -> Tally:
    return tally(feedparser_suite.cases(folder))


def test_no_document_of_the_suite_breaks_the_parser(suite: Tally) -> None:
    assert suite.cases > 2_000
    assert suite.broken == []


def test_what_herald_reads_is_what_the_suite_expects_or_has_a_reason(suite: Tally) -> None:
    unexplained = [str(each) for each in suite.differing if not reason_for(each.case)]
    assert unexplained == []
    assert suite.agreed > 1_300


def test_no_reason_outlives_its_difference(suite: Tally) -> None:
    differing = {each.case for each in suite.differing}
    used = {reason_for(case) for case in differing}
    assert used == set(DIFFERENCES)


def test_what_is_read_off_the_tree_is_what_feedparser_reads(folder: Path) -> None:
    ways = compare(feedparser_suite.cases(folder))
    assert ways.differing == []
    assert ways.taken > 700

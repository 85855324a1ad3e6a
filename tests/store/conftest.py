"""Histories that were stored once, and copies of their files for tests that change them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from databases import keeping_on
from given import DRUP, Alliance, case, opened
from kept import Kept, copied, keep, new_engine
from story import FOUNDERS, STORY

from ledger.store.engine import Engine


@pytest.fixture(scope="session")
def story(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The history in which every kind of event happens, stored; to be read only."""
    alliance = Alliance(FOUNDERS)
    for sentence in STORY:
        alliance.says(*sentence)
    with keeping_on(kind, to_the_end=True):
        kept = keep(alliance, tmp_path_factory.mktemp("story"))
    yield kept
    kept.engine.dispose()


@pytest.fixture(scope="session")
def long_story(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A history of 600 entries, which is two full tiles and a partial one, stored; to be read only."""
    alliance = opened(DRUP)
    for number in range(600 - alliance.database.size):
        alliance.says(DRUP, "case.submitted", {"case": case(number), "on": "2021-11-20"})
    with keeping_on(kind, to_the_end=True):
        kept = keep(alliance, tmp_path_factory.mktemp("long"), batch=97)
    yield kept
    kept.engine.dispose()


@pytest.fixture
def altered(database: str, story: Kept, tmp_path: Path) -> Kept:  # noqa: ARG001 - so that it is kept there
    """A copy of the story's files, to be changed."""
    return copied(story, tmp_path)


@pytest.fixture
def empty(database: str, tmp_path: Path) -> Engine:  # noqa: ARG001 - as above
    """A database with all tables and nothing in them."""
    return new_engine(tmp_path)

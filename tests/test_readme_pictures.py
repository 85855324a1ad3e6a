"""The README's pictures: that they are there, small, and made by the script that makes all."""

import re
from pathlib import Path

import screenshots
from walking import routes_of

from api.negotiating import Page
from api.web.pages import ROUTERS

ROOT = Path(__file__).parents[1]
MOST = 600 * 1024  # bytes, of all together
PNG = b"\x89PNG\r\n\x1a\n"


def shown() -> list[tuple[str, Path]]:
    """Each with the words that stand for it."""
    return [
        (words, ROOT / path)
        for words, path in re.findall(r"!\[([^]]*)\]\(([^)]+)\)", (ROOT / "README.md").read_text("utf-8"))
    ]


def test_every_picture_is_there_small_and_told_in_words() -> None:
    pictures = shown()

    assert 3 <= len(pictures) <= 4
    for words, file in pictures:
        assert len(words.split()) > 3
        assert file.read_bytes().startswith(PNG)
    assert sum(file.stat().st_size for _, file in pictures) < MOST


def test_the_script_makes_each_of_them_and_every_page_has_one_name() -> None:
    names = [each.name for each in screenshots.PAGES]

    assert {file.stem for _, file in shown()} == {*screenshots.IN_README}
    assert {*screenshots.IN_README} <= {*names}
    assert len(names) == len({*names})
    assert {each.whom for each in screenshots.PAGES} <= {*screenshots.WHOM}


UNSEEN = {"/cite", "/verify/offline.html"}  # an answer that is no page to look at, and a file that needs no server


def test_every_page_that_there_is_is_in_the_list() -> None:
    routes = [
        each
        for router in ROUTERS
        for each in routes_of(router.routes)
        if isinstance(each, Page) and each.path_format not in UNSEEN
    ]
    asked = [each.address.partition("?")[0] for each in screenshots.PAGES]
    reached = {"/cases/{node}/{case}"}  # by a click, for its address is another in each demonstration

    missing = [each.path_format for each in routes if not any(map(each.path_regex.fullmatch, asked))]

    assert set(missing) == reached
    assert any(each.click and "/cases/" in each.click for each in screenshots.PAGES)

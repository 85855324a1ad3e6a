"""A page as a test reads it: its elements in order, by the standard library's parser."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Element(NamedTuple):
    """within: names of the elements that it stands in, the innermost last."""

    name: str
    attributes: dict[str, str]
    within: tuple[str, ...]


class Document(HTMLParser):
    """elements: all of them; text: what stands between them."""

    _EMPTY = frozenset({"meta", "link", "input", "br", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open)))
        if tag not in self._EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> ends nothing"
        assert self._open.pop() == tag, f"</{tag}> ends another element"

    def handle_data(self, data: str) -> None:
        self.text += data

    def each(self, name: str, **attributes: str) -> Iterator[Element]:
        for element in self.elements:
            if element.name == name and attributes.items() <= element.attributes.items():
                yield element

    def the(self, element_id: str) -> Element | None:
        return next((each for each in self.elements if each.attributes.get("id") == element_id), None)

    def links(self) -> list[str]:
        return [each.attributes["href"] for each in self.each("a")]


def asked_by(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))

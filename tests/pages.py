"""Pages as a reader of HTML sees them: text, links, rows and attributes, by the parser of the standard library."""

from html.parser import HTMLParser

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
Attributes = dict[str, str | None]


class PageText(HTMLParser):
    """tags: every element that begins, with its attributes; text: all between them, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, Attributes]] = []
        self._parts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self._parts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._parts).split())

    @property
    def links(self) -> list[str]:
        return [href for tag, each in self.tags if tag == "a" and (href := each.get("href"))]

    def having(self, attribute: str) -> list[Attributes]:
        return [each for _, each in self.tags if attribute in each]

"""Pages as they are read back: their rows, links and choices, by the standard library's parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Parsed(HTMLParser):
    """links: addresses in order. rows: the texts of each table row's cells, of the body. options: of each choice, its
    values. ids: text by id.
    """

    text: str
    links: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    options: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._select: str | None = None
        self._in_cell = self._in_body = False
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.links.append(told["href"])
        elif tag == "select":
            self._select = told["name"]
            self.options[self._select] = []
        elif tag == "option" and self._select:
            self.options[self._select].append(told["value"])
        elif tag == "tbody":
            self._in_body = True
        elif tag == "tr" and self._in_body:
            self.rows.append([])
        elif tag in {"td", "th"} and self._in_body:
            self._in_cell = True
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "tbody":
            self._in_body = False
        elif tag in {"td", "th"}:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data.strip()}".strip()

    @property
    def cohorts(self) -> list[str]:
        """The names of those whose pages are linked from the first cells, in order."""
        found = [link.split("?")[0].split("/")[2] for link in self.links if link.startswith("/cohorts/")]
        return list(dict.fromkeys(found))

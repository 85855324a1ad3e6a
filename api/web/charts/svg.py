"""SVG as text: elements, their attributes and what stands in them, escaped; the same for the same, byte for byte.

Nothing here styles an element: the pages' policy allows no style attribute, so colours are classes of `charts.css`.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

Value = str | int | float


def element(name: str, *inside: str, **attributes: Value | None) -> Markup:
    """inside: text, which is escaped, or elements. attributes: None leaves one out; `class_` is class, `_` is `-`."""
    told = "".join(
        f' {_name(each)}="{escape(_value(value))}"' for each, value in attributes.items() if value is not None
    )
    content = "".join(escape(each) for each in inside)
    return Markup(f"<{name}{told}>{content}</{name}>" if inside else f"<{name}{told}/>")  # noqa: S704 - escaped above


def group(children: Iterable[Markup], **attributes: Value | None) -> Markup:
    return element("g", *children, **attributes)


def line(start: tuple[float, float], end: tuple[float, float], class_: str) -> Markup:
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=class_)


def box(place: tuple[float, float], size: tuple[float, float], class_: str, fill: str | None = None) -> Markup:
    """fill: a pattern; where there is one, the class must not fill."""
    return element(
        "rect", x=place[0], y=place[1], width=max(0.0, size[0]), height=max(0.0, size[1]), class_=class_, fill=fill
    )


def text(place: tuple[float, float], words: str, class_: str = "c-text") -> Markup:
    return element("text", words, x=place[0], y=place[1], class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str, *, is_closed: bool = False) -> Markup:
    told = "L".join(f"{_value(x)} {_value(y)}" for x, y in points)
    return element("path", d=f"M{told}{'Z' if is_closed else ''}", class_=class_)


def _name(attribute: str) -> str:
    return attribute.rstrip("_").replace("_", "-")


def _value(value: Value) -> str:
    """A coordinate with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

"""Charts as they are read back: XML, with what every one of them must have."""

import re
from xml.etree import ElementTree as ET

from api.web.charts.chart import WIDTH, Chart

SVG = "{http://www.w3.org/2000/svg}"


def drawing(chart: Chart | None) -> ET.Element:
    """Of a chart that is there; checked for what no chart may lack, or have."""
    assert chart is not None
    root = ET.fromstring(chart.svg)  # noqa: S314 - as above
    every = list(root.iter())
    ids = [each.attrib["id"] for each in every if "id" in each.attrib]
    named = root.attrib["aria-labelledby"].split()
    assert root.attrib["role"] == "img"
    assert [each.text for each in every if each.get("id") in named] == [chart.title, chart.says]
    assert len(ids) == len(set(ids))
    assert all(each.startswith(chart.name) for each in ids)
    assert not any("style" in each.attrib or each.tag == f"{SVG}style" for each in every)
    assert not re.search(r"\b(?:nan|inf|None)\b", str(chart.svg))
    assert chart.says
    assert all(len(row) == len(chart.table.header) for row in chart.table.rows)
    assert float(root.attrib["viewBox"].split()[2]) == WIDTH
    return root


def of_class(root: ET.Element, *classes: str) -> list[ET.Element]:
    """The elements that have all of these classes."""
    return [each for each in root.iter() if set(classes) <= set(each.get("class", "").split())]


def words(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def hatched(root: ET.Element) -> list[ET.Element]:
    return [each for each in of_class(root, "c-hidden") if each.get("fill", "").startswith("url(#")]


def points(element: ET.Element) -> list[tuple[float, float]]:
    """Of a path of straight lines."""
    pairs = element.attrib["d"].strip("MZ").split("L")
    return [(float(x), float(y)) for x, y in (each.split() for each in pairs)]

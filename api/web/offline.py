"""The offline page: the browser's checks in one file that loads nothing, made of the same modules as every page's.

A function of the files beside it and nothing else, so that equal sources give equal bytes: its SHA-256 stands in the
README, and whoever doubts a server compares the file that it serves.
"""

import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files

from ledger.errors import SetupError

_MODULES = "static/verify"
_BODY = "templates/offline_body.html"
_MAIN = "offline.js"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<module>[a-z0-9]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?function|class|const)", re.MULTILINE)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Check a ledger, offline</title>
<style>{style}</style>
</head>
<body>
{body}<script type="module">{script}</script>
</body>
</html>
"""


@cache
def offline_page() -> bytes:
    """The page, UTF-8. Served at `/verify/offline.html`, and written into no bundle: it must come from elsewhere."""
    script = "\n" + "".join(_joined(_MAIN, set()))
    style = _read("offline.css") + _read("verify.css")
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash_source(script)}'",
            f"style-src '{_hash_source(style)}'",
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    return _PAGE.format(policy=policy, style=style, body=_text(_BODY), script=script).encode()


def offline_hash() -> str:
    """SHA-256 of the page, in hex."""
    return sha256(offline_page()).hexdigest()


def _joined(module: str, taken: set[str]) -> Iterator[str]:
    """A module's text behind those that it imports, each once, in one scope: names at their top level are unique."""
    taken.add(module)
    text = _read(module)
    for found in _IMPORT.finditer(text):
        if found["module"] not in taken:
            yield from _joined(found["module"], taken)
    body = _EXPORT.sub("", _IMPORT.sub("", text))
    if re.search(r"^(?:import|export)\b|import\.meta|</script", body, re.MULTILINE):
        raise SetupError(
            f"{module} cannot be joined into one page: import {{…}} from one line, export what is declared"
        )
    yield body


def _read(name: str) -> str:
    return _text(f"{_MODULES}/{name}")


def _text(path: str) -> str:
    return files("api.web").joinpath(path).read_text(encoding="utf-8")


def _hash_source(text: str) -> str:
    """How a policy names what stands in the page itself."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode('ascii')}"

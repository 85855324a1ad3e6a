"""The few pages that people log in by: plain HTML without script, and nothing from elsewhere."""

from html import escape

from fastapi.responses import HTMLResponse

from api.problems import HEADERS

_FORMS_HERE = HEADERS["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'")


def page(title: str, *parts: str, status: int = 200) -> HTMLResponse:
    """parts: HTML, one below the other."""
    content = "\n".join(parts)
    return HTMLResponse(
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>\n'
        f"<main><h1>{escape(title)}</h1>\n{content}\n</main></html>\n",
        status,
        headers={"Content-Security-Policy": _FORMS_HERE, "Cache-Control": "no-store"},
    )


def text(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def link(address: str, words: str) -> str:
    return f'<p><a href="{escape(address)}">{escape(words)}</a></p>'


def button(words: str, *, action: str, **fields: str) -> str:
    """A form of one button, and what it sends."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(each)}">' for name, each in fields.items()
    )
    return f'<form method="post" action="{escape(action)}">{hidden}<button>{escape(words)}</button></form>'

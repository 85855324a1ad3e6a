"""What a server writes to standard error while it runs: a line an event, for people or as JSON, and never a value.

Our own lines are words that this program chose and facts that it passed (`extra={"facts": ...}`). What others log may
hold anything that was sent here: of theirs the first line of the template is written, without what was put into it, and
of an error its kind and its places, never its words. Warnings and what threads die of go the same way.
"""

import json
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

from ledger.errors import LedgerError
from ledger.names import UUID
from ledger.settings import Settings

OURS = "cohort_ledger"
_SERVER = logging.getLogger(f"{OURS}.server")
_PLACES_MAX = 12  # of an error, the innermost


def begin_logging(settings: Settings) -> None:
    """From here on, for all of this process."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if settings.log_format == "json" else _Text())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)  # of others
    logging.getLogger(OURS).setLevel(settings.log_level.upper())
    logging.raiseExceptions = False  # a line that cannot be written is lost, and shows nothing instead
    warnings.showwarning = _log_warning
    threading.excepthook = _log_death
    sys.unraisablehook = _log_unraisable


def say(line: str, *, level: int = logging.INFO) -> None:
    """Tell the operator, in words that hold no value. Called from any thread."""
    _SERVER.log(level, line)


def say_of_witnesses(line: str) -> None:
    """As `say`, what a hub has to tell of its witnesses."""
    say(line, level=logging.ERROR if line.startswith("ALARM") else logging.WARNING)


class _Lines(logging.Formatter):
    def facts_of(self, record: logging.LogRecord) -> dict[str, object]:
        if record.name.partition(".")[0] == OURS:
            facts = dict(getattr(record, "facts", {}))
            what = record.getMessage()
        else:
            facts = {"logger": record.name}
            what = str(record.msg).partition("\n")[0]
        if record.exc_info and record.exc_info[1] is not None:
            facts |= _places(record.exc_info[1])
        if "why" in facts:
            facts["why"] = UUID.sub("…", str(facts["why"]))  # a row's key may be a case's handle
        return {"time": _time(record), "level": record.levelname.lower(), "what": what, **facts}


class _Json(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(self.facts_of(record), default=str)  # in ASCII: nothing in it ends a line


class _Text(_Lines):
    def format(self, record: logging.LogRecord) -> str:
        time, level, what, *facts = self.facts_of(record).items()
        told = "".join(f" {name}={_plain(value)}" for name, value in facts if value is not None)
        return _on_a_line(f"{time[1]} {level[1]} {what[1]}{told}")


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _on_a_line(text: str) -> str:
    """What would end the line, or be obeyed by a terminal, as it is written in Python: a line is one event's."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _places(error: BaseException) -> dict[str, object]:
    """Of what kind an error is and where it came from, innermost last, with the kinds of what led to it. Only our own
    errors' words are known to hold no value.
    """
    frames = traceback.extract_tb(error.__traceback__)[-_PLACES_MAX:]
    facts: dict[str, object] = {
        "error": type(error).__qualname__,
        "places": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, LedgerError):
        facts["why"] = str(error)
    led = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if led is not None:
        facts["after"] = type(led).__qualname__
    return facts


def _log_warning(
    message: Warning | str,  # noqa: ARG001 - this is not written
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - it goes where all goes
    line: str | None = None,  # noqa: ARG001 - as the message
) -> None:
    _SERVER.warning("a warning", extra={"facts": {"kind": category.__qualname__, "place": f"{filename}:{lineno}"}})


def _log_death(died: threading.ExceptHookArgs) -> None:
    _log_error("a thread died", died.exc_value)


def _log_unraisable(told: "sys.UnraisableHookArgs") -> None:
    _log_error("an error that nobody could be told", told.exc_value)


def _log_error(what: str, error: BaseException | None) -> None:
    facts: Mapping[str, object] = {} if error is None else _places(error)
    _SERVER.error(what, extra={"facts": facts})

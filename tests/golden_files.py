"""The golden files: one signed envelope of each event type and version, and the digest that it led to.

`<type>.v<version>.json` is the first of its kind in the story, `context.jsonl` holds what else the story tells. Run as
a script, this adds what the story has more than the files. It never writes over any: old history must replay for ever.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from given import Alliance
from story import FOUNDERS, STORY

from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.entry import format_time, parse_time
from ledger.signing.envelope import Envelope, parse

GOLDEN = Path(__file__).parent / "golden"
CONTEXT = GOLDEN / "context.jsonl"
NAME = "{0.type}.v{0.version}"


@dataclass(frozen=True)
class Golden:
    """An envelope with its place in the log. digest: of the database with it, 32 bytes."""

    index: int
    received: datetime
    envelope: Envelope
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> "Golden":
        golden = json.loads(text)
        received, digest = parse_time(golden["received"]), from_base64url(golden["digest"])
        return cls(golden["index"], received, parse(golden["envelope"]), digest)

    @property
    def text(self) -> str:
        content = {
            "index": self.index,
            "received": format_time(self.received),
            "envelope": self.envelope.text,
            "digest": to_base64url(self.digest),
        }
        return json.dumps(content) + "\n"


def names() -> set[str]:
    """`cohort.opened.v1`, for each file."""
    return {file.stem for file in GOLDEN.glob("*.json")}


def golden_history() -> list[Golden]:
    """All of them, in the order of the log."""
    texts = [file.read_text() for file in GOLDEN.glob("*.json")]
    texts += CONTEXT.read_text().splitlines() if CONTEXT.exists() else []
    return sorted((Golden.parse(text) for text in texts), key=lambda golden: golden.index)


def replayed() -> Alliance:
    """An alliance that has heard the golden history and none of the story."""
    alliance = Alliance(FOUNDERS)
    for golden in golden_history():
        alliance.now = golden.received
        alliance.takes(golden.envelope)
    return alliance


def add_missing() -> Iterator[str]:
    """Tell the rest of the story, and write it down; yields the names of the files that are new."""
    alliance = replayed()
    for sentence in STORY[alliance.database.size :]:
        received = alliance.now
        taken = alliance.says(*sentence)
        golden = Golden(taken.event.index, received, alliance.heard[-1].envelope, taken.digest)
        name = NAME.format(golden.envelope.claims)
        if name in names():
            with CONTEXT.open("a") as context:
                context.write(golden.text)
        else:
            with (GOLDEN / f"{name}.json").open("x") as file:
                file.write(golden.text)
            yield name


if __name__ == "__main__":
    for added in add_missing():
        sys.stdout.write(f"added {added}\n")

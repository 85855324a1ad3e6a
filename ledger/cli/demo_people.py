"""Who looks at a demonstration that is served: a node, an auditor, an investigator, a company, and everybody else.

Their keys are made for it, and what lets them in is in the log like anything else: a resolution for the auditor of all,
grants of one node for the others.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ledger.cli.demo_stage import PEOPLE, Stage, post_all
from ledger.clock import new_key as draw
from ledger.clock import now
from ledger.demo.catalogue import DRUP
from ledger.node.drafts import Draft
from ledger.node.keyring import new_key, read_key, write_key
from ledger.node.login import ask_link
from ledger.signing.canonical import Json
from ledger.signing.keys import PublicKey, SigningKey

_REGIMEN = "nivolumab"
_FOR_RESEARCH = "DUO:0000042"
_UNTIL = "2099"


class Door(NamedTuple):
    """whom: it is for, in words. address: to be opened in a browser. key_file: what it was made with, None for the
    public, who need none.
    """

    whom: str
    address: str
    key_file: Path | None


def let_in(stage: Stage, url: str) -> None:
    """Make the guests' keys, and let the nodes say that they may look. The hub takes it as it takes all events."""
    keys = {name: _key(stage, name) for name in ("auditor", "investigator", "company")}
    drafts = list(_said(stage, keys))
    post_all(stage, url, drafts, progress=lambda _done, _of: None)


def doors(stage: Stage, url: str) -> Iterator[Door]:
    """A link for each role: each logs in once, and within five minutes."""
    folder, key = stage.nodes[DRUP]
    yield _door(f"the node {DRUP}", url, folder.key_file(key.public.thumbprint), key)
    for name, whom in _GUESTS.items():
        file = stage.folder / PEOPLE / f"{name}.pem"
        yield _door(whom, url, file, read_key(file, None))
    yield Door("the public", f"{url}/", None)


_GUESTS = {
    "auditor": "an auditor of all",
    "investigator": f"an investigator, let in by {DRUP}",
    "company": f"an industry partner, for {_REGIMEN}",
}


def _said(stage: Stage, keys: dict[str, PublicKey]) -> Iterator[tuple[str, Draft]]:
    terms: dict[str, Json] = {"purpose": [_FOR_RESEARCH], "until": _UNTIL}
    agreed: dict[str, Json] = {
        **terms,
        "role": "auditor",
        "organisation": "Example Institute",
        "key": dict(keys["auditor"].jwk),
    }
    slug = "auditor-of-the-demonstration"
    yield DRUP, Draft("resolution.proposed", {"resolution": slug, "subject": "access", "content": agreed})
    others = [node for node in stage.nodes if node != DRUP]
    for node in others[: stage.memorandum.votes_needed(len(stage.nodes)) - 1]:
        yield node, Draft("resolution.endorsed", {"resolution": slug})
    granted: dict[str, dict[str, Json]] = {
        "investigator": {"role": "investigator"},
        "company": {"role": "industry", "regimens": [[_REGIMEN]]},
    }
    for name, given in granted.items():
        grantee: Json = {"name": f"The demonstration's {name}", "organisation": "Example Institute"}
        yield DRUP, Draft("access.granted", {**terms, **given, "key": dict(keys[name].jwk), "grantee": grantee})


def _key(stage: Stage, name: str) -> PublicKey:
    key = new_key()
    (stage.folder / PEOPLE).mkdir(mode=0o700, exist_ok=True)
    write_key(stage.folder / PEOPLE / f"{name}.pem", key, None)
    return key.public


def _door(whom: str, url: str, file: Path, key: SigningKey) -> Door:
    return Door(whom, ask_link(url, key, now=now(), drawn=draw()).link, file)

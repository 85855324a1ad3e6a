"""Real hubs for tests: founded in a folder, with the alliance of `given` and what its nodes have said posted to it."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import databases
import given

from ledger.clock import now
from ledger.operations.append import Posted
from ledger.operations.hub import Hub, found_ledger, open_hub
from ledger.settings import Settings
from ledger.signing.note import NoteSigner
from ledger.signing.receipt import Receipt

LOG = NoteSigner(given.ORIGIN, given.signing_key("log"))


def settings_in(folder: Path, **more: object) -> Settings:
    """Settings of a hub that keeps everything in `<folder>/hub`; its log key lies there in PEM."""
    kept = {"data_dir": folder / "hub", "database_url": databases.url_in(folder / "hub")}
    settings = Settings.load({**kept, **more}, {}, cwd=folder, home=folder)
    settings.data_dir.mkdir(mode=0o700, exist_ok=True)
    if not settings.log_key_file.exists():
        settings.log_key_file.touch(mode=0o600)
        settings.log_key_file.write_bytes(LOG.key.to_pem(None))
    return settings


def founded_hub(folder: Path, alliance: given.Alliance) -> Hub:
    settings = settings_in(folder)
    databases.migrated_in(settings.data_dir)
    found_ledger(settings, alliance.memorandum.text, LOG)
    return open_hub(settings, LOG)


def reopened(hub_of: Path) -> Hub:
    """The hub of a folder as it is after a restart."""
    return open_hub(settings_in(hub_of), LOG)


def post(hub: Hub, alliance: given.Alliance, *, batch: int = 100) -> list[tuple[Posted, Receipt]]:
    """Post all that the alliance heard and the hub has not."""
    known = hub.appender.size()
    texts = [heard.envelope.text for heard in alliance.heard[known:]]
    return [answer for group in batches(texts, batch) for answer in hub.post(group)]


def post_long_ago(hub: Hub, alliance: given.Alliance) -> None:
    """Post as if 60 days ago, so that the last release to outsiders takes it in."""
    hub.appender.now = lambda: now() - timedelta(days=60)  # its clock is handed in
    post(hub, alliance)
    hub.appender.now = now


def batches(texts: list[str], size: int) -> Iterable[list[str]]:
    return (texts[start : start + size] for start in range(0, len(texts), size))

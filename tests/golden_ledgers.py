"""Ledgers that earlier versions of this program wrote: `golden/ledgers/<name>.tar.xz`, one at least for each schema.

Each is a hub's folder as that version left it, with the keys of tests, and in `expected.json` what it was then. Run as
a script, this adds one of the current code, named by the schema's revision; it never writes over any: what was once
written must open for ever. Run it when a migration is added, and whenever stored bytes come to look otherwise.
"""

import io
import json
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

import hubs
from alembic.script import ScriptDirectory
from golden_files import replayed

from ledger.operations.hub import found_ledger, open_hub
from ledger.operations.rebuild import check_tables
from ledger.signing.encoding import to_base64

LEDGERS = Path(__file__).parent / "golden" / "ledgers"
EXPECTED = "expected.json"
_SUFFIX = ".tar.xz"
_DAY_S = 1_700_000_000  # all files' time: an archive says nothing of when it was made


def newest_revision() -> str:
    """Of the schema, by the migrations that there are."""
    revision = ScriptDirectory(Path(__file__).parents[1] / "migrations").get_current_head()
    assert revision is not None
    return revision


def names() -> list[str]:
    return sorted(file.name.removesuffix(_SUFFIX) for file in LEDGERS.glob(f"*{_SUFFIX}"))


def unpack(name: str, folder: Path) -> None:
    """Put the hub's folder at `<folder>/hub`, as `hubs.settings_in` has it."""
    with tarfile.open(LEDGERS / f"{name}{_SUFFIX}") as archive:
        archive.extractall(folder / "hub", filter="data")


def add(name: str) -> Path:
    """Tell the golden history to a hub, and keep its folder. Raises FileExistsError where there is one of this name."""
    alliance = replayed()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        settings = hubs.settings_in(folder)
        found_ledger(settings, alliance.memorandum.text, hubs.LOG)
        hub = open_hub(settings, hubs.LOG)
        hubs.post(hub, alliance)
        digest, size = check_tables(hub.engine, hub.memorandum), hub.appender.size()
        hub.engine.dispose()
        expected = {"revision": newest_revision(), "version": version("cohort-ledger"), "size": size}
        (settings.data_dir / EXPECTED).write_text(json.dumps({**expected, "digest": to_base64(digest)}) + "\n")
        return _pack(settings.data_dir, LEDGERS / f"{name}{_SUFFIX}")


def _pack(hub: Path, file: Path) -> Path:
    LEDGERS.mkdir(exist_ok=True)
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:xz") as archive:
        for each in sorted(hub.iterdir()):
            member = archive.gettarinfo(each, each.name)
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime = _DAY_S
            with each.open("rb") as content:
                archive.addfile(member, content)
    with file.open("xb") as opened:
        opened.write(written.getvalue())
    return file


if __name__ == "__main__":
    added = add(sys.argv[1] if len(sys.argv) > 1 else newest_revision())
    sys.stdout.write(f"added {added}, {added.stat().st_size} bytes\n")

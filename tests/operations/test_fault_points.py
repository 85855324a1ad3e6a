"""A hub that dies at any step of appending and publishing: before the step, and after it has taken effect.

Each time the process is killed for real, by itself, where nothing can clean up after it; the hub that is started again
must have all that was acknowledged, nothing half done, and take what comes next.
"""

import signal
import subprocess
import sys
from pathlib import Path

import given
import hubs
import pytest
from dying import DIE

from ledger.operations.audit import audit
from ledger.operations.doctor import examine

# module, what is called there: every step of the main path that writes
STEPS = {
    "the vault's keys": ("ledger.store.vault", "Vault.put_keys"),
    "entries": ("ledger.operations.append", "append_entries"),
    "sealed values": ("ledger.store.vault", "Vault.seal"),
    "tiles": ("ledger.operations.append", "write_tiles"),
    "row versions": ("ledger.operations.append", "write_versions"),
    "the head": ("ledger.operations.append", "advance"),
    "the whole of the transaction": ("ledger.operations.append", "Appender.append_each"),
    "the signature": ("ledger.operations.publish", "sign_checkpoint"),
    "the file of what was signed last": ("ledger.operations.signed", "SignedFile.write"),
    "the published head": ("ledger.store.head", "publish"),
    "all of publishing": ("ledger.operations.hub", "publish"),
    "the receipts": ("ledger.operations.hub", "receipts_each"),
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_hub_that_dies_at_a_step_has_all_of_the_post_or_nothing_when_it_is_started_again(
    tmp_path: Path, step: str, when: str
) -> None:
    # given: what was acknowledged, and a post of two with sealed values
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    hub.engine.dispose()
    before = len(alliance.heard)
    for _ in range(2):
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    post = [heard.envelope.text for heard in alliance.heard[before:]]
    (tmp_path / "post").write_text("\n".join(post))

    # when
    command = [sys.executable, "-c", DIE, str(Path(given.__file__).parent), str(tmp_path), *STEPS[step], when]
    died = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(given.__file__).parents[1])

    # then: it did die there, and what is started again is whole
    assert died.returncode == -signal.SIGKILL, died.stderr
    restarted = hubs.reopened(tmp_path)
    size = restarted.appender.size()
    assert size in (before, before + 2)
    found = audit(restarted.source("full"), pin=alliance.memorandum.hash, view="full")
    assert found.failure is None
    assert found.checkpoint is not None
    assert found.checkpoint.size == size
    # and the same post is taken, or was there already; either way it is there once
    answers = restarted.post(post)
    assert [posted.index for posted, _ in answers] == [before, before + 1]
    assert {posted.is_new for posted, _ in answers} == {size == before}
    assert restarted.appender.size() == before + 2
    restarted.engine.dispose()
    assert [each for each in examine(hubs.settings_in(tmp_path)) if each.verdict != "well"] == []


def test_every_step_that_is_named_is_one(tmp_path: Path) -> None:
    """Without a fault, the same program ends well: it is the fault that kills."""
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hub.engine.dispose()
    (tmp_path / "post").write_text("\n".join(heard.envelope.text for heard in alliance.heard))

    harmless = DIE.replace("os.kill(os.getpid(), signal.SIGKILL)", "return real(*args, **kwargs)")
    command = [sys.executable, "-c", harmless, str(Path(given.__file__).parent), str(tmp_path), *STEPS["the head"], "-"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(given.__file__).parents[1])

    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "hub" / "last-checkpoint").stat().st_size > 0

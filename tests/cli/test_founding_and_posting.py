"""An alliance of two from nothing: keys, document, hub, and what its nodes post, by the commands alone."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import given
import pytest
from running import run, serving

MEMBERS = {"drup-nl": ("DRUP", "NL", "Ed25519"), "protarget-dk": ("ProTarget", "DK", "ES256")}
PASSPHRASE = "correct horse battery"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where an alliance of two was founded: `hub/`, and a folder for each node."""
    home = tmp_path_factory.mktemp("home")
    (home / "cohort-ledger.toml").write_text('data_dir = "hub"\nlog_key_passphrase_file = "passphrase"\n')
    (home / "passphrase").write_text(f"{PASSPHRASE}\n")
    made = run(home, "log-key", "new", given.ORIGIN, "--passphrase-file", "passphrase")
    assert made.returncode == 0, made.stderr
    for name, (trial, country, algorithm) in MEMBERS.items():
        flags = ["--node", name, "--trial", trial, "--country", country, "--algorithm", algorithm, "--node-dir", name]
        assert run(home, "node", "init", *flags, "--no-passphrase").returncode == 0
    drafted = run(
        home,
        *["alliance", "draft", "--name", "Two", "--log-key", made.stdout.strip(), "--signed", "2021-11-16"],
        *["--commitment", "share data", "--quorum", "all", *(f"{name}/member.json" for name in MEMBERS)],
    )
    assert drafted.returncode == 0, drafted.stderr
    (home / "memorandum.json").write_text(drafted.stdout)
    founded = run(home, "init", "--memorandum", "memorandum.json")
    assert founded.returncode == 0, founded.stderr
    return home


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    """The hub's address; the alliance is in force, and ProTarget is registered."""
    content = json.loads((home / "memorandum.json").read_text())
    signed = json.dumps({"type": "memorandum.signed", "data": {"memorandum": content, "on": "2021-11-16"}})
    trial = json.dumps(
        {"type": "trial.registered", "data": {"name": "ProTarget", "country": "DK", "registries": {}, "aliases": []}}
    )
    with serving(home) as url:
        for node, draft in (("drup-nl", signed), ("protarget-dk", signed), ("protarget-dk", trial)):
            posted = post(home, url, node, draft)
            assert posted.returncode == 0, posted.stderr
            assert ("kept the memorandum" in posted.stderr) == (draft == signed)
        yield url


def post(home: Path, url: str, node: str, *drafts: str, after: int = 0) -> Any:
    (home / "drafts.jsonl").write_text("\n".join(drafts) + "\n")
    flags = ["--node-dir", node, "--url", url, "--after", str(after)]
    return run(home, "node", "post", "drafts.jsonl", *flags)


def next_seq(home: Path, url: str) -> Any:
    ran = run(home, "node", "head", "--node-dir", "protarget-dk", "--url", url, "--json")
    return json.loads(ran.stdout)["next_seq"]


def committed(drug: str) -> str:
    return json.dumps({"type": "supply.committed", "data": {"regimen": [drug]}})


def test_keys_are_encrypted_and_for_their_owner_alone(home: Path) -> None:
    for file in (home / "hub" / "log-key.pem", home / "drup-nl" / "key.pem"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "ENCRYPTED" in (home / "hub" / "log-key.pem").read_text()


def test_a_passphrase_is_asked_for_twice_where_no_file_has_it(tmp_path: Path) -> None:
    typed = f"{PASSPHRASE}\n{PASSPHRASE}\n"

    ran = run(tmp_path, "log-key", "new", given.ORIGIN, "--log-key-file", "key.pem", given=typed)
    differing = run(tmp_path, "log-key", "new", given.ORIGIN, "--log-key-file", "other.pem", given="one\ntwo\n")

    assert ran.returncode == 0, ran.stderr
    assert "ENCRYPTED" in (tmp_path / "key.pem").read_text()
    assert PASSPHRASE not in ran.stdout + ran.stderr
    assert ran.stdout.startswith(f"{given.ORIGIN}+")
    assert differing.returncode == 7  # nothing more is typed
    assert "--no-passphrase" in differing.stderr
    assert not (tmp_path / "other.pem").exists()


def test_what_is_drafted_is_shown_and_hashed_alike(home: Path) -> None:
    hashed = run(home, "alliance", "hash", "memorandum.json").stdout.strip()
    shown = json.loads(run(home, "alliance", "show", "memorandum.json", "--json").stdout)
    table = run(home, "alliance", "show", "memorandum.json").stdout

    assert shown["hash"] == hashed
    assert [member["node"] for member in shown["members"]] == list(MEMBERS)
    assert hashed in table
    assert "ES256" in table


def test_a_ledger_is_founded_once(home: Path) -> None:
    again = run(home, "init", "--memorandum", "memorandum.json")

    assert again.returncode == 7
    assert "a ledger was founded in this database already" in again.stderr


def test_the_same_file_posted_again_posts_the_same_bytes(home: Path, url: str) -> None:
    before = next_seq(home, url)

    first = post(home, url, "protarget-dk", committed("olaparib"), committed("nivolumab"))
    again = post(home, url, "protarget-dk", committed("olaparib"), committed("nivolumab"))

    assert first.stdout.startswith("2 taken, entries ")
    assert again.stdout == first.stdout.replace("2 taken", "2 were there already")
    assert next_seq(home, url) == before + 2


def test_what_was_sealed_elsewhere_is_posted_as_it_is(home: Path, url: str) -> None:
    (home / "draft.json").write_text(committed("alectinib") + "\n")

    sealed = run(home, "node", "seal", "draft.json", "--node-dir", "protarget-dk", "--url", url)
    taken = post(home, url, "protarget-dk", sealed.stdout.strip())

    assert sealed.stdout.count("~") == 1  # nothing in it is sealed
    assert taken.returncode == 0, taken.stderr


def test_what_another_node_sealed_is_not_posted_as_ones_own(home: Path, url: str) -> None:
    (home / "draft.json").write_text(committed("osimertinib") + "\n")
    sealed = run(home, "node", "seal", "draft.json", "--node-dir", "protarget-dk", "--url", url)

    refused = post(home, url, "drup-nl", sealed.stdout.strip())

    assert refused.returncode == 2
    assert "drup-nl posts what it sealed itself" in refused.stderr


def drop(home: Path, refused: Any, *flags: str) -> None:
    """Take out the draft that a command said was refused."""
    number = re.search(r"outbox drop (\d+)", refused.stderr)
    assert number, refused.stderr
    dropped = run(home, "node", "outbox", "drop", number[1], "--node-dir", "protarget-dk", *flags)
    assert dropped.returncode == 0, dropped.stderr


def test_after_a_refusal_only_what_was_not_taken_is_posted_again(home: Path, url: str) -> None:
    opened = json.dumps({"type": "cohort.opened", "data": {"cohort": "nowhere", "on": "2021-11-16"}})
    before = next_seq(home, url)

    refused = post(home, url, "protarget-dk", committed("imatinib"), opened, committed("axitinib"))
    drop(home, refused, "--later")
    corrected = post(home, url, "protarget-dk", committed("imatinib"), committed("sunitinib"), after=1)

    assert refused.returncode == 5
    assert "line 2" in refused.stderr
    assert "1 wait behind it; what was before it is taken" in refused.stderr
    assert corrected.stdout.startswith("1 taken")
    assert next_seq(home, url) == before + 2


def test_what_was_refused_is_signed_anew_when_it_is_posted_again(home: Path, url: str) -> None:
    opened = json.dumps({"type": "cohort.opened", "data": {"cohort": "nowhere", "on": "2021-11-16"}})

    drop(home, post(home, url, "protarget-dk", opened))
    assert post(home, url, "protarget-dk", committed("lapatinib")).returncode == 0  # the stream moves on
    again = post(home, url, "protarget-dk", opened)
    drop(home, again)

    assert "needs a definition of cohort nowhere" in again.stderr  # and is no conflict


def test_what_waits_behind_a_refusal_is_posted_once_the_refused_draft_is_dropped(home: Path, url: str) -> None:
    opened = json.dumps({"type": "cohort.opened", "data": {"cohort": "nowhere", "on": "2021-11-16"}})
    flags = ["--node-dir", "protarget-dk"]
    before = next_seq(home, url)

    refused = post(home, url, "protarget-dk", opened, committed("afatinib"))
    still = post(home, url, "protarget-dk", committed("crizotinib"))
    shown = json.loads(run(home, "node", "outbox", *flags, "--json").stdout)
    drop(home, refused)
    flushed = run(home, "node", "outbox", "flush", *flags, "--url", url)

    assert (refused.returncode, still.returncode) == (5, 5)
    assert [each["state"] for each in shown] == ["refused", "waits", "waits"]
    assert "needs a definition of cohort nowhere" in shown[0]["reason"]
    assert flushed.stdout.startswith("2 taken")
    assert next_seq(home, url) == before + 2


def test_every_receipt_is_listed_and_holds_without_a_hub(home: Path, url: str) -> None:
    post(home, url, "protarget-dk", committed("erlotinib"))

    ran = run(home, "node", "receipts", "--node-dir", "protarget-dk", "--url", "http://127.0.0.1:9", "--json")
    kept = json.loads(ran.stdout)

    assert [each["seq"] for each in kept] == list(range(len(kept)))
    assert {each["type"] for each in kept} == {"memorandum.signed", "trial.registered", "supply.committed"}


def test_a_receipt_that_was_altered_is_an_alarm(home: Path, url: str) -> None:
    post(home, url, "protarget-dk", committed("everolimus"))
    stream = home / "protarget-dk" / "receipts" / "stream"
    good = stream.read_bytes()
    first, second = (line.split(b" ") for line in good.split(b"\n")[:2])
    stream.write_bytes(good.replace(first[3], second[3], 1))

    ran = run(home, "node", "receipts", "--node-dir", "protarget-dk")
    stream.write_bytes(good)

    assert ran.returncode == 3
    assert "protarget-dk" in ran.stderr


def test_a_draft_is_refused_before_it_is_signed_and_no_value_of_it_is_shown(home: Path, url: str) -> None:
    draft = json.dumps({"type": "case.profiled", "data": {"case": given.case(1), "sex": "a secret of a patient"}})

    ran = post(home, url, "drup-nl", committed("olaparib"), draft)

    assert ran.returncode == 5
    assert "line 2" in ran.stderr
    assert "secret" not in ran.stderr

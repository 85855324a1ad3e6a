"""Node keys in a hardware token, tried with SoftHSM: made there, used by every command, and never in a file."""

import json
import shutil
import stat
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import given
import hubs
import pytest
from desks import submitted
from given import DRUP, NEWCOMER
from resolved import agree
from running import run, serving

from ledger.cli.main import main
from ledger.errors import SetupError
from ledger.node.hsm import Place, new_token_key, open_token_key
from ledger.signing.keys import Algorithm

PIN = b"1234"
LIBRARIES = [*map(Path, ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"))]
SOFTHSM = next((each for each in LIBRARIES if each.exists()), None)
HAS_TOKENS = SOFTHSM is not None and shutil.which("softhsm2-util") and find_spec("pkcs11")

pytestmark = pytest.mark.skipif(not HAS_TOKENS, reason="SoftHSM (Debian: softhsm2) or python-pkcs11 is not installed")


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The label of a token, and in the environment where SoftHSM keeps it: a process reads that once."""
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        command = ["softhsm2-util", "--init-token", "--free", "--label", "drup", "--pin", PIN.decode()]
        subprocess.run([*command, "--so-pin", "5678"], check=True, capture_output=True)
        yield "drup"


@pytest.fixture
def library() -> Path:
    assert SOFTHSM is not None
    return SOFTHSM


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_a_token_signs_as_a_key_in_memory_does(token: str, library: Path, algorithm: Algorithm, tmp_path: Path) -> None:
    place, made = new_token_key(library, token, algorithm, pin=PIN, key_id=algorithm.encode())
    place.write(tmp_path / "key.hsm.json")

    opened = open_token_key(Place.read(tmp_path / "key.hsm.json"), PIN)

    assert made.public == opened.public
    assert opened.public.algorithm == algorithm
    for number in range(20):  # half of what a token signs by ES256 has the higher s
        message = b"%d" % number
        opened.public.verify(opened.sign(message), message)
    with pytest.raises(SetupError, match="does not leave it"):
        opened.to_pem(None)


def test_what_is_wrong_with_a_token_is_said(token: str, library: Path, tmp_path: Path) -> None:
    place, _ = new_token_key(library, token, "Ed25519", pin=PIN, key_id=b"there")

    with pytest.raises(SetupError, match="cannot be used"):
        open_token_key(place, b"4321")
    for other in (
        Place(place.module, "another", place.id, place.jwk),
        Place(place.module, token, "00", place.jwk),
        Place(str(tmp_path / "none.so"), token, place.id, place.jwk),
    ):
        with pytest.raises(SetupError, match="cannot be used"):
            open_token_key(other, PIN)
    with pytest.raises(SetupError, match="a key in a token is for Ed25519 or ES256"):
        new_token_key(library, token, "ML-DSA-65", pin=PIN, key_id=b"x")


def test_a_place_is_never_written_over_and_read_as_it_was_written(tmp_path: Path) -> None:
    place = Place("/usr/lib/x.so", "drup", "ab", dict(given.signing_key("k").public.jwk))
    place.write(tmp_path / "key.hsm.json")

    assert Place.read(tmp_path / "key.hsm.json") == place
    with pytest.raises(SetupError, match="there is a key in"):
        place.write(tmp_path / "key.hsm.json")
    for wrong in ("", "{}", json.dumps({"module": "x", "token": "y", "id": "zz", "jwk": {}})):
        (tmp_path / "wrong").write_text(wrong)
        with pytest.raises(SetupError, match="does not say where"):
            Place.read(tmp_path / "wrong")
    with pytest.raises(SetupError, match="cannot be read"):
        Place.read(tmp_path / "none")


def test_a_node_whose_keys_are_in_a_token_accedes_posts_and_rotates(token: str, library: Path, tmp_path: Path) -> None:
    # given: a hub, and a node's folder with a key in the token
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    (tmp_path / "cohort-ledger.toml").write_text('data_dir = "hub"\nnode_dir = "desk"\n')
    (tmp_path / "pin").write_bytes(PIN)
    in_token = ["--hsm", str(library), "--token", token, "--pin-file", "pin"]
    named = ["--node", NEWCOMER, "--trial", "Newcomer", "--country", "IS", "--algorithm", "ES256"]
    made = run(tmp_path, "node", "init", *named, *in_token)
    assert made.returncode == 0, made.stderr

    # when: it applies, is admitted, and posts; then it takes another key of the token, and posts again
    (tmp_path / "desk" / "memorandum.json").write_bytes(alliance.memorandum.text)
    applied = run(tmp_path, "node", "apply", "--passphrase-file", "pin")
    agree(alliance, "welcome", "accession", json.loads(applied.stdout))
    hubs.post(hub, alliance)
    hub.engine.dispose()
    signed = {"type": "memorandum.signed", "data": {"memorandum": alliance.memorandum_content, "on": "2021-11-16"}}
    trial = {"type": "trial.registered", "data": given.trial_of(NEWCOMER)}
    with serving(tmp_path) as url:
        opener = ["--passphrase-file", "pin", "--url", url]
        (tmp_path / "a.jsonl").write_text(json.dumps(signed) + "\n" + json.dumps(trial) + "\n")
        (tmp_path / "b.jsonl").write_text(submitted(1) + "\n")
        ran = [
            run(tmp_path, "node", "post", "a.jsonl", *opener),
            run(tmp_path, "node", "key", "rotate", *in_token, "--old-passphrase-file", "pin", "--url", url),
            run(tmp_path, "node", "post", "b.jsonl", *opener),
            run(tmp_path, "audit", url),
        ]

    # then
    assert [each.returncode for each in ran] == [0] * 4, [each.stderr for each in ran]
    files = {file.name: file for file in (tmp_path / "desk").iterdir()}
    assert not [name for name in files if name.endswith(".pem")]
    assert len([name for name in files if name.endswith(".hsm.json")]) == 2
    assert stat.S_ISREG(files["key.hsm.json"].stat().st_mode)


def test_options_that_do_not_go_together_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    named = ["node", "init", "--node", DRUP, "--trial", "DRUP", "--country", "NL", "--node-dir", "desk"]

    for flags in (["--hsm", "x.so"], ["--token", "t"], ["--pin-file", "f"]):
        assert main([*named, *flags]) == 2
        assert "takes --hsm and --token" in capsys.readouterr().err
    assert main([*named, "--hsm", "x.so", "--token", "t", "--no-passphrase"]) == 2
    assert "a key in a token has no passphrase" in capsys.readouterr().err

"""The witness protocol over HTTP (C2SP tlog-witness): statuses, content types and bodies as it has them."""

import struct
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import witnesses
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from fastapi.testclient import TestClient
from witnesses import COSIGNERS, KEYS, LOG, NAME, ORIGIN, ORIGIN_HASH, OTHER_HISTORY, request

from api.witness import create_witness_app
from ledger.operations.witness import Witness
from ledger.signing.add_checkpoint import REQUEST_MAX, AddCheckpoint
from ledger.signing.checkpoint import sign_checkpoint
from ledger.signing.keys import SigningKey
from ledger.signing.note import Note, NoteSigner

PROBLEM = "application/problem+json"
STRANGER = NoteSigner(ORIGIN, SigningKey.from_seed(bytes(32)))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return witnesses.new_witness(tmp_path)


@pytest.fixture
def client(witness: Witness) -> Iterator[TestClient]:
    app = create_witness_app(witness)
    with TestClient(app, base_url="http://witness.example", raise_server_exceptions=False) as opened:
        yield opened


def test_200_a_cosignature_line_for_each_key_that_holds_as_the_specification_has_it(client: TestClient) -> None:
    answer = client.post("/add-checkpoint", content=request(0, 9).encode())

    # then: it is read and checked by hand
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    text = witnesses.head(9).text
    by_ed25519, by_ml_dsa_44, nothing = answer.text.split("\n")
    assert nothing == ""
    dash, name, encoded = by_ed25519.split(" ")
    key_id, time_s, signature = struct.unpack(">4sQ64s", b64decode(encoded))
    assert (dash, name, key_id) == (
        "\u2014",
        NAME,
        sha256(f"{NAME}\n".encode() + b"\4" + KEYS[0].public_key).digest()[:4],
    )
    key = Ed25519PublicKey.from_public_bytes(KEYS[0].public_key)
    key.verify(signature, f"cosignature/v1\ntime {time_s}\n{text}".encode())
    dash, name, encoded = by_ml_dsa_44.split(" ")
    key_id, again_s, signature = struct.unpack(">4sQ2420s", b64decode(encoded))
    assert (dash, name, key_id) == (
        "\u2014",
        NAME,
        sha256(f"{NAME}\n".encode() + b"\6" + KEYS[1].public_key).digest()[:4],
    )
    assert again_s == time_s > 1_700_000_000
    message = struct.pack(
        ">12sB18sQB15sQQ32s",
        *(b"subtree/v1\n\0", 18, NAME.encode(), time_s, 15, ORIGIN.encode(), 0, 9, witnesses.head(9).root),
    )
    MLDSA44PublicKey.from_public_bytes(KEYS[1].public_key).verify(signature, message)


def test_200_again_and_again_as_the_log_grows(client: TestClient) -> None:
    for old, size in ((0, 0), (0, 3), (3, 3), (3, 64), (64, 100)):
        assert client.post("/add-checkpoint", content=request(old, size).encode()).status_code == 200


def test_the_newest_checkpoint_is_shown_with_what_was_answered(client: TestClient) -> None:
    client.post("/add-checkpoint", content=request(0, 5).encode())
    lines = client.post("/add-checkpoint", content=request(5, 9).encode()).text

    answer = client.get(f"/{ORIGIN_HASH}/checkpoint")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text == witnesses.signed(9).encode().decode() + lines
    assert answer.headers["cache-control"] == "public, max-age=1"


def test_404_where_nothing_of_a_log_was_cosigned(client: TestClient) -> None:
    for asked_for in (ORIGIN_HASH, "0" * 64, "x"):
        answer = client.get(f"/{asked_for}/checkpoint")

        assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)


# what a witness that has cosigned size 5 is asked, and the status of its answer
REFUSED: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no request": (b"old 5\n", 400),
    "a checkpoint alone": (witnesses.signed(9).encode(), 400),
    "no checkpoint": (b"old 5\n\nhello\n\n\xe2\x80\x94 log AAAAAAA=\n", 400),
    "carriage returns": (request(5, 9).encode().replace(b"\n", b"\r\n"), 400),
    "64 hashes": (replace(request(5, 9), proof=(bytes(32),) * 64).encode(), 400),
    "an old size with a leading zero": (request(5, 9).encode().replace(b"old 5", b"old 05"), 400),
    "an old size above the checkpoint's": (replace(request(0, 9), old_size=10).encode(), 400),
    "an unknown origin": (
        AddCheckpoint(0, (), sign_checkpoint(witnesses.head(9, origin="log.example/x"), LOG)).encode(),
        404,
    ),
    "an unknown key": (AddCheckpoint(5, (), sign_checkpoint(witnesses.head(9), STRANGER)).encode(), 403),
    "a bad signature of a known key": (
        AddCheckpoint(5, (), Note(witnesses.head(9).text, witnesses.signed(8).signatures)).encode(),
        403,
    ),
    "a stale old size": (request(3, 9).encode(), 409),
    "an old size of zero": (request(0, 9).encode(), 409),
    "an old size to come": (request(7, 9).encode(), 409),
    "a proof with a flipped bit": (
        replace(request(5, 9), proof=(bytes([request(5, 9).proof[0][0] ^ 1]) + request(5, 9).proof[0][1:],)).encode(),
        422,
    ),
    "a fork": (AddCheckpoint(5, request(5, 9).proof, witnesses.signed(9, OTHER_HISTORY)).encode(), 422),
    "another root at the same size": (request(5, 5, OTHER_HISTORY[::-1]).encode(), 422),
    "a proof of the same size": (replace(request(5, 5), proof=(bytes(32),)).encode(), 422),
}


@pytest.mark.parametrize(("asked", "status"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_answered_with_its_status_and_changes_nothing(
    client: TestClient, asked: bytes, status: int
) -> None:
    client.post("/add-checkpoint", content=request(0, 5).encode())
    before = client.get(f"/{ORIGIN_HASH}/checkpoint").content

    answer = client.post("/add-checkpoint", content=asked)

    assert answer.status_code == status
    if status == 409:
        assert (answer.headers["content-type"], answer.content) == ("text/x.tlog.size", b"5\n")
    else:
        assert (answer.headers["content-type"], answer.json()["status"]) == (PROBLEM, status)
    assert client.get(f"/{ORIGIN_HASH}/checkpoint").content == before


@pytest.mark.parametrize(
    "asked",
    [
        replace(request(0, 9), proof=(bytes(32),)),
        AddCheckpoint(0, (), sign_checkpoint(replace(witnesses.head(0), root=bytes(32)), LOG)),
    ],
    ids=["a proof from size 0", "an empty tree with another root"],
)
def test_422_before_anything_was_cosigned(client: TestClient, witness: Witness, asked: AddCheckpoint) -> None:
    assert client.post("/add-checkpoint", content=asked.encode()).status_code == 422
    assert client.get(f"/{ORIGIN_HASH}/checkpoint").status_code == 404
    assert len(witness.folder.evidence) == 1


def test_409_before_anything_was_cosigned_says_zero(client: TestClient) -> None:
    answer = client.post("/add-checkpoint", content=request(5, 9).encode())

    assert (answer.status_code, answer.headers["content-type"]) == (409, "text/x.tlog.size")
    assert answer.content == b"0\n"


def test_413_is_a_request_that_is_longer_than_any_can_be(client: TestClient) -> None:
    for body in (b"x" * (REQUEST_MAX + 1), iter([b"x" * REQUEST_MAX, b"x"])):
        answer = client.post("/add-checkpoint", content=body)

        assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)
    assert client.post("/add-checkpoint", content=b"x" * REQUEST_MAX).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/add-checkpoint", "POST"),
        ("HEAD", "/add-checkpoint", "POST"),
        ("PUT", "/add-checkpoint", "POST"),
        ("POST", f"/{ORIGIN_HASH}/checkpoint", "GET, HEAD"),
        ("DELETE", "/healthz", "GET, HEAD"),
    ],
)
def test_405_names_the_methods_that_there_are(client: TestClient, method: str, path: str, allowed: str) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


def test_there_is_no_other_page(client: TestClient) -> None:
    for path in ("/", "/docs", "/redoc", "/openapi.json", "/sign-subtree", "/checkpoint", "/add-checkpoint/", "/log/x"):
        assert client.get(path).status_code == 404
    assert client.get("/healthz").json() == {"status": "up"}
    assert client.get("/healthz?x=1").status_code == 400
    assert client.post("/add-checkpoint?x=1", content=request(0, 9).encode()).status_code == 400


@pytest.mark.parametrize("path", ["/healthz", f"/{ORIGIN_HASH}/checkpoint", "/nothing"])
def test_head_is_answered_as_get_is_and_without_the_body(client: TestClient, path: str) -> None:
    client.post("/add-checkpoint", content=request(0, 5).encode())

    get, head = client.get(path), client.head(path)

    assert (head.status_code, head.headers, head.content) == (get.status_code, get.headers, b"")


@pytest.mark.parametrize("host", ["witness.example", "192.0.2.1:8701", "localhost"])
def test_it_answers_under_every_name(client: TestClient, host: str) -> None:
    answer = client.get("/healthz", headers={"Host": host})

    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_witness_that_lost_what_it_knew_answers_500_and_tells_no_path(client: TestClient, witness: Witness) -> None:
    client.post("/add-checkpoint", content=request(0, 5).encode())
    (witness.folder.path / "logs" / f"{ORIGIN_HASH}.json").unlink()

    answers = [client.post("/add-checkpoint", content=request(0, 9).encode()), client.get(f"/{ORIGIN_HASH}/checkpoint")]

    assert [answer.status_code for answer in answers] == [500, 500]
    assert not any(str(witness.folder.path) in answer.text for answer in answers)


def test_a_witness_with_one_key_answers_one_line(tmp_path: Path) -> None:
    app = create_witness_app(witnesses.new_witness(tmp_path / "one", cosigners=COSIGNERS[1:]))
    with TestClient(app) as client:
        assert client.post("/add-checkpoint", content=request(0, 9).encode()).text.count("\n") == 1

"""The browser reads exactly what Python prints, and believes what Python signed: golden vectors both ways."""

from collections.abc import Callable, Iterator
from hashlib import sha256, shake_256

import checked_logs
import given
import hubs
import pytest
from browsers import page_of, run_module
from checked_logs import flipped
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from mirrors import Held
from playwright.sync_api import Browser, Page

from ledger.cohort.witnesses import with_cosignatures
from ledger.errors import MalformedError
from ledger.merkle.hashing import EMPTY_ROOT
from ledger.merkle.tiles import pack_entries
from ledger.operations.source import read_tiled
from ledger.signing import canonical, jws
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.cosigned import cosignature_message
from ledger.signing.encoding import from_base64, from_base64url, from_decimal, to_base64url
from ledger.signing.envelope import Disclosure, Envelope
from ledger.signing.keys import PublicKey, SigningKey
from ledger.signing.note import NoteSignature, Verifier


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with checked_logs.served({}, {"/": "<!doctype html><title>empty</title>"}) as url, page_of(browser) as (page, seen):
        page.goto(url)
        yield page
        assert seen.clean, seen


def python_refuses(read: Callable[[object], object], values: list[object]) -> list[bool]:
    found = []
    for value in values:
        try:
            read(value)
        except MalformedError:
            found.append(True)
        else:
            found.append(False)
    return found


def test_hashes_are_those_of_python_at_every_length_around_a_block(page: Page) -> None:
    messages = [shake_256(b"%d" % length).digest(length) for length in [*range(200), 1000, 4095, 4096, 70_001]]

    hashes = run_module(
        page,
        "sha256",
        """const { toHex } = await import("/static/verify/bytes.js");
        return given.map((each) => toHex(m.sha256(bytes(each))));""",
        [each.hex() for each in messages],
    )

    assert hashes == [sha256(each).hexdigest() for each in messages]


P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TEXTS = [
    "", "A", "AA", "AQ", "AR", "AAA", "AAE", "AAF", "AAAA", "AAAAA", "AA==", "AQ==", "AR==", "AAE=", "AAF=", "A===",
    "A A=", "AA=A", "++//", "--__", "+-==", "AA==\n", " AA==", "AAAAAAAA", "AAAA=", "é", "AA=",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "read", "texts"),
    [
        ("fromBase64url", from_base64url, TEXTS),
        ("fromBase64", from_base64, TEXTS),
        (
            "fromDecimal",
            from_decimal,
            ["0", "00", "01", "1", "10", "-1", "+1", "1.0", "1e3", " 1", "1\n", "1_0", "", "٣"],
        ),
    ],
)
def test_numbers_and_bytes_have_one_spelling(
    page: Page, name: str, read: Callable[[object], object], texts: list[object]
) -> None:
    refused = run_module(
        page, "bytes", f"return Promise.all(given.map((each) => refused(() => m.{name}(each))));", texts
    )

    assert refused == python_refuses(read, texts)


CANONICAL = [
    b"{}", b"[]", b"null", b"true", b"0", b"-0", b"-1", b"1.0", b"1e2", b"9007199254740991", b"9007199254740992",
    b"-9007199254740992", b'"a"', b'"\\u0061"', b'"\\n"', b'"\\u000a"', b'"\\u001f"', b'"\\u001F"', b'"\x7f"', b'"/"',
    b'"\\/"', b'"\\ud800"', b'"\\ud83d\\ude00"', '"😀"'.encode(), '"\u2028é"'.encode(), b'"\xff"', b'"\xed\xa0\x80"',
    b'{"a":1,"b":2}', b'{"b":2,"a":1}', b'{"a":1,"a":1}', b'{"10":1,"9":2}', b'{"9":2,"10":1}', b'{"a": 1}', b" {}",
    b"{}\n", '{"é":1}'.encode(), b'{"__proto__":1}', b'{"a":[1,{"b":null}]}', b"\xef\xbb\xbf{}", b"", b"NaN", b"[1,]",
    b"[" * 32 + b"]" * 32, b"[" * 33 + b"]" * 33, b'{"":0}', b'"\\b\\f\\t\\r\\"\\\\"', b'{"B":1,"a":1}',
    b'{"a":1,"B":1}',
]  # fmt: skip


def test_only_what_python_prints_is_canonical_json(page: Page) -> None:
    refused = run_module(
        page,
        "canonical",
        "return Promise.all(given.map((each) => refused(() => m.readCanonical(bytes(each)))));",
        [each.hex() for each in CANONICAL],
    )

    assert refused == python_refuses(canonical.load, [*CANONICAL])  # type: ignore[arg-type]
    assert len({*refused}) == 2


def _small_order_keys() -> list[bytes]:
    one, minus_one = (1).to_bytes(32, "little"), (2**255 - 20).to_bytes(32, "little")
    return [one, bytes(32), minus_one, (2**255 - 19).to_bytes(32, "little"), flipped(one, 31, 7)]


def test_keys_are_named_by_the_thumbprint_that_python_computes_and_weak_ones_are_none(page: Page) -> None:
    signer = given.signing_key("anybody").public
    weak = [{"crv": "Ed25519", "kty": "OKP", "x": to_base64url(raw)} for raw in _small_order_keys()]
    padded = [{**signer.jwk, "kid": "x"}, {**signer.jwk, "x": f"{signer.jwk['x']}="}, {"kty": "OKP"}, {}]

    thumbprint, refused = run_module(
        page,
        "keys",
        """const { thumbprint } = await m.readKey(given.good);
        return [thumbprint, await Promise.all(given.bad.map((each) => refused(() => m.readKey(each))))];""",
        {"good": dict(signer.jwk), "bad": [*weak, *padded]},
    )

    assert thumbprint == signer.thumbprint
    assert refused == [True] * len([*weak, *padded])
    assert python_refuses(PublicKey.from_jwk, [*weak, *padded]) == refused  # type: ignore[arg-type]


CHECK_JWS = """
    const { checkJws } = await import("/static/verify/jws.js");
    const { readKey } = await import("/static/verify/keys.js");
    const { Unable } = await import("/static/verify/refused.js");
    return Promise.all(given.map(async ([jwk, text]) => {
        try {
            await checkJws(m.readJws(text, "test+jwt"), await readKey(jwk));
            return "good";
        } catch (error) { return error instanceof Unable ? "unknown" : "bad"; }
    }));
"""


def test_signatures_of_every_algorithm_are_checked_or_said_not_to_be(page: Page) -> None:
    hardware, archive = SigningKey(generate_private_key(SECP256R1())), SigningKey(MLDSA65PrivateKey.generate())
    statement = jws.sign({"a": 1}, typ="test+jwt", key=hardware)
    s = int.from_bytes(statement.signature[32:])
    high_s = to_base64url(statement.signature[:32] + (P256_ORDER - s).to_bytes(32))
    head = statement.signing_input.decode()
    given_to = [
        (dict(hardware.public.jwk), statement.text),
        (dict(hardware.public.jwk), f"{head}.{high_s}"),
        (dict(given.signing_key("another").public.jwk), statement.text),
        (dict(archive.public.jwk), jws.sign({"a": 1}, typ="test+jwt", key=archive).text),
    ]

    assert run_module(page, "jws", CHECK_JWS, given_to) == ["good", "bad", "bad", "unknown"]


READ_TILED = """
    const { toHex } = await import("/static/verify/bytes.js");
    const files = new Map(Object.entries(given.files).map(([path, hex]) => [path, async () => bytes(hex)]));
    const source = m.filesSource(files);
    return Promise.all(given.asked.map(async (path) => toHex(await m.readTiled(source, path))));
"""


def test_a_partial_file_that_was_outgrown_is_the_beginning_of_the_full_one(page: Page) -> None:
    leaves = [b"%d" % at for at in range(256)]
    files = {
        "tile/0/000": bytes(range(256)) * 32,
        "tile/entries/000": pack_entries(leaves),
        "disclosures/000": b"".join(leaf + b"\n" for leaf in leaves),
    }
    asked = [f"{path}.p/5" for path in files]

    read = run_module(
        page, "source", READ_TILED, {"files": {path: data.hex() for path, data in files.items()}, "asked": asked}
    )

    assert read == [read_tiled(Held(files), path).hex() for path in asked]


@pytest.fixture(scope="module")
def said() -> tuple[Envelope, SigningKey]:
    """A short event with a sealed field, and the key that signed it."""
    alliance = given.opened(given.DRUP)
    alliance.says(given.DRUP, "case.submitted", {"case": given.case(1), "on": "2021-11-20"})
    alliance.says(given.DRUP, "case.allocated", {**given.patient(given.case(1)), "on": "2021-12-01"})
    alliance.says(
        given.DRUP,
        "case.released",
        {**given.patient(given.case(1)), "on": "2021-12-02", "reason_code": "ineligible", "reason": "a second tumour"},
    )
    return alliance.heard[-1].envelope, alliance.key(given.DRUP)


CHECK_ENVELOPE = """
    const { checkJws } = await import("/static/verify/jws.js");
    const { readKey } = await import("/static/verify/keys.js");
    const key = await readKey(given.jwk);
    const check = (text) => refused(() => checkJws(m.readEnvelope(text).jws, key));
    return Promise.all(given.texts.map(check));
"""


def test_every_flipped_bit_of_an_envelope_is_found(page: Page, said: tuple[Envelope, SigningKey]) -> None:
    envelope, key = said
    text = envelope.jws.text.encode()
    changed = [flipped(text, at, bit).decode("latin-1") for at in range(len(text)) for bit in range(7)]

    refused = run_module(
        page, "envelope", CHECK_ENVELOPE, {"jwk": dict(key.public.jwk), "texts": [envelope.jws.text, *changed]}
    )

    assert refused == [False] + [True] * len(changed)


def test_a_disclosure_opens_its_commitment_and_no_other_bits_do(page: Page, said: tuple[Envelope, SigningKey]) -> None:
    envelope, _ = said
    (disclosure,) = envelope.disclosures
    text = disclosure.text.encode()
    other = Disclosure.make(bytes(16), "a second tumour").text
    wrong = [*(flipped(text, at, bit).decode("latin-1") for at in range(len(text)) for bit in range(7)), other]
    twice = f"{disclosure.text}~{disclosure.text}"

    value, refused = run_module(
        page,
        "envelope",
        """const { openDisclosures } = await import("/static/verify/disclosures.js");
        const { commitments } = m.readEnvelope(given.jws);
        const open = (line) => openDisclosures(line, commitments);
        return [[...open(given.right)], await Promise.all(given.wrong.map((line) => refused(() => open(line))))];""",
        {"jws": envelope.jws.text, "right": disclosure.text, "wrong": [*wrong, twice]},
    )

    assert value == [["reason", "a second tumour"]]
    assert refused == [True] * (len(wrong) + 1)


def test_every_flipped_bit_of_a_cosigned_checkpoint_is_found(page: Page) -> None:
    checkpoint = sign_checkpoint(Checkpoint(given.ORIGIN, 17, EMPTY_ROOT), hubs.LOG)
    cosigner = given.cosigner(checked_logs.WITNESS)
    note = with_cosignatures(checkpoint, [cosigner.cosign(checkpoint.text, checked_logs.TIME_S)]).encode()
    changed = [flipped(note, at, bit) for at in range(len(note)) for bit in range(8)]

    found = run_module(
        page,
        "checkpoint",
        """const { readVerifier, signedBy } = await import("/static/verify/note.js");
        const [log, witness] = await Promise.all(given.keys.map(readVerifier));
        const read = async (note) => {
          const checkpoint = await m.readCheckpoint(note, log);
          return [checkpoint.origin, checkpoint.size, await signedBy(checkpoint.note, witness)];
        };
        const isFound = async (note) => {
          try { return (await read(note))[2] === null; } catch { return true; }
        };
        const [whole, ...changed] = given.notes.map(bytes);
        return [await read(whole), await Promise.all(changed.map(isFound))];""",
        {
            "keys": [hubs.LOG.verifier.text, cosigner.verifier.text],
            "notes": [note.hex(), *(each.hex() for each in changed)],
        },
    )

    assert found == [[given.ORIGIN, 17, checked_logs.TIME_S], [True] * len(changed)]


def test_a_cosignature_that_states_no_time_is_none(page: Page) -> None:
    checkpoint = sign_checkpoint(Checkpoint(given.ORIGIN, 17, EMPTY_ROOT), hubs.LOG)
    witness = given.cosigner(checked_logs.WITNESS).verifier
    times = [checked_logs.TIME_S, 0]
    signed = [
        given.signing_key(witness.name).sign(cosignature_message(checkpoint.text, time_s=time_s)) for time_s in times
    ]
    lines = [
        NoteSignature(witness.name, witness.key_id, time_s.to_bytes(8) + signature)
        for time_s, signature in zip(times, signed, strict=True)
    ]

    refused = run_module(
        page,
        "note",
        """const witness = await m.readVerifier(given.key);
        return Promise.all(given.notes.map((note) => refused(() => m.signedBy(m.readNote(bytes(note)), witness))));""",
        {"key": witness.text, "notes": [with_cosignatures(checkpoint, [line]).encode().hex() for line in lines]},
    )

    assert refused == [False, True]


def test_a_verifier_key_has_the_id_of_its_own_key_or_is_none(page: Page) -> None:
    log = hubs.LOG.verifier
    wrong = [
        log.text.replace(log.key_id.hex(), "00000000"),
        log.text.upper(),
        f"{log.text}=",
        log.text.replace("+", " ", 1),
        "",
    ]

    refused = run_module(
        page,
        "note",
        "return Promise.all(given.map((each) => refused(() => m.readVerifier(each))));",
        [log.text, *wrong],
    )

    assert refused == [False] + [True] * len(wrong)
    assert python_refuses(lambda text: Verifier.parse(str(text)), [log.text, *wrong]) == refused

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ledger.errors import MalformedError, SignatureError
from ledger.signing import jws
from ledger.signing.keys import SigningKey
from ledger.signing.possession import check_possession, prove_possession

KEY = SigningKey.from_seed(bytes(range(32)))
ORIGIN = "ledger.example/shared-cohorts"


@pytest.mark.parametrize("key", [KEY, SigningKey(ec.derive_private_key(7, ec.SECP256R1()))], ids=["Ed25519", "ES256"])
@pytest.mark.parametrize("prev", [None, bytes(32)])
def test_a_proof_holds_for_the_key_node_log_and_place_that_it_was_made_for(key: SigningKey, prev: bytes | None) -> None:
    proof = prove_possession(key=key, node="drup-nl", origin=ORIGIN, prev=prev)

    check_possession(proof, key=key.public, node="drup-nl", origin=ORIGIN, prev=prev)

    with pytest.raises(MalformedError):
        check_possession(proof, key=key.public, node="impress-no", origin=ORIGIN, prev=prev)
    with pytest.raises(MalformedError):
        check_possession(proof, key=key.public, node="drup-nl", origin="other.example", prev=prev)
    with pytest.raises(MalformedError):
        check_possession(proof, key=key.public, node="drup-nl", origin=ORIGIN, prev=b"x" * 32)
    with pytest.raises(SignatureError):
        check_possession(proof, key=SigningKey.from_seed(bytes(32)).public, node="drup-nl", origin=ORIGIN, prev=prev)


def test_another_kind_of_statement_is_no_proof() -> None:
    text = jws.sign({"node": "drup-nl", "origin": ORIGIN, "prev": None}, typ="other+jwt", key=KEY).text

    with pytest.raises(MalformedError):
        check_possession(text, key=KEY.public, node="drup-nl", origin=ORIGIN, prev=None)

"""Keys that sign somewhere else, in a hardware token: what comes back is checked."""

import pytest
from given import signing_key

from ledger.errors import SetupError, SignatureError
from ledger.node.keyring import new_key
from ledger.signing.keys import HeldElsewhere, SigningKey

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_a_key_that_is_held_elsewhere_signs_and_is_never_shown() -> None:
    inside = signing_key("inside")
    key = SigningKey(HeldElsewhere(inside.public, inside.sign))

    assert key.public == inside.public
    assert key.sign(b"message") == inside.sign(b"message")
    with pytest.raises(SetupError, match="does not leave it"):
        key.to_pem(None)


def test_of_two_signatures_by_es256_the_lower_is_taken_whichever_comes_back() -> None:
    inside = new_key("ES256")

    def higher(message: bytes) -> bytes:
        signature = inside.sign(message)
        return signature[:32] + (P256_ORDER - int.from_bytes(signature[32:])).to_bytes(32)

    inside.public.verify(SigningKey(HeldElsewhere(inside.public, higher)).sign(b"m"), b"m")


@pytest.mark.parametrize("algorithm", ["Ed25519", "ES256"])
def test_what_does_not_hold_under_the_public_half_is_no_signature(algorithm: str) -> None:
    inside, another = new_key(algorithm), new_key(algorithm)  # type: ignore[arg-type]  # one of those that there are

    for wrong in (another.sign, lambda _message: bytes(64), lambda _message: b""):
        with pytest.raises(SignatureError):
            SigningKey(HeldElsewhere(inside.public, wrong)).sign(b"message")

"""What a log asks of a witness, as bytes: read as it is printed, and in no other way."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.signing.add_checkpoint import PROOF_MAX, REQUEST_MAX, AddCheckpoint
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.keys import SigningKey
from ledger.signing.note import NOTE_MAX, NoteSigner

# C2SP tlog-witness, the example in its text (its signatures are no real ones)
EXAMPLE = """old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa \
opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
"""
NOTE = sign_checkpoint(Checkpoint("log", 9, bytes(32)), NoteSigner("log", SigningKey.from_seed(bytes(32))))
SIGNED = NOTE.encode().decode()
HASH = b64encode(bytes(range(32))).decode()


def test_the_specifications_own_example_is_read_and_comes_back() -> None:
    asked = AddCheckpoint.parse(EXAMPLE.encode())

    assert (asked.old_size, len(asked.proof)) == (20852014, 4)
    assert asked.checkpoint.size == 20852163
    assert asked.proof[0].hex() == "3e544d0abc07a6a846aeea6e7b42fb8316e36cc88a03db5e9afb996430e991ac"
    assert asked.encode() == EXAMPLE.encode()


@given(st.integers(0, 10**18 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=PROOF_MAX))
def test_a_request_comes_back(old_size: int, proof: list[bytes]) -> None:
    asked = AddCheckpoint(old_size, tuple(proof), NOTE)

    assert AddCheckpoint.parse(asked.encode()) == asked


PIECES = ["old ", "old 0", "0", "7", "\n", "\n\n", HASH, " ", "+", SIGNED, "log\n9\n", "— log AAAAAAA=\n"]


@given(st.lists(st.sampled_from(PIECES), max_size=7))
def test_a_request_that_is_read_prints_as_it_was(pieces: list[str]) -> None:
    data = "".join(pieces).encode()

    try:
        asked = AddCheckpoint.parse(data)
    except MalformedError:
        return

    assert asked.encode() == data


GOOD = f"old 7\n{HASH}\n\n{SIGNED}"


@pytest.mark.parametrize(
    "request_",
    [
        "",
        "\n",
        "\n\n",
        SIGNED,
        f"\n\n{SIGNED}",
        f"{HASH}\n\n{SIGNED}",
        GOOD.replace("old 7", "old"),
        GOOD.replace("old 7", "old "),
        GOOD.replace("old 7", "old  7"),
        GOOD.replace("old 7", "old\t7"),
        GOOD.replace("old 7", "old 07"),
        GOOD.replace("old 7", "old +7"),
        GOOD.replace("old 7", "old -7"),
        GOOD.replace("old 7", "old 7 "),
        GOOD.replace("old 7", "old 7.0"),
        GOOD.replace("old 7", "old 1_000"),
        GOOD.replace("old 7", "old ٧"),
        GOOD.replace("old 7", "old 7\r"),
        GOOD.replace("old 7", "OLD 7"),
        GOOD.replace("old 7", "new 7"),
        GOOD.replace("old 7", "size 7"),
        GOOD.replace("old 7", f"old {10**18}"),
        GOOD.replace("old 7\n", ""),
        GOOD.replace("old 7\n", "old 7\n\n"),
        f" {GOOD}",
        f"\n{GOOD}",
        GOOD.replace(HASH, HASH[:-1]),
        GOOD.replace(HASH, f"{HASH} "),
        GOOD.replace(HASH, b64encode(bytes(31)).decode()),
        GOOD.replace(HASH, b64encode(bytes(33)).decode()),
        GOOD.replace(HASH, "AAAA" * 10 + "AAB="),  # stray bits
        GOOD.replace(HASH, "\n".join([HASH] * (PROOF_MAX + 1))),
        GOOD.replace(f"{HASH}\n\n", f"{HASH}\n"),
        GOOD.removesuffix("\n"),
        f"{GOOD}\n",
        "old 7\n\n",
        f"old 7\n\n{NOTE.text}",
        GOOD.replace("log\n9\n", "log\n"),  # a note, and no checkpoint
    ],
    ids=ascii,
)
def test_a_request_of_another_shape_is_refused(request_: str) -> None:
    with pytest.raises(MalformedError):
        AddCheckpoint.parse(request_.encode())


def test_a_request_holds_at_most_63_hashes() -> None:
    most = AddCheckpoint(7, (bytes(32),) * PROOF_MAX, NOTE)

    assert AddCheckpoint.parse(most.encode()) == most
    with pytest.raises(MalformedError, match="at most 63 hashes"):
        AddCheckpoint.parse(AddCheckpoint(7, (bytes(32),) * (PROOF_MAX + 1), NOTE).encode())


def test_the_longest_request_is_no_longer_than_is_said() -> None:
    longest = AddCheckpoint(10**18 - 1, (bytes(32),) * PROOF_MAX, NOTE)

    assert len(longest.encode()) - len(longest.note.encode()) + NOTE_MAX <= REQUEST_MAX

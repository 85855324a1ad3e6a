import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.signing.encoding import to_base64
from ledger.signing.receipt import Receipt

VECTORS: Any = json.loads((Path(__file__).parents[1] / "vectors" / "c2sp.json").read_text())
CHECKPOINT = VECTORS["checkpoint"].encode()
HASH = to_base64(bytes(range(32)))

# C2SP tlog-proof, the example in its text, its signatures being elided there
EXAMPLE = """c2sp.org/tlog-proof@v1
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

"""


def test_the_formats_own_example_is_read() -> None:
    receipt = Receipt.parse(EXAMPLE.encode() + CHECKPOINT)

    assert (receipt.index, len(receipt.proof), receipt.checkpoint) == (73894, 5, CHECKPOINT)
    assert receipt.encode() == EXAMPLE.encode() + CHECKPOINT


@given(
    st.integers(0, 10**18 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=64).map(tuple),
    st.binary(max_size=40),
)
def test_a_receipt_comes_back(index: int, proof: tuple[bytes, ...], checkpoint: bytes) -> None:
    receipt = Receipt(index, proof, checkpoint)

    assert Receipt.parse(receipt.encode()) == receipt


@pytest.mark.parametrize(
    "head",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v2\nindex 3",
        " c2sp.org/tlog-proof@v1\nindex 3",
        "\nc2sp.org/tlog-proof@v1\nindex 3",
        f"c2sp.org/tlog-proof@v1\n{HASH}",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 3",
        "c2sp.org/tlog-proof@v1\nindex",
        "c2sp.org/tlog-proof@v1\nindex ",
        "c2sp.org/tlog-proof@v1\nindex  3",
        "c2sp.org/tlog-proof@v1\nindex +3",
        "c2sp.org/tlog-proof@v1\nindex 03",
        "c2sp.org/tlog-proof@v1\nindex 3 ",
        "c2sp.org/tlog-proof@v1\nindex 3\r",
        "c2sp.org/tlog-proof@v1\nindex ٣",
        f"c2sp.org/tlog-proof@v1\nindex 3\n{HASH} ",
        f"c2sp.org/tlog-proof@v1\nindex 3\n{HASH}=",
        f"c2sp.org/tlog-proof@v1\nindex 3\n{HASH[:-2]}9=",
        "c2sp.org/tlog-proof@v1\nindex 3\nAAAA",
        "c2sp.org/tlog-proof@v1\nindex 3" + f"\n{HASH}" * 65,
    ],
    ids=lambda head: ascii(head)[:60],
)
def test_a_receipt_of_another_shape_is_refused(head: str) -> None:
    with pytest.raises(MalformedError):
        Receipt.parse(head.encode() + b"\n\n" + CHECKPOINT)


def test_a_receipt_has_an_empty_line_before_its_checkpoint() -> None:
    with pytest.raises(MalformedError):
        Receipt.parse(b"c2sp.org/tlog-proof@v1\nindex 3\n")

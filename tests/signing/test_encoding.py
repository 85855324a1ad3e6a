from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError
from ledger.signing.encoding import (
    digests_as_text,
    from_base64,
    from_base64url,
    from_decimal,
    to_base64,
    to_base64url,
)


@given(st.binary(max_size=100))
def test_bytes_come_back_from_both_alphabets_as_the_standard_library_spells_them(data: bytes) -> None:
    standard, url = to_base64(data), to_base64url(data)

    assert standard == b64encode(data).decode()
    assert url == urlsafe_b64encode(data).decode().rstrip("=")
    assert from_base64(standard) == data
    assert from_base64url(url) == data


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=5))
def test_digests_are_spelt_together_as_each_is_by_itself(digests: list[bytes]) -> None:
    assert digests_as_text(digests) == list(map(to_base64url, digests))


@given(st.text(alphabet="AQgwB+/-_= \n.", max_size=12))
def test_a_text_is_read_only_if_it_is_the_one_that_is_printed(text: str) -> None:
    for read, print_ in ((from_base64, to_base64), (from_base64url, to_base64url)):
        try:
            data = read(text)
        except MalformedError:
            continue

        assert print_(data) == text


@pytest.mark.parametrize("text", ["YQ==", "YR", "Y", "YQ\n", " YQ", "Y+", "Y/", "Yé", "YQ.", "YW Jj", "Y\nQ"])
def test_base64url_takes_no_padding_stray_bits_white_space_or_other_alphabet(text: str) -> None:
    with pytest.raises(MalformedError):
        from_base64url(text)


@pytest.mark.parametrize(
    "text", ["YQ", "YQ=", "YR==", "YQ===", "YQ==\n", " YQ==", "Y-==", "Y_==", "Yé==", "YW=Jj", "="]
)
def test_base64_takes_no_missing_padding_stray_bits_white_space_or_other_alphabet(text: str) -> None:
    with pytest.raises(MalformedError):
        from_base64(text)


def test_a_stated_size_is_held_to() -> None:
    assert from_base64url("AAAA", size=3) == bytes(3)

    for read, text in ((from_base64url, "AAA"), (from_base64, "AAA=")):
        with pytest.raises(MalformedError):
            read(text, size=3)


@pytest.mark.parametrize(
    "text",
    ["", "+20_85", "2_085", "+1", "-1", "-0", "00", "01", " 1", "1 ", "1\n", "1.0", "1e3", "0x1", "٣", "1٣", "1" * 19],
)
def test_a_number_has_no_sign_underscore_leading_zero_or_foreign_digit(text: str) -> None:
    with pytest.raises(MalformedError):
        from_decimal(text)


@given(st.integers(0, 10**18 - 1))
def test_a_number_comes_back_from_its_digits(number: int) -> None:
    assert from_decimal(str(number)) == number

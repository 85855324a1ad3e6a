"""What bytes a value may lie in a file as: plain, and within base64 of either alphabet at each of the three places."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ledger.errors import LedgerError
from ledger.signing import envelope as envelopes
from ledger.signing.canonical import Json, dump
from ledger.signing.envelope import Disclosure

_TOO_SHORT = 6  # bytes: fewer are found anywhere, and say nothing


@dataclass(frozen=True, slots=True)
class Needle:
    """number: of the value, from 1 in the order given. form: how it is spelt, in words."""

    number: int
    form: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Needles:
    """values: how many are searched for; skipped: how many are too short to tell; clear: how many the log itself says
    in the clear, a drug's name for one, so that finding them says nothing.
    """

    needles: tuple[Needle, ...]
    values: int
    skipped: int
    clear: int

    @classmethod
    def of(cls, texts: Iterable[str], said: Iterable[bytes] = ()) -> "Needles":
        """texts: envelopes with disclosures, disclosures, or values as they are; empty ones are none. said: all that
        the log says in the clear.
        """
        spelt = dict.fromkeys(each for text in texts if text.strip() for each in _values(text.strip()))
        # a number or a short code is searched for by its disclosure, which has the salt
        long = dict.fromkeys(each for each in spelt if len(each) >= _TOO_SHORT)
        secret = dict(long)
        for text in said if long else ():
            for each in [each for each in secret if each in text]:
                del secret[each]
        needles = [needle for number, each in enumerate(secret, start=1) for needle in _forms(number, each)]
        return cls(tuple(needles), len(secret), len(spelt) - len(long), len(long) - len(secret))


def _values(text: str) -> Iterator[bytes]:
    disclosures = _disclosures(text)
    if disclosures is None:
        yield text.encode()
        return
    for each in disclosures:
        yield each.text.encode()
        yield each.salt.encode()
        yield from _spelt(each.value)


def _disclosures(text: str) -> Sequence[Disclosure] | None:
    """Those of an envelope, or the one that the text is; None for a value."""
    try:
        return envelopes.parse(text).disclosures if "~" in text else [Disclosure.parse(text)]
    except LedgerError:
        return None


def _spelt(value: Json) -> Iterator[bytes]:
    """A value as canonical JSON, and each text in it as it is."""
    if isinstance(value, str):
        yield value.encode()
    elif isinstance(value, list | dict):
        yield dump(value)
        for each in value if isinstance(value, list) else value.values():
            yield from _spelt(each)


def _forms(number: int, value: bytes) -> Iterator[Needle]:
    yield Needle(number, "plain", value)
    seen = {value}
    for encode in (b64encode, urlsafe_b64encode):
        for skipped in range(3):
            data = _within(encode, value, skipped)
            if data not in seen:  # the two alphabets differ in two characters
                seen.add(data)
                yield Needle(number, "in base64", data)


def _within(encode: Callable[[bytes], bytes], value: bytes, skipped: int) -> bytes:
    """The characters that a value gives behind so many bytes; those at its edges hold bits of others: left out."""
    characters = encode(bytes(skipped) + value)  # what stands before it does not matter
    first = -(-8 * skipped // 6)
    last = 8 * (skipped + len(value)) // 6
    return characters[first:last]

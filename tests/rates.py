"""Rates for benchmarks: how often something is done in a second, and what bounds it, raw signature verification."""

from collections.abc import Callable
from time import perf_counter

import given

from ledger.signing.envelope import parse


def raw_rate(texts: list[str]) -> float:
    signed = [(envelope.jws, given.signing_key(envelope.claims.node).public) for envelope in map(parse, texts)]

    def verify_all() -> None:
        for jws, key in signed:
            key.verify(jws.signature, jws.signing_input)

    return rate(len(signed), verify_all)


def rate(count: int, work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return count / (perf_counter() - start)

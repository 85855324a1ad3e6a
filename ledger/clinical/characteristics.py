"""STAND-IN for builder A's: the shapes only."""

from dataclasses import dataclass

from ledger.clinical.two_stage import Design


@dataclass(frozen=True, slots=True)
class Characteristics:
    type_i_error: float
    power: float
    early_stop_p0: float
    early_stop_p1: float
    expected_size_p0: float
    expected_size_p1: float


def characteristics(design: Design) -> Characteristics:
    size = float(design.n)
    return Characteristics(0.0, 0.0, 0.0, 0.0, size, size)

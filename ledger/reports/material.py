"""What the report of one cohort is made from, read once: its definition, design and endpoint, and its patients."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.clinical.benefit import Endpoint
from ledger.clinical.two_stage import Design
from ledger.cohort import rows
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot
from ledger.errors import NotFoundError
from ledger.reports.patients import Patient, patients
from ledger.reports.rates import Basis, cut_at
from ledger.reports.standing import Standing, standings


@dataclass(frozen=True, slots=True)
class Material:
    """adopted: the content of every resolution, by its slug. basis: of all rates. patients: everybody treated."""

    snapshot: Snapshot
    definition: rows.Cohort
    standing: Standing
    adopted: Mapping[str, Any]
    design: Design
    endpoint: Endpoint
    basis: Basis
    patients: tuple[Patient, ...]

    @property
    def is_one_scope(self) -> bool:
        """Whether the design is of the cohort as a whole: where accrual is pooled, and where one trial alone has it."""
        return self.standing.accrual == "pooled" or len(self.standing.scopes) == 1

    @property
    def planned(self) -> tuple[Patient, ...]:
        """Everybody treated in a stage that the design plans."""
        return tuple(each for each in self.patients if each.outcome.is_planned)

    @property
    def counted(self) -> tuple[Patient, ...]:
        """Who counts by now, by the denominator of the endpoint."""
        if self.endpoint.denominator == "treated":
            return self.planned
        return tuple(each for each in self.planned if each.outcome.evaluable is True)


def material(revealed: Revealed, cohort: str) -> Material:
    """Raises NotFoundError where no cohort of this name was defined."""
    snapshot = revealed.snapshot
    definition = next((each for each in snapshot.of(rows.Cohort) if each.cohort == cohort), None)
    if definition is None:
        raise NotFoundError(f"no cohort named {cohort} is defined: the board lists those that are")
    adopted: dict[str, Any] = {each.resolution: each.content for each in snapshot.of(rows.Resolution)}
    return Material(
        snapshot=snapshot,
        definition=definition,
        standing=next(each for each in standings(snapshot) if each.cohort == cohort),
        adopted=adopted,
        design=Design.parse(adopted[definition.design or ""]),  # a definition names what was in force
        endpoint=Endpoint.parse(adopted[definition.endpoint or ""]),
        basis=Basis(definition.endpoint, cut_at(snapshot, snapshot.size - 1)),
        patients=patients(revealed, cohort),
    )

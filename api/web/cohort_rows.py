"""What rows of cohorts are drawn with, wherever they stand."""

from collections.abc import Iterable
from typing import Any

from api.web.naming import REASONS, SHAPES, country_name
from ledger.names import REGIMEN_JOINER
from ledger.reports.board_filter import gene_of
from ledger.reports.shown import PooledStanding
from ledger.reports.standing import Standing
from ledger.reports.tumours import codes_of, name_of


def drawn_with(cohorts: Iterable[Standing | PooledStanding]) -> dict[str, Any]:
    """made_up: the cohorts that say something made up; and whether all of them do, which is said once."""
    found = list(cohorts)
    names = {each.cohort for each in found if _is_made_up(each)}
    return {
        "made_up": {"all": len(names) == len(found), "names": names},
        "country_name": country_name,
        "tumour_name": name_of,
        "codes_of": codes_of,
        "gene_of": gene_of,
        "reasons": REASONS,
        "shapes": SHAPES,
        "names_drugs": _names_drugs,
    }


def _is_made_up(cohort: Standing | PooledStanding) -> bool:
    if isinstance(cohort, PooledStanding) or cohort.synthetic:
        return cohort.synthetic
    return any(each.synthetic for each in cohort.scopes) or any(each.synthetic for each in cohort.nodes)


def _names_drugs(cohort: Standing | PooledStanding) -> bool:
    """Whether the label says the regimen anyway."""
    label = (cohort.label or "").casefold()
    return all(drug.casefold() in label for drug in cohort.regimen.split(REGIMEN_JOINER))

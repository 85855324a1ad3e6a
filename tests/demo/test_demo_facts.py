"""The facts as package data: read as they were compiled, and held together with what is made of them."""

import json
from importlib.resources import files

from ledger.demo.catalogue import MARKERS, TUMOURS, drup_plans, nordic_plans
from ledger.demo.facts import Facts, alliance_of_2021
from ledger.names import When, is_slug


def test_the_facts_are_read_whole() -> None:
    text = files("ledger.demo").joinpath("facts.json").read_text()

    read = alliance_of_2021().model_dump(mode="json")

    assert without_none(read) == without_none(json.loads(text))


def test_five_trials_attest_twenty_seven_figures() -> None:
    facts = alliance_of_2021()

    assert {each.node: len(each.census) for each in facts.nodes} == {
        "drup-nl": 6,
        "protarget-dk": 6,
        "megalit-se": 6,
        "impress-no": 5,
        "finprove-fi": 4,
    }
    assert all(When.parse(each.opened.on) for each in facts.nodes if each.opened)


def test_a_figure_is_a_count_and_never_a_plan() -> None:
    facts: Facts = alliance_of_2021()

    assert facts.of("drup-nl").figure("treatments_started") == 939
    assert facts.of("finprove-fi").figure("drugs_planned") == 0
    assert facts.of("finprove-fi").figure("drugs_committed") == 12


def test_every_cohort_of_the_catalogue_has_a_name_of_its_own_and_known_parts() -> None:
    plans = [*drup_plans(), *nordic_plans()]

    assert len({each.cohort for each in plans}) == len(plans)
    assert all(is_slug(each.cohort) and each.tumour in TUMOURS for each in plans)
    assert all(list(each.regimen) == sorted(each.regimen) for each in plans)
    assert {each.marker.label for each in plans} == {each.label for each in MARKERS.values()}


def without_none(value: object) -> object:
    if isinstance(value, dict):
        return {name: without_none(part) for name, part in value.items() if part is not None}
    return [without_none(part) for part in value] if isinstance(value, list) else value

"""A mapping of SDTM data as its file has it, read strictly."""

from datetime import date

from ledger.errors import MalformedError
from ledger.node.importing.sdtm_mapping import (
    DOMAINS,
    AdverseEvents,
    Cohorts,
    Dated,
    Ending,
    Evaluability,
    Responses,
    SdtmMapping,
    Survival,
)
from ledger.node.importing.toml import Section
from ledger.node.importing.values import Value, fields_of, take_fields, take_value, take_where


def read_sdtm_mapping(told: Section) -> SdtmMapping:
    """Raises MalformedError, which names what is missing, wrong, or nothing that a mapping has."""
    if told.take("kind", str) != "sdtm":
        raise MalformedError('this mapping is not of kind "sdtm"')
    cohorts, treatment = _needed(told, "cohorts"), _needed(told, "treatment")
    mapping = SdtmMapping(
        source=told.take("source", str),
        synthetic=told.take("synthetic", bool, False),  # noqa: FBT003 - the default
        encoding=told.take("encoding", str, "utf-8"),
        files=_files(told.section("files")),
        splits=_splits(told.section("split")),
        cohorts=_cohorts(cohorts),
        case=_dated(_needed(told, "case"), "case.submitted"),
        profile=_dated(profile, "case.profiled") if (profile := told.section("profile")) is not None else None,
        allocation=_dated(_needed(told, "allocation"), "case.allocated"),
        enrolment=_dated(_needed(told, "enrolment"), "patient.enrolled"),
        stage=treatment.take("stage", int),
        doses=treatment.take("doses", bool, False),  # noqa: FBT003 - the default
        ending=_ending(told.section("end")),
        responses=_responses(told.section("response")),
        adverse_events=_adverse_events(told.section("adverse_event")),
        survival=_survival(told.section("survival")),
        evaluability=_evaluability(told.section("evaluability")),
    )
    treatment.end()
    told.end()
    nobody_reads = sorted(set(mapping.files) - {*mapping.domains()} - {*DOMAINS})
    if nobody_reads:
        raise MalformedError(f"files.{nobody_reads[0].lower()} is of a domain that nothing in the mapping reads")
    return mapping


def _needed(told: Section, name: str) -> Section:
    found = told.section(name)
    if found is None:
        raise MalformedError(f"[{name}] is missing")
    return found


def _files(section: Section | None) -> dict[str, str]:
    if section is None:
        return {}
    return {name.upper(): section.take(name, str) for name in section.rest()}


def _splits(section: Section | None) -> dict[str, dict[str, str]]:
    if section is None:
        return {}
    found = {name: section.table(name) for name in ("site", "country")}
    section.end()
    return {name: nodes for name, nodes in found.items() if nodes}


def _cohorts(section: Section) -> Cohorts:
    found = Cohorts(
        section.take("variable", str, "ACTARMCD"),
        section.table("of"),
        section.table("left_out"),
        section.take("opened_on", str, ""),
    )
    section.end()
    if found.opened_on:
        try:
            date.fromisoformat(found.opened_on)
        except ValueError:
            raise MalformedError(f"{section.place('opened_on')} takes a day, as 2021-03-01") from None
    both = sorted(found.of.keys() & found.left_out.keys())
    if both:
        raise MalformedError(f"{both[0]} stands in {section.place('of')} and in {section.place('left_out')}")
    return found


def _dated(section: Section, event_type: str) -> Dated:
    names = [name for name in fields_of(event_type) if name not in ("on", "cohort")]
    found = Dated(section.texts("on"), take_fields(section, event_type, names))
    for place in found.on:
        if not place.startswith(("DM.", "DS.")) and place != "EX.EXSTDTC":
            raise MalformedError(f"{section.place('on')} takes DM.VARIABLE, DS.DSDECOD and EX.EXSTDTC")
    section.end()
    return found


def _ending(section: Section | None) -> Ending | None:
    if section is None:
        return None
    days = section.texts("day", ("EX", "DS"))
    if not set(days) <= {"EX", "DS"}:
        raise MalformedError(f"{section.place('day')} takes EX and DS")
    found = Ending(take_where(section, "where"), days, _value(section, "reason"))
    section.end()
    return found


def _responses(section: Section | None) -> Responses | None:
    if section is None:
        return None
    found = Responses(
        where=take_where(section, "where"),
        criteria=_value(section, "criteria"),
        evaluator=_value(section, "evaluator"),
        codes=section.table("codes"),
        readers=section.choice("readers", ("accepted", "all"), "accepted"),
        sums=take_where(section, "sums", needed=False),
        baseline=take_where(section, "baseline", needed=False),
        new=take_where(section, "new_lesions", needed=False),
    )
    section.end()
    return found


def _adverse_events(section: Section | None) -> AdverseEvents | None:
    if section is None:
        return None
    found = AdverseEvents(
        section.choice("term", ("AEDECOD", "AETERM"), "AEDECOD"),
        take_value(section, "severity") or _SEVERITY,
        take_value(section, "related"),
        section.table("outcomes"),
    )
    section.end()
    return found


def _survival(section: Section | None) -> Survival | None:
    if section is None:
        return None
    found = Survival(section.texts("sources"), section.take("last_alive", str, ""))
    if not set(found.sources) <= {"ADTTE", "DM", "DS"}:
        raise MalformedError(f"{section.place('sources')} takes ADTTE, DM and DS")
    section.end()
    return found


def _evaluability(section: Section | None) -> Evaluability | None:
    if section is None:
        return None
    found = Evaluability(
        section.take("rule", str),
        section.take("assessments", int),
        section.texts("or_ended_for", ()),
        section.choice("otherwise", ("not-evaluable", "undetermined")),
    )
    known = fields_of("treatment.ended")["reason"].words
    if not set(found.or_ended_for) <= {*known}:
        raise MalformedError(f"{section.place('or_ended_for')} takes {', '.join(known)}")
    section.end()
    return found


def _value(section: Section, key: str) -> Value:
    found = take_value(section, key)
    if found is None:
        raise MalformedError(f"{section.place(key)} is missing")
    if found.domain:
        raise MalformedError(f"{found.place}.domain: it stands in the row itself")
    return found


_SEVERITY = Value(
    "adverse_event.severity",
    "AESEV",
    {
        "MILD": "mild",
        "MODERATE": "moderate",
        "SEVERE": "severe",
        "LIFE THREATENING": "life-threatening",
        "LIFE-THREATENING": "life-threatening",
        "FATAL": "fatal",
    },
)  # CDISC's AESEV has the first three; sources add the rest

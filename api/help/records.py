"""Rules for electronic records and good clinical practice: the United States, EU GMP, ICH."""

from api.help.requirement import (
    BEFORE_AND_AFTER,
    BY_ROLE,
    COPIES,
    CORRECTED,
    HUBS_TIME,
    NO_REWRITING,
    ONLY_ITS_OWN,
    READABLE,
    REASONS,
    RESTORED,
    SEALED,
    SIGNED,
    WHO_READ,
    Requirement,
    Source,
)

RECORDS = (
    Source(
        "21 CFR Part 11 (United States)",
        (
            Requirement(
                "11.10(b)",
                "Complete and true copies can be handed to an inspector, for people and for machines.",
                "A bundle holds the whole log in one file and verifies without this server; reports print as tables "
                "and as JSON.",
                (*COPIES, *READABLE[:2]),
            ),
            Requirement(
                "11.10(c)",
                "Records stay protected and at hand for as long as they have to be kept.",
                "The log is only ever added to. Mirrors and bundles are verified copies; a hub is restored from one.",
                (*NO_REWRITING[:1], *RESTORED),
                "Keep copies for the whole period, in more than one place, and verify them now and then.",
            ),
            Requirement(
                "11.10(d)",
                "Only those who are authorised get into the system.",
                "Keys are for their owner's eyes and encrypted; only signatures of members' keys are taken. Who reads "
                "what is decided anew for each request, by the log: a member, or whom a grant in force names.",
                (
                    "node/test_keyring.py::test_a_key_that_others_may_read_is_refused",
                    *ONLY_ITS_OWN[1:2],
                    *BY_ROLE,
                ),
                "Who may use a node's key is the node's to decide and to write down.",
            ),
            Requirement(
                "11.10(e)",
                "A trail that the system keeps by itself says who did what and when, hides nothing of what stood there "
                "before, and is kept as long as the record.",
                "The record is the trail: a database made of signed events, each with the time of receipt. Every value "
                "leads to the event that set it and to what it was before. What was corrected or retracted stays, with "
                "who did so, when, and why beside it. There is no switch for it.",
                (*BEFORE_AND_AFTER, *CORRECTED, *HUBS_TIME, *NO_REWRITING),
            ),
            Requirement(
                "11.10(f)",
                "Steps can be taken in their permitted order only.",
                "Each kind of event names the events that it needs, and a rule: no outcome before treatment, no stage "
                "decided before the one ahead of it.",
                (
                    "events/test_outcome_events.py::test_there_is_no_outcome_before_treatment",
                    "events/test_stage_decisions.py::test_stage_2_is_not_decided_before_stage_1",
                ),
            ),
            Requirement(
                "11.10(g)",
                "What somebody does is held against what he may do.",
                "A node speaks for itself, tells outcomes of its own patients, and decides where the rules say so.",
                (
                    *ONLY_ITS_OWN,
                    "events/test_outcome_events.py::test_a_node_tells_the_outcomes_of_its_own_patients",
                    "events/test_stage_decisions.py::test_where_accrual_is_pooled_only_the_definer_decides",
                ),
            ),
            Requirement(
                "11.50",
                "A signed record shows who signed, when, and what the signature means.",
                "Each event carries the user, the role and the meaning (authored, approved, …) within what is signed, "
                "and they are shown with it.",
                (
                    "cli/test_report_commands.py::test_an_event_is_found_by_index_and_by_id_and_shows_no_sealed_value",
                    "signing/test_envelope.py::test_no_claim_may_be_missing",
                ),
                "The ledger holds a pseudonym; the node keeps the printed name that belongs to it. The key is the "
                "node's: that a person signed with it, the node's own system has to ascertain.",
            ),
            Requirement(
                "11.70",
                "A signature cannot be cut off a record and put to another.",
                "It covers every byte of the event, its place in the node's own chain, and the event before it.",
                (
                    *SIGNED,
                    "operations/test_audit.py::test_an_event_that_a_node_signed_for_another_place_fails_step_5",
                ),
            ),
        ),
    ),
    Source(
        "EU GMP Annex 11 (2011)",
        (
            Requirement(
                "7.2",
                "Backups are made, and that they are true and can be restored is tried.",
                "A restored hub is audited before it signs anything; an older copy is noticed.",
                (*RESTORED, "operations/test_publish.py::test_a_hub_with_an_older_copy_of_its_database_signs_nothing"),
                "Make the backups: of the database and of the vault's keys, apart from each other.",
            ),
            Requirement(
                "9",
                "Changes and deletions leave a trail with their reason, which can be read and is looked at.",
                "See 11.10(e) above; where a reason is asked for a blank one is refused, and the trail reads as a "
                "table.",
                (*BEFORE_AND_AFTER, *CORRECTED, *REASONS, *READABLE[2:]),
                "Look at it, at intervals that you have written down.",
            ),
            Requirement(
                "12",
                "Access is guarded, and who entered, changed or confirmed data, and when, is recorded.",
                "Every event names its user and is signed by its node; a member comes in by a vote that is in the log. "
                "Who read sealed values or took an export is written down before it is shown.",
                (
                    *ONLY_ITS_OWN[:2],
                    *BY_ROLE[:1],
                    *WHO_READ,
                    "signing/test_envelope.py::test_no_claim_may_be_missing",
                    "events/test_alliance_events.py::test_a_resolution_is_in_force_with_its_last_vote_and_not_before",
                ),
            ),
            Requirement(
                "14",
                "Electronic signatures stay with their record and carry the time.",
                "See 11.70 above. The signer's own time is in what is signed, the hub's time of receipt beside it.",
                (*SIGNED, *HUBS_TIME[:1]),
            ),
        ),
    ),
    Source(
        "ICH E6(R3), good clinical practice",
        (
            Requirement(
                "4.2.2",
                "Metadata and audit trails keep the first entry and each change, with reasons where they are called "
                "for and times that cannot be mistaken; they are not switched off, and can be understood.",
                "As 11.10(e). Times are UTC. A trail is told in the order of the log.",
                (*BEFORE_AND_AFTER, *CORRECTED, *HUBS_TIME, *REASONS, *READABLE[2:]),
            ),
            Requirement(
                "4.2.3",
                "Data and trails are reviewed, as planned.",
                "An audit replays everything and lists what every node contributed; the census holds what a node says "
                "in total against its events.",
                (
                    "operations/test_audit.py::test_a_bundle_of_an_honest_hub_holds_and_says_what_was_checked",
                    "reports/test_census.py::test_a_verdict_names_the_difference_that_the_operator_does_not_allow",
                    "reports/test_contributions.py::test_cells_add_up_to_those_of_the_database",
                ),
                "Plan who looks at what, and when.",
            ),
            Requirement(
                "4.3.3",
                "The system and its data are secured.",
                "See Annex 4 of the EMA's guideline, below.",
                (*SEALED, *NO_REWRITING[2:]),
            ),
        ),
    ),
)

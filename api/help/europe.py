"""European rules for the computers of trials, for personal data, and for how long a trial is kept."""

from api.help.requirement import (
    BEFORE_AND_AFTER,
    BY_ROLE,
    CORRECTED,
    ERASED,
    GRANTED,
    HUBS_TIME,
    NO_NAMES,
    NO_REWRITING,
    OTHER_TOOLS,
    OUTSIDERS,
    READABLE,
    READERS_LOGGED,
    REASONS,
    RESTORED,
    SEALED,
    SIGNED,
    Requirement,
    Source,
)

EUROPE = (
    Source(
        "EMA guideline on computerised systems and electronic data in clinical trials (2023)",
        (
            Requirement(
                "4.5, ALCOA++: attributable",
                "Known is who said it.",
                "A signature for each event; each cell leads to its event.",
                (*SIGNED[1:], *BEFORE_AND_AFTER[:1]),
            ),
            Requirement(
                "ALCOA++: legible",
                "It can be read.",
                "Tables, JSON, CSV; formats that others' tools read.",
                (*READABLE[:2], *OTHER_TOOLS[2:]),
            ),
            Requirement(
                "ALCOA++: contemporaneous",
                "It was recorded when it happened.",
                "The time of receipt is the hub's and never goes back; how many days lie between is reported.",
                (
                    *HUBS_TIME[:1],
                    "reports/test_contributions.py::test_the_lag_is_the_median_from_the_stated_day_to_the_receipt",
                ),
            ),
            Requirement(
                "ALCOA++: original",
                "What was said first is kept.",
                "The bytes that a node signed are what is stored and handed out.",
                (
                    "operations/test_mirror.py::test_a_mirror_is_what_was_served_byte_for_byte_and_is_audited",
                    "store/test_entries.py::test_entries_are_read_back_as_they_were_taken",
                ),
            ),
            Requirement(
                "ALCOA++: accurate",
                "It says what was so.",
                "Types and rules at the door; a date keeps the precision that it was stated in.",
                (
                    "events/test_general_rules.py::test_a_field_of_another_type_is_refused",
                    "test_names.py::test_what_states_no_date_is_refused",
                ),
                "Whether what is signed is true no ledger can know.",
            ),
            Requirement(
                "ALCOA++: complete",
                "Nothing is left out.",
                "Streams without gaps; an entry or a stream that was cut is missed.",
                (
                    "test_replay.py::test_an_entry_that_is_left_out_is_missed",
                    "operations/test_audit.py::test_a_hub_that_drops_an_entry_and_rebuilds_the_tree_is_caught_by_the_stream",
                ),
            ),
            Requirement(
                "ALCOA++: consistent",
                "It does not contradict itself.",
                "One fold for live, rebuilt and audited, with one digest.",
                (
                    (
                        "operations/test_moments.py"
                        "::test_a_random_history_gives_the_same_rows_versions_and_digest_live_rebuilt_and_replayed"
                    ),
                ),
            ),
            Requirement(
                "ALCOA++: enduring",
                "It lasts.",
                "What was acknowledged survives a kill and a power cut; old envelopes keep being read.",
                (
                    "operations/test_killed_hub.py::test_a_hub_killed_while_it_is_posted_to_loses_nothing_that_it_acknowledged",
                    "store/test_engine.py::test_commits_survive_a_power_cut",
                    "golden/test_golden_files.py::test_the_golden_history_still_leads_to_its_digests",
                ),
            ),
            Requirement(
                "ALCOA++: available",
                "It is there when it is asked for.",
                "Mirrors that a plain file server can show.",
                (
                    (
                        "operations/test_mirror.py"
                        "::test_a_mirror_that_a_plain_file_server_shows_is_audited_and_mirrored_over_http"
                    ),
                ),
            ),
            Requirement(
                "ALCOA++: traceable",
                "What was changed can be followed.",
                "See 11.10(e) above.",
                (*BEFORE_AND_AFTER, *CORRECTED[:3]),
            ),
            Requirement(
                "6.2.1",
                "A trail is kept of entry, change and deletion: who, what before and after, when and why; protected "
                "from change, and not to be switched off.",
                "As 11.10(e); that a user's own time is not taken for the hub's; reasons are stored, sealed, and shown "
                "to members.",
                (*BEFORE_AND_AFTER, *CORRECTED, *HUBS_TIME, *NO_REWRITING, *REASONS),
            ),
            Requirement(
                "Annex 4",
                "Security, of data that lie and data that travel, and of what is attacked.",
                "Sealed values lie encrypted, each event's under its own key; identifiers are refused at the door; "
                "sizes are limited before anything is read.",
                (
                    *SEALED,
                    *NO_NAMES[:1],
                    "api/test_posting.py::test_a_body_that_announces_too_much_is_refused_before_it_is_read",
                    "operations/test_append.py::test_what_no_key_has_signed_is_not_looked_at_any_further",
                ),
                "TLS, patches, penetration tests and the machine's own users are the operator's.",
            ),
        ),
    ),
    Source(
        "General Data Protection Regulation (EU) 2016/679",
        (
            Requirement(
                "5(1)(c)",
                "No more personal data than the purpose needs.",
                "Handles without meaning, no names, no national numbers; outsiders get counts, and small ones hidden.",
                (
                    *NO_NAMES,
                    "reports/test_shown.py::test_over_all_releases_the_public_never_sees_a_number_of_patients",
                    "clinical/test_suppression.py::test_a_reader_who_knows_all_sums_and_how_cells_are_hidden_works_out_no_small_cell",
                    *OUTSIDERS,
                ),
            ),
            Requirement(
                "5(1)(f), 5(2)",
                "Integrity and confidentiality, and that one can show it.",
                "See 11.10(e) above; an audit shows it to anybody. Who read what is written down.",
                (*NO_REWRITING[1:2], *SEALED, *READERS_LOGGED),
            ),
            Requirement(
                "7(3)",
                "Consent can be withdrawn at any time.",
                "A withdrawal is told as an event, and stays on the list of what is to be looked at until the "
                "patient's values are erased.",
                (
                    (
                        "reports/test_withdrawn_consent.py"
                        "::test_withdrawn_consent_to_share_is_a_finding_until_the_case_is_erased"
                    ),
                ),
                "Ask the patient how far it goes, and tell the ledger soon.",
            ),
            Requirement(
                "16",
                "Personal data that are wrong are put right.",
                "A correction stands in reports from then on; what stood before is still told as what it was.",
                (
                    "events/test_corrections.py::test_a_correction_lays_the_replacement_over_what_it_corrects",
                    *CORRECTED[:2],
                ),
                "Whether it is wrong the controller finds out.",
            ),
            Requirement(
                "17",
                "Personal data are erased where somebody has the right to it.",
                "A node erases what it told of a patient. A sealed value is gone with its event's key, wherever its "
                "ciphertext was copied; log, proofs and digests hold without it, and no repost, mirror or restored hub "
                "brings it back. A search through the hub's files shows that it is gone.",
                (
                    "store/test_vault.py::test_an_entry_whose_key_was_destroyed_is_absent",
                    *ERASED,
                    "operations/test_erase_check.py::test_a_value_is_found_in_any_file_in_any_form_and_is_not_shown",
                    (
                        "operations/test_mirror.py"
                        "::test_disclosures_of_earlier_sizes_go_for_what_was_erased_may_be_in_them"
                    ),
                ),
                "Whether the right applies, or research is exempt, the controller decides. What somebody was shown "
                "and keeps elsewhere, old copies of the keys among it, is out of reach.",
            ),
            Requirement(
                "25",
                "Data protection by design and by default.",
                "What is personal is sealed in the event's type, not by choice of who fills it in; rules cannot see "
                "it. Nobody but its contributor is shown it without a grant; outsiders get counts alone.",
                (
                    *BY_ROLE,
                    *OUTSIDERS,
                    "events/test_general_rules.py::test_a_sealed_field_that_is_missing_or_clear_is_refused",
                    "events/test_sealed_schemas.py::test_no_sealed_value_gets_into_the_database",
                    "test_replay.py::test_whatever_is_withheld_changes_nothing",
                ),
            ),
            Requirement(
                "30",
                "A record of what is processed.",
                "Which fields there are, and which are sealed, is told for every kind of event; who contributed what "
                "is a report.",
                (
                    "node/test_draft_schema.py::test_every_type_is_described_with_all_its_fields_and_an_example_of_each",
                    "reports/test_contributions.py::test_openings_enrolments_and_outcomes_are_the_nodes_own",
                ),
                "Purposes, recipients, time limits and transfers are the controller's to write down.",
            ),
            Requirement(
                "32",
                "Security that fits the risk: pseudonyms, encryption, resilience, restoring.",
                "Random handles, a key for each event, keys in a file apart; a hub is restored from a verified copy. "
                "Access is by role and by grants that end, and readers of sealed values are written down.",
                (
                    *BY_ROLE[:2],
                    *GRANTED,
                    *READERS_LOGGED,
                    "events/test_general_rules.py::test_a_case_is_a_uuid",
                    *SEALED[:1],
                    "store/test_vault.py::test_wrapped_keys_are_not_in_their_file_and_open_under_their_wrap_alone",
                    *RESTORED[:1],
                ),
            ),
        ),
    ),
    Source(
        "Clinical Trials Regulation (EU) No 536/2014",
        (
            Requirement(
                "58",
                "The trial master file is kept for at least 25 years after the trial's end.",
                "Formats are public, and verified with others' tools; keys of several kinds are read, a post-quantum "
                "one among them, so signatures can be renewed.",
                (*OTHER_TOOLS, "signing/test_jws.py::test_jwcrypto_takes_our_post_quantum_statements"),
                "This is one part of such a file. Keep copies, and the program that reads them.",
            ),
        ),
    ),
)

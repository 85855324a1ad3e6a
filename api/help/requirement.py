"""What a rule for electronic records asks, what here does it, and the tests that show it; some show it for many rules.

A test is named as `file under tests/::name`; `tests/api/test_help_pages.py` finds each.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Requirement:
    """clause: of its source. here: what does it. tests: those that show it, by name. left: what remains for people."""

    clause: str
    asks: str
    here: str
    tests: tuple[str, ...]
    left: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    name: str
    requirements: tuple[Requirement, ...]


NO_REWRITING = (
    "store/test_store_schema.py::test_the_database_refuses_to_change_entries",
    "operations/test_audit.py::test_audit_names_the_first_altered_entry",
    "operations/test_tampered_store.py::test_one_byte_changed_in_any_stored_column_is_found_and_placed",
)
BEFORE_AND_AFTER = (
    "api/test_reports_over_http.py::test_a_cell_says_who_set_it",
    "api/test_reports_over_http.py::test_a_cell_says_what_it_was_before",
    "store/test_cells.py::test_a_row_tells_its_history",
)
REASONS = (
    "operations/test_gate.py::test_a_blank_reason_is_refused",
    "operations/test_gate.py::test_closing_takes_a_reason_in_words",
)
CORRECTED = (
    "events/test_corrections.py::test_a_value_is_still_known_as_it_stood_before_it_was_corrected_or_retracted",
    "operations/test_amended_events.py::test_what_it_was_and_what_it_is_are_told_field_by_field_where_they_may_be_opened",
    "cli/test_amended_events_shown.py::test_an_event_that_was_corrected_says_so_with_who_when_and_why_field_by_field",
    "operations/test_gate.py::test_a_correction_takes_a_reason_in_words",
)
HUBS_TIME = (
    "operations/test_append.py::test_received_never_goes_back_even_when_the_clock_does",
    "operations/test_audit.py::test_two_entries_received_in_the_wrong_order_fail_step_4",
    "signing/test_log_entry.py::test_a_time_that_is_not_utc_in_milliseconds_is_not_written",
)
COPIES = (
    "operations/test_audit.py::test_a_bundle_of_an_honest_hub_holds_and_says_what_was_checked",
    "operations/test_bundle.py::test_a_bundle_can_be_made_of_a_bundle",
)
READABLE = (
    "cli/test_report_commands.py::test_every_report_is_readable_at_80_columns_and_without_colours",
    "cli/test_report_commands.py::test_every_report_is_json_for_programs",
    "cli/test_report_commands.py::test_a_trail_is_of_one_case_in_the_order_of_the_log",
)
RESTORED = (
    "operations/test_restore.py::test_a_ledger_restored_from_a_copy_is_the_same_and_goes_on",
    "operations/test_restore.py::test_what_an_audit_does_not_find_to_hold_is_not_restored",
)
OTHER_TOOLS = (
    "operations/test_foreign_checker.py::test_the_log_that_a_hub_serves_is_verified_whole",
    "signing/test_envelope_elsewhere.py::test_joserfc_verifies_our_envelopes",
    "signing/test_envelope_elsewhere.py::test_the_sd_jwt_reference_reads_the_same_claims",
)
ONLY_ITS_OWN = (
    "events/test_general_rules.py::test_a_node_speaks_for_itself_alone",
    "operations/test_append.py::test_a_signature_by_a_stranger_is_refused",
    "api/test_posting.py::test_another_nodes_key_is_answered_403",
)
BY_ROLE = (
    "api/test_route_by_role.py::test_everybody_is_answered_as_the_table_says",
    "api/test_route_by_role.py::test_every_route_is_in_the_table_and_in_the_one_of_the_code",
    "api/test_route_by_role.py::test_a_patients_values_are_opened_for_who_may_see_them_everywhere_alike",
)
GRANTED = (
    "cli/test_access_commands.py::test_what_is_granted_is_seen_until_it_is_revoked",
    "events/test_access_events.py::test_a_grant_is_revoked_by_who_gave_it_and_once",
    "cohort/test_callers.py::test_a_grant_holds_to_the_end_of_its_last_day_and_no_longer",
)
READERS_LOGGED = (
    "api/test_access_log_over_http.py::test_what_somebody_opens_is_written_down_with_the_grant_that_opened_it",
    "api/test_access_log_over_http.py::test_what_cannot_be_written_down_is_not_shown",
    "store/test_access_log.py::test_the_database_refuses_to_change_the_access_log",
)
MEMBERS = (
    "cli/test_resolutions_end_to_end.py::test_a_sixth_member_accedes_and_one_is_removed",
    "events/test_removal.py::test_a_member_that_was_removed_says_nothing_more_but_for_its_patients",
)
NEW_KEYS = (
    "cli/test_resolutions_end_to_end.py::test_a_node_that_has_lost_its_key_gets_another_by_the_others_vote",
    "events/test_key_replacement.py::test_from_then_on_the_old_key_signs_nothing_and_the_new_one_all",
    "reports/test_findings.py::test_what_a_node_said_since_its_key_may_have_been_anothers_is_found",
)
ERASED = (
    "operations/test_erasure.py::test_what_is_erased_has_neither_a_ciphertext_nor_a_key_and_all_else_opens",
    (
        "cli/test_erase_check_command.py"
        "::test_nothing_of_an_erased_value_is_in_the_folder_of_a_running_hub_nor_in_yesterdays_database"
    ),
    "operations/test_erasure.py::test_log_cells_digest_and_earlier_receipts_stay_as_they_are",
    "operations/test_erasure.py::test_a_repost_answers_with_the_first_receipt_and_brings_nothing_back",
    "operations/test_erased_disclosures.py::test_bundles_made_before_and_after_an_erasure_hold",
    "operations/test_erased_copies.py::test_a_mirror_drops_what_is_erased_and_keeps_the_rest",
    "operations/test_erased_copies.py::test_a_hub_that_is_restored_never_gets_what_is_erased",
)
OUTSIDERS = (
    (
        "api/test_outsiders.py"
        "::test_over_all_releases_and_routes_no_outsider_gets_a_small_count_a_patient_or_what_is_sealed"
    ),
    (
        "api/test_outsiders.py"
        "::test_a_company_sees_its_own_regimens_cohorts_and_is_refused_everything_else_on_every_route"
    ),
)
SIGNED = (
    "signing/test_jws.py::test_a_statement_with_any_part_changed_does_not_hold",
    "signing/test_envelope.py::test_an_envelope_holds_under_its_own_key_alone",
)
SEALED = (
    "store/test_vault.py::test_no_file_of_the_database_holds_a_sealed_value_plain_or_encoded",
    "api/test_edge.py::test_nothing_that_a_node_sealed_is_in_any_answer_to_another_or_in_any_log",
)
NO_NAMES = (
    "operations/test_gate.py::test_an_identifier_in_a_sealed_text_is_refused_by_field_and_kind_without_its_value",
    "operations/test_gate.py::test_an_identifier_in_the_name_of_who_says_it_is_refused",
    "api/test_posting.py::test_an_identifier_of_a_patient_is_refused_by_its_field_and_not_repeated",
)

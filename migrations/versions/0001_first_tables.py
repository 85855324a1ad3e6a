"""The first tables: entries, tiles, head, vault and the cohort database, as `ledger.store.tables` had them then.

There is no way down: history is not taken back.
"""
# ruff: noqa: INP001 - Alembic finds it by its path

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")  # sorted by code point, on both
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BOOLEAN = sa.Integer

ENTRIES_ARE_APPENDED_ONLY = (
    """
    CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END
    """,
    """
    CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END
    """,
    """
    CREATE TRIGGER entries_have_no_gap BEFORE INSERT ON entries
    WHEN NEW."index" IS NOT (SELECT coalesce(max("index") + 1, 0) FROM entries)
    BEGIN SELECT RAISE(ABORT, 'an entry follows the last one'); END
    """,
)

# a statement's rows are looked at together: they have no gap between them, and the row before the first is there
ENTRIES_ARE_APPENDED_ONLY_ON_POSTGRESQL = (
    """
    CREATE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_ARGV[0], ERRCODE = 'integrity_constraint_violation'; END $$
    """,
    """
    CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses('entries are never changed')
    """,
    """
    CREATE TRIGGER entries_are_not_deleted BEFORE DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuses('entries are never deleted')
    """,
    """
    CREATE FUNCTION ledger_entries_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE first bigint; last bigint; count bigint;
    BEGIN
        SELECT min("index"), max("index"), count(*) INTO first, last, count FROM fresh;
        IF count > 0 AND (
            first < 0 OR last - first + 1 <> count
            OR (first > 0 AND NOT EXISTS (SELECT 1 FROM entries WHERE "index" = first - 1))
        ) THEN
            RAISE EXCEPTION 'an entry follows the last one' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER entries_have_no_gap AFTER INSERT ON entries REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_follow()
    """,
)


def upgrade() -> None:
    create_log()
    create_cohort_database()


def is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def create_log() -> None:
    op.create_table(
        "entries",
        sa.Column("index", NUMBER, autoincrement=False),
        sa.Column("received", TEXT, nullable=False),
        sa.Column("jws", TEXT, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("node", TEXT, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("event_id", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("happened_on", TEXT),
        sa.Column("synthetic", BOOLEAN, nullable=False),
        sa.Column("cohort", TEXT),
        sa.Column("case", TEXT),
        sa.PrimaryKeyConstraint("index", name="pk_entries"),
        sa.UniqueConstraint("event_id", name="uq_entries_event_id"),
        sa.UniqueConstraint("node", "seq", name="uq_entries_node_seq"),
        sqlite_strict=True,
    )
    op.create_index("ix_entries_cohort", "entries", ["cohort"])
    op.create_index("ix_entries_case", "entries", ["case"])
    for trigger in ENTRIES_ARE_APPENDED_ONLY_ON_POSTGRESQL if is_postgresql() else ENTRIES_ARE_APPENDED_ONLY:
        op.execute(trigger)
    op.create_table(
        "tiles",
        sa.Column("level", sa.Integer, autoincrement=False),
        sa.Column("n", NUMBER, autoincrement=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "n", name="pk_tiles"),
        sqlite_strict=True,
    )
    op.create_table(
        "head",
        sa.Column("only", sa.Integer, autoincrement=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("memorandum", sa.LargeBinary, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary),
        sa.Column("digest_note", sa.LargeBinary),
        sa.PrimaryKeyConstraint("only", name="pk_head"),
        sa.CheckConstraint('"only" = 1' if is_postgresql() else "only = 1", name="one_row"),
        sqlite_strict=True,
    )
    op.create_table(
        "vault",
        sa.Column("index", NUMBER, autoincrement=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("index", name="pk_vault"),
        sa.ForeignKeyConstraint(["index"], ["entries.index"], name="fk_vault_index"),
        sqlite_strict=True,
    )


def create_cohort_database() -> None:
    create_versions("nodes", "node", "trial country opens_in_parallel:boolean signed_on")
    create_versions("keys", "node thumbprint", "jwk")
    create_versions("resolutions", "resolution", "proposer subject content membership in_force_at")
    create_versions("endorsements", "resolution node", "endorsed_at")
    create_versions("trials", "node", "name country registries aliases")
    create_versions(
        "trial_periods",
        "node event",
        "opened_on opening_source closed_on closing_source closing_code closing_reason",
    )
    create_versions(
        "supplies",
        "node regimen event",
        "company atc available_by available_on withdrawn_on withdrawal_code withdrawal_reason",
    )
    create_versions("census", "node metric event", "kind operator value:number when as_of by quote")
    create_versions(
        "cohorts",
        "cohort",
        "defined_by label tumour biomarker regimen ages line design endpoint accrual "
        "closed_on closing_code closing_reason",
    )
    create_versions("cohort_openings", "cohort node event", "opened_on closed_on closing_code closing_reason")
    create_versions(
        "suspensions",
        "cohort node event",
        "suspended_on suspension_code suspension_reason resumed_on resumption_code resumption_reason",
    )
    create_versions(
        "stage_decisions",
        "cohort node stage",
        "evaluable benefits:number decision data_cut:number override",
    )
    create_versions("cases", "node case", "submitted_on")
    create_versions(
        "profiles",
        "node case",
        "profiled_on assay sex birth_year oncotree icd10 variants tmb_per_10mb msi prior_lines",
    )
    create_versions("prescreenings", "node case event", "prescreened_on potential_target:boolean targets")
    create_versions("consent_withdrawals", "node case event", "withdrawn_on scope")
    create_versions(
        "episodes",
        "cohort node case event",
        "allocated_on released_on release_code release_reason "
        "enrolled_on ecog sex birth_year oncotree variants prior_lines consent_version "
        "started_on stage:number doses end_day end_reason evaluable:boolean evaluability_rule "
        "benefit best_response basis",
    )
    create_versions(
        "assessments",
        "cohort node case event",
        "day criteria response evaluator target_sum_mm new_lesions baseline",
    )
    create_versions("adverse_events", "cohort node case event", "day term ctcae_grade severity serious related outcome")
    create_versions("survival_updates", "cohort node case event", "day status cause")


def create_versions(table: str, key: str, fields: str) -> None:
    """Make a table of row versions. fields: names, text where no type follows a colon."""
    parts = key.split()
    types: Mapping[str, Any] = {"": TEXT, "number": NUMBER, "boolean": BOOLEAN}
    named = [field.partition(":") for field in fields.split()]
    op.create_table(
        table,
        *(sa.Column(part, TEXT, nullable=False) for part in parts),
        *(sa.Column(name, types[kind]) for name, _, kind in named),
        sa.Column("since", NUMBER, nullable=False, autoincrement=False),
        sa.Column("until", NUMBER),
        sa.Column("set_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint(*parts, "since", name=f"pk_{table}"),
        sqlite_strict=True,
    )
    is_open = sa.text("until IS NULL")
    op.create_index(f"ix_{table}_open", table, parts, unique=True, sqlite_where=is_open, postgresql_where=is_open)
    op.create_index(f"ix_{table}_since", table, ["since"])

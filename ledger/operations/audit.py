"""The audit: replay a log from public evidence, believe nothing, and say what holds.

It needs a source of the log's static files and no database, no server, no hub. The steps are those of the design
("trust, The audit") and are numbered so here and in the report; the audit stops at the first of them that fails and
names the entry. Step 8 holds the hub's stored tables against the log, and needs them: see `ledger.operations.doctor`.

Memory grows with the database that the log replays to, not with the log: entries are read, checked and let go tile by
tile. What can be checked of a tile by itself (`ledger.operations.ranges`) may be shared out over processes, or over a
cluster that is trusted for it; what happens in the order of the log happens here.
"""

from collections import Counter
from dataclasses import dataclass, field

from ledger.cohort.log_keys import check_signed
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.witnesses import cosignatures_on, names_of
from ledger.errors import (
    MalformedError,
    NotFoundError,
    TamperedError,
)
from ledger.merkle.tiles import (
    node_from_tiles,
    tile_path,
)
from ledger.merkle.tree import NodeReader, root_at
from ledger.operations.bracketing import Bracketing
from ledger.operations.bundle import VIEWS, is_partial
from ledger.operations.folding import Fold, Progress, failing
from ledger.operations.ranges import Pool
from ledger.operations.reached import Reached, Signatures
from ledger.operations.source import Source, read_tiled, stated_view
from ledger.operations.uncollected import uncollected
from ledger.reports.contributions import Contribution
from ledger.reports.finding import Finding
from ledger.signing.checkpoint import Checkpoint, database_origin, read_checkpoint
from ledger.signing.encoding import to_base64
from ledger.signing.note import Note

STEPS = {
    1: "memorandum",
    2: "checkpoint",
    3: "consistency with the last audit",
    4: "entries, tiles, root",
    5: "signatures and streams",
    6: "rules, cells, digest",
    7: "disclosures",
    8: "stored tables",
    9: "findings",
    10: "contributions",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """step: of STEPS. index, node: of the first entry that fails, where it is one entry that does."""

    step: int
    message: str
    index: int | None
    node: str | None


@dataclass
class Audit:
    """What an audit found. `failure` is None where everything holds.

    pinned: the memorandum is the one that the auditor named. signatures: which were verified. vouched: for which of
    them others' word was taken, and whose; none where this machine verified all. checkpoint: the one
    audited, as its bytes in `evidence`. continued: how many entries an earlier audit had checked, which were not looked
    at again; nothing_new: that is all there is. passed: step -> what was checked, in words. shown, withheld, erased:
    counts of disclosures. findings: step 9, which fails nothing; contributed: step 10. reached: what a later audit goes
    on from, once all holds; nothing where others vouched for a part: it would be taken for what this machine verified.
    """

    pinned: bool
    view: str
    signatures: Signatures = "every"
    vouched: str = ""
    memorandum: Memorandum | None = None
    checkpoint: Checkpoint | None = None
    evidence: bytes = b""
    digest: bytes = b""
    continued: int = 0
    nothing_new: bool = False
    passed: dict[int, str] = field(default_factory=dict)
    shown: int = 0
    withheld: int = 0
    erased: int = 0
    findings: tuple[Finding, ...] = ()
    contributed: tuple[Contribution, ...] = ()
    reached: Reached | None = None
    failure: Failure | None = None

    @property
    def holds(self) -> bool:
        return self.failure is None


@dataclass(frozen=True)
class Before:
    """What an auditor knows of a log from before. head: the largest checkpoint that was seen, signed, as bytes. live:
    what is audited is the log as it stands now, so that an older state of it is a rollback. reached: by an earlier
    audit; what that one checked is not looked at again where the log still begins with it.
    """

    head: bytes | None = None
    live: bool = True
    reached: Reached | None = None


NOTHING_BEFORE = Before()


def audit(
    source: Source,
    *,
    pin: bytes | None = None,
    view: str | None = None,
    before: Before = NOTHING_BEFORE,
    signatures: Signatures = "every",
    witnesses: int = 0,
    pool: Pool | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Audit:
    """Verify and replay everything that a source holds up to its checkpoint.

    pin: SHA-256 of the memorandum that the auditor trusts; without it the result is self-consistency only. view: which
    disclosures the source is expected to have ("full", "clear"); None: what the source itself says it was made with.
    before: what the auditor knows of this log; it was learnt with settings that are no weaker.

    signatures: "every" verifies each one. "heads" verifies the last of each node and key, which authenticates what
    came before it in the node's chain, at the speed of hashing: it shows that the key's holder later committed to these
    bytes, not that each envelope stands alone. witnesses: how many must have cosigned the checkpoint, of those that the
    alliance's resolutions name; with 0 nothing shows that others were shown the same log. pool: who shares the
    work, None for nobody.

    Never raises for what a log may get wrong: that is in the result. Raises UnavailableError where the source or the
    pool cannot be reached, SetupError where the pool answers what cannot be.
    """
    result = Audit(pinned=pin is not None, view=view or "", signatures=signatures)
    try:
        _Auditor(source, result, progress, pool).run(pin=pin, view=view, before=before, witnesses=witnesses)
    except TamperedError as error:
        facts = error.facts
        result.failure = Failure(int(facts["step"]), str(error), _int(facts.get("index")), _str(facts.get("node")))
    if pool is not None and pool.vouched:
        result.vouched, result.reached = pool.vouched, None
    return result


class _Auditor:
    """One audit under way: what the steps hand on to each other."""

    def __init__(self, source: Source, result: Audit, progress: Progress, pool: Pool | None) -> None:
        self.source = source
        self.result = result
        self.progress = progress
        self.pool = pool

    def run(self, *, pin: bytes | None, view: str | None, before: Before, witnesses: int) -> None:
        with failing(1):
            self.memorandum = self._check_memorandum(pin)
        with failing(2):
            # these first, so that they are of no larger log
            self.digest_note, self.kept = self._digest_note(), self._kept_checkpoints()
            self.checkpoint = self._check_checkpoint()
        with failing(3):
            self._check_remembered(before)
        with failing(7):
            self.result.view = stated_view(self.source) if view is None else view
            _check_view(self.result.view)
        with uncollected():
            at = self._begin(before.reached)
            fold = Fold(self.source, self.memorandum, self.checkpoint, self.digest_note, at, self.pool)
            fold.run(self.progress)
            self._conclude(at)
            # whom to ask for, and when entries were received, the log itself has told only now
            with failing(2):
                self._check_witnesses(at, witnesses)
                self._check_log_key(at)
            with failing(4):
                self._check_times(at)

    # ------------------------------------------------------------------ 1 to 3

    def _check_memorandum(self, pin: bytes | None) -> Memorandum:
        memorandum = Memorandum.parse(self.source.read("memorandum"))
        if pin is not None and memorandum.hash != pin:
            raise TamperedError(
                f"this ledger was founded with another memorandum: {memorandum.hash.hex()}, not {pin.hex()}"
            )
        self.result.memorandum = memorandum
        self.result.passed[1] = "is the pinned one" if pin else "not pinned: give its hash with --pin"
        return memorandum

    def _digest_note(self) -> Checkpoint:
        origin = database_origin(self.memorandum.origin)
        self.digest_bytes = self.source.read("digest")
        return read_checkpoint(self.digest_bytes, self.memorandum.log_key, origin=origin)[0]

    def _kept_checkpoints(self) -> bytes:
        try:
            return self.source.read("checkpoints")
        except NotFoundError:
            return b""

    def _check_checkpoint(self) -> Checkpoint:
        self.result.evidence = self.source.read("checkpoint")
        checkpoint, _ = read_checkpoint(self.result.evidence, self.memorandum.log_key)
        self.result.checkpoint = checkpoint
        if self.digest_note.size > checkpoint.size:
            raise TamperedError("the digest note is of a larger log than the checkpoint", step=6)
        return checkpoint

    def _check_remembered(self, before: Before) -> None:
        if before.head is None:
            self.result.passed[3] = "no earlier audit is remembered"
            return
        seen, _ = read_checkpoint(before.head, self.memorandum.log_key)
        size = self.checkpoint.size
        if seen.size > size and not before.live:
            self.result.passed[3] = (
                f"older than the {seen.size} entries seen before; that those extend it takes the larger log: "
                "`cohort-ledger compare`"
            )
            return
        if seen.size > size:
            raise TamperedError(
                f"rolled back: {seen.size} entries were seen before under the log's signature, now there are {size}; "
                "keep both checkpoints. A copy that lags behind its log shows this too: say --copy, if it is one",
                index=size,
            )
        nodes = self._nodes()
        if root_at(size, nodes) != self.checkpoint.root:
            raise TamperedError("the tiles do not lead to the root that the checkpoint is signed over", step=4)
        if root_at(seen.size, nodes) != seen.root:
            raise TamperedError(
                f"forked: the first {seen.size} entries are not those that were seen before under the log's signature; "
                "keep both checkpoints, they prove it"
            )
        self.result.passed[3] = f"extends the {seen.size} entries seen before"

    def _nodes(self) -> NodeReader:
        return node_from_tiles(
            lambda level, n, width: read_tiled(self.source, tile_path(level, n, width)), self.checkpoint.size
        )

    def _check_witnesses(self, at: Reached, needed: int) -> None:
        names = names_of(cosignatures_on(Note.parse(self.result.evidence), at.witnesses))
        count, of = len(names), len(at.witnesses)
        by = f"; cosigned by {', '.join(sorted(names))}" if names else ""
        if of < needed:
            raise TamperedError(f"{needed} witnesses are asked for, and resolutions in force name {of}: ask for fewer")
        if count < needed:
            raise TamperedError(
                f"{count} of {of} witnesses have cosigned the checkpoint over {at.size} entries{by}; {needed} are "
                "asked for: take it again in a while, or ask the witnesses what they saw"
            )
        if needed == 0:
            shows = "no witnesses asked for: nothing here shows that others were shown the same log"
        elif 2 * needed <= of:
            shows = f"{needed} of {of} were asked for, half or fewer: two halves may have been shown two histories"
        else:
            shows = f"{needed} of {of} were asked for: nobody was shown another log whom more than half would vouch for"
        self.result.passed[2] = f"{at.size} entries, signed by the log{by}; {shows}"

    def _check_log_key(self, at: Reached) -> None:
        """The founding key's signatures were checked first; which other key was in force, the log has told by now."""
        check_signed(self.digest_bytes, at.log_keys, self.digest_note.size)
        key = check_signed(self.result.evidence, at.log_keys, at.size)
        if key is not None:
            self.result.passed[2] += f"; signed with the log key that entry {key.since} brought into force, too"

    def _check_times(self, at: Reached) -> None:
        bracketing = Bracketing(self.memorandum.log_key, at.witnesses, at.size, self._nodes(), at.received_at)
        before = at.brackets
        at.brackets, count = bracketing.check(self.kept, self.result.evidence, before)
        self.result.nothing_new = at.size == self.result.continued and at.brackets == before
        if at.witnesses:
            self.result.passed[4] += f"; {count} cosigned checkpoints bracket the times of receipt"

    # ------------------------------------------------------------------ 4 to 7

    def _begin(self, earlier: Reached | None) -> Reached:
        """Where to start: at the first entry, or behind what an earlier audit of this ledger has checked."""
        if (
            earlier is None
            or not earlier.size <= self.digest_note.size <= self.checkpoint.size
            or not earlier.serves(self.memorandum, view=self.result.view, signatures=self.result.signatures)
        ):
            return Reached.nothing(self.memorandum, view=self.result.view, signatures=self.result.signatures)
        self.result.continued = earlier.size
        return earlier

    # ------------------------------------------------------------------ what it comes to

    def _conclude(self, at: Reached) -> None:
        result = self.result
        if at.size > result.continued or not result.continued:
            at.conclude(self.checkpoint.root, self.source)
        result.shown, result.withheld, result.erased = at.shown, at.withheld, at.erased
        result.digest = at.digest
        result.findings, result.contributed, result.reached = at.findings, at.contributed, at
        events = {each.node: each.events for each in at.contributed if each.events}
        streams = f"{len(events)} streams without a gap"
        before = f", of which an earlier audit checked {result.continued}" if result.continued else ""
        result.passed[4] = f"{at.size} entries hash to the tiles, and the tiles to the root{before}"
        result.passed[5] = (
            f"{at.size} signatures, every one, in {streams}"
            if result.signatures == "every"
            else f"{len(at.heads)} signatures, the last of each node and key, over {streams}: whoever holds the keys "
            "committed to all of it"
        )
        result.passed[6] = f"every event admitted again; digest {to_base64(result.digest)}"
        result.passed[7] = f"{at.shown} shown, {at.withheld} withheld, {at.erased} erased"
        result.passed[9] = _found(at)
        result.passed[10] = ", ".join(f"{node} {count}" for node, count in events.items())


def _found(at: Reached) -> str:
    """Step 9 in words: how often each kind was found, and how much could not be looked at."""
    kinds = Counter(each.kind for each in at.findings)
    found = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())) or "none"
    if not at.compared.claims:
        return found
    held = f"{at.compared.open} of {at.compared.claims} claims of benefit held against the assessments"
    shut = "; of the others a value is erased or not shown" if at.compared.shut else ""
    return f"{found}; {held}{shut}"


def _check_view(view: str) -> None:
    if view not in VIEWS and not is_partial(view):
        raise MalformedError(f"there is no view {view[:80]!r}: it is {' or '.join(VIEWS)}, node:<id> or grant:<id>")


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _str(value: object) -> str | None:
    return value if isinstance(value, str) else None

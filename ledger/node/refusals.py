"""Refusals that the hub signed, kept as evidence: a false one convicts it (design: formats, "Envelope").

A file is canonical JSON: the refusal, and the envelopes of the post up to the refused one, without disclosures. Whoever
has the log can replay what its rules asked for.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from ledger.cohort.memorandum import Memorandum
from ledger.errors import SignatureError
from ledger.operations.replacing import replacing
from ledger.signing import jws as statements
from ledger.signing.canonical import dump
from ledger.signing.encoding import to_base64url
from ledger.signing.envelope import Envelope
from ledger.signing.keys import PublicKey

KIND = "refusal"
_TYP = "cohort-refusal+jwt"
_FOLDER_MODE = 0o700


class RefusalFolder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, refusal: str, envelopes: Sequence[Envelope], memorandum: Memorandum) -> Path:
        """Keep a refusal of the last of these envelopes, which followed the others in one post. Returns the file.

        Raises MalformedError or SignatureError where it is no refusal of that by the log.
        """
        check_refusal(refusal, envelopes, memorandum)
        evidence = dump({"kind": KIND, "refusal": refusal, "envelopes": [f"{each.jws.text}~" for each in envelopes]})
        self._folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        file = self._folder / f"{sha256(evidence).hexdigest()}.json"
        with replacing(file) as opened:
            opened.write(evidence)
        return file


def check_refusal(refusal: str, envelopes: Sequence[Envelope], memorandum: Memorandum) -> None:
    """Check that the log refused the last of these envelopes, posted after the others.

    Raises MalformedError for what is no refusal, SignatureError where it is another's, or about something else.
    """
    signed = statements.parse(refusal, typ=_TYP)
    statements.verify(signed, PublicKey.from_raw(memorandum.log_key.public_key))
    *before, refused = (to_base64url(each.hash) for each in envelopes)
    match signed.payload:
        case {"origin": memorandum.origin, "envelope": str(envelope), "before": list(stated)} if (
            envelope == refused and stated == before
        ):
            return
    raise SignatureError("the refusal that the hub signed is of another envelope, or another log's")

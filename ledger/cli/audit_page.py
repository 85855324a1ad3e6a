"""An audit's report as one HTML page that stands by itself: no script, nothing loaded, readable in print."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ledger.operations.audit import STEPS, Audit
from ledger.signing.encoding import to_base64


def write_page(file: Path, result: Audit, *, source: str, signatures: str) -> None:
    """source: as the auditor named it. signatures: the setting of step 5."""
    templates = Environment(
        loader=PackageLoader("ledger.cli"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = templates.get_template("audit.html").render(
        _facts(result),
        source=source,
        signatures=signatures,
        result=result,
        steps=STEPS,
        contributions=result.contributed,
    )
    file.write_text(page, encoding="utf-8")


def _facts(result: Audit) -> dict[str, Any]:
    """What was audited, as text; None where the audit did not come so far."""
    memorandum, checkpoint = result.memorandum, result.checkpoint
    return {
        "alliance": memorandum.document.name if memorandum else None,
        "origin": memorandum.origin if memorandum else None,
        "memorandum": memorandum.hash.hex() if memorandum else None,
        "size": checkpoint.size if checkpoint else None,
        "root": to_base64(checkpoint.root) if checkpoint else None,
        "digest": to_base64(result.digest) if result.digest else None,
    }

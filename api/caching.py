"""What may be kept by a reader, and for how long (RFC 9111, 5.2.2). That a reader has it: see `api.bodiless`."""

from typing import Any

ASK_AGAIN = "private, no-cache"
FOR_EVER = "max-age=31536000, immutable"
A_SECOND = "max-age=1"

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The caller has this answer already"}}

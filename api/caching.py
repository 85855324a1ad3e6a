"""What may be kept by a reader, and for how long (RFC 9111, 5.2.2). That a reader has it: see `api.bodiless`."""

from typing import Any

ASK_AGAIN = "private, no-cache"
OPENED = "private, no-store"  # what is opened for somebody may be erased, and whom it was shown to may no longer see it
RELEASED = "public, max-age=300"  # what is released to everybody, and asked for by nobody in particular
VARY = "Authorization, Cookie"  # of every answer that depends on who asks
FOR_EVER = "max-age=31536000, immutable"
A_SECOND = "max-age=1"

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The caller has this answer already"}}

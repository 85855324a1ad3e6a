"""The whole list of faults, each done to a ledger under load; prints what was acknowledged and what is there.

    python tests/probes/faults.py [NAME ...]

A NAME stands for each fault that has it in its name. Exits with 1 where an event was lost or doubled.
"""

import logging
import sys
import time
import traceback
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

import outages
from outcomes import Outcome, table


def main(names: list[str]) -> int:
    outcomes: list[Outcome] = []
    failed = 0
    logging.disable()  # what a hub has to say of a fault is not what is counted here
    for name, outage in outages.OUTAGES.items():
        if names and not any(each in name for each in names):
            continue
        started = time.monotonic()
        with TemporaryDirectory(prefix="cohort-ledger-fault-") as folder:
            try:
                outcomes.append(outage(Path(folder)))
            except Exception:  # noqa: BLE001 - the others are to be seen too
                failed += 1
                traceback.print_exc()
        sys.stderr.write(f"{name}: {time.monotonic() - started:.1f} s\n")
    sys.stdout.write(table(outcomes) + "\n")
    return 0 if not failed and all(each.is_well for each in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

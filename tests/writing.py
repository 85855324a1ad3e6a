"""A process of writers: some nodes of the busy alliance post to one hub, and print what was acknowledged.

python tests/writing.py SECONDS URL NODE...
"""

import json
import sys
import time

import load


def main(seconds: float, url: str, nodes: list[str]) -> None:
    alliance = load.busy_alliance()
    heads = {node: alliance.database.streams[node] for node in nodes}
    with load.posting(alliance, lambda _: load.OverHttp(url, alliance), heads=heads) as posting:
        ends = time.monotonic() + seconds
        posting.until(lambda: time.monotonic() >= ends, give_up_s=seconds + 60)
    json.dump({"said": posting.said, "acknowledged": posting.acknowledged}, sys.stdout)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2], sys.argv[3:])

"""`serve` with witnesses: what its operator is told, and that the program asks them."""

import time
from pathlib import Path

import httpx2 as httpx
import watched as kit
from running import run, serving
from watched import watched


def test_a_server_tells_its_operator_how_it_stands_with_its_witnesses(tmp_path: Path) -> None:
    with watched(tmp_path, names=kit.NAMES[:2], witnesses_needed=1) as made:
        made.hub.engine.dispose()
        urls = " ".join(f"{each.name}={each.url}" for each in made.witnesses)
        (tmp_path / "cohort-ledger.toml").write_text(
            f'data_dir = "hub"\nwitness_urls = "{urls}"\nwitnesses_needed = 1\n'
        )

        with serving(tmp_path) as url:
            for _ in range(200):
                ready = httpx.get(f"{url}/readyz").json()
                if ready["witnessed"] == len(made.alliance.heard):
                    break
                time.sleep(0.05)
            checkpoint = httpx.get(f"{url}/log/checkpoint").text
        shown = run(tmp_path, "doctor")

    told = (tmp_path / "served.log").read_text()
    assert "1 of 2 witnesses are not more than half" in told
    assert "read-only until 1 of 2 witnesses have answered" in told
    assert "posts are taken now" in told
    assert [ready["read_only"], ready["witnessed"]] == [None, len(made.alliance.heard)]
    assert all(name in checkpoint for name in kit.NAMES[:2])
    assert shown.returncode == 7
    assert "1 of 2" in shown.stdout
    assert made.witnesses[1].url in shown.stdout.replace("\n", "")

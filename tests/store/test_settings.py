"""Settings: which place wins, how each is read, and what is refused by name and never by value."""

from pathlib import Path

import pytest

from ledger.errors import SetupError
from ledger.settings import Settings

KEY = bytes(range(32))


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Where one is, and one's home."""
    here, home = tmp_path / "here", tmp_path / "home"
    (home / ".config/cohort-ledger").mkdir(parents=True)
    here.mkdir()
    return here, home


def write_project(here: Path, text: str) -> None:
    (here / "cohort-ledger.toml").write_text(text)


def write_user(home: Path, text: str) -> None:
    (home / ".config/cohort-ledger/config.toml").write_text(text)


def test_without_a_word_everything_lies_here_and_listens_on_loopback(places: tuple[Path, Path]) -> None:
    here, home = places

    settings = Settings.load({}, {}, cwd=here, home=home)

    assert settings == Settings(
        data_dir=here / "cohort-ledger-data",
        database_url=f"sqlite:///{here}/cohort-ledger-data/ledger.db",
        read_url=None,
        vault_key_file=here / "cohort-ledger-data/vault-keys.db",
        vault_wrap_key=None,
        log_key_file=here / "cohort-ledger-data/log-key.pem",
        log_key_passphrase_file=None,
        host="127.0.0.1",
        port=8700,
        public_url="http://127.0.0.1:8700",
        oidc_issuer=None,
        oidc_client_id=None,
        oidc_client_secret_file=None,
        requests_per_minute=1200,
        verify_processes=None,
        log_format="text",
        log_level="info",
        url="http://127.0.0.1:8700",
        node_dir=here / "cohort-ledger-node",
        witness_dir=here / "cohort-ledger-witness",
        state_dir=Path("~/.local/state/cohort-ledger").expanduser(),
        witness_urls={},
        witnesses_needed=None,
        partner_threshold=5,
        public_threshold=10,
        release_days=28,
        not_opened_days=90,
        stale_cohort_days=180,
        stale_allocation_days=60,
        origin={},
    )
    assert set(settings.origin.values()) == {"default"}


def test_what_is_said_nearest_wins_and_is_known_by_its_place(places: tuple[Path, Path]) -> None:
    here, home = places
    write_user(home, 'port = 1\nhost = "a"\nurl = "user"\nnode_dir = "node"')
    write_project(here, 'port = 2\nhost = "b"\nurl = "project"')
    environ = {"COHORT_LEDGER_PORT": "3", "COHORT_LEDGER_HOST": "c", "HOST": "other"}

    settings = Settings.load({"port": 4, "host": None}, environ, cwd=here, home=home)

    assert (settings.port, settings.host, settings.url) == (4, "c", "project")
    assert settings.node_dir == home / ".config/cohort-ledger/node"
    assert {name: settings.origin[name] for name in ("port", "host", "url", "node_dir", "data_dir")} == {
        "port": "--port",
        "host": "COHORT_LEDGER_HOST",
        "url": str(here / "cohort-ledger.toml"),
        "node_dir": str(home / ".config/cohort-ledger/config.toml"),
        "data_dir": "default",
    }


def test_what_the_hub_keeps_follows_its_folder_unless_it_is_named(places: tuple[Path, Path]) -> None:
    here, home = places
    write_project(here, 'data_dir = "/srv/ledger"\nlog_key_file = "secret/log.pem"')

    settings = Settings.load({}, {}, cwd=here, home=home)

    assert settings.database_url == "sqlite:////srv/ledger/ledger.db"
    assert settings.vault_key_file == Path("/srv/ledger/vault-keys.db")
    assert settings.log_key_file == here / "secret/log.pem"


@pytest.mark.parametrize("text", [KEY.hex(), KEY.hex().upper(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="])
def test_a_wrap_key_is_read_from_hex_or_base64_and_never_printed(places: tuple[Path, Path], text: str) -> None:
    here, home = places

    settings = Settings.load({}, {"COHORT_LEDGER_VAULT_WRAP_KEY": text}, cwd=here, home=home)

    assert settings.vault_wrap_key == KEY
    assert text not in repr(settings)
    assert repr(KEY) not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VAULT_WRAP_KEY", "hunter2"),
        ("VAULT_WRAP_KEY", "zz" * 32),
        ("VAULT_WRAP_KEY", KEY.hex()[:-2]),
        ("PORT", "hunter2"),
        ("PORT", "65536"),
        ("PORT", "+80"),
        ("PORT", "-1"),
        ("PORT", "٣"),
        ("PORT", ""),
        ("HOST", ""),
        ("PUBLIC_THRESHOLD", "3"),
        ("PARTNER_THRESHOLD", "+5"),
        ("PARTNER_THRESHOLD", "100"),
        ("RELEASE_DAYS", "0"),
        ("RELEASE_DAYS", "367"),
        ("DATA_DIR", ""),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_by_name(places: tuple[Path, Path], name: str, value: str) -> None:
    here, home = places

    with pytest.raises(SetupError, match=f"{name.lower()} .COHORT_LEDGER_{name}") as refused:
        Settings.load({}, {f"COHORT_LEDGER_{name}": value}, cwd=here, home=home)

    assert not value or value not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 8700", "there is no setting prot"),
        ("[hub]\nport = 8700", "there is no setting hub"),
        ("port = true", "port .*a text or a number"),
        ("port = 8700.0", "port .*a text or a number"),
        ("host = ['a']", "host .*a text or a number"),
        ("port = ", "cannot be read"),
    ],
)
def test_a_file_with_a_slip_is_refused_with_its_name(places: tuple[Path, Path], text: str, said: str) -> None:
    here, home = places
    write_project(here, text)

    with pytest.raises(SetupError, match=said) as refused:
        Settings.load({}, {}, cwd=here, home=home)

    assert str(here / "cohort-ledger.toml") in str(refused.value)


def test_this_process_has_settings(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    here, home = places
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("COHORT_LEDGER_PORT", "1234")

    assert Settings.here({"url": "http://hub.example"}).port == 1234
    assert Settings.here({"url": "http://hub.example"}).data_dir == here / "cohort-ledger-data"

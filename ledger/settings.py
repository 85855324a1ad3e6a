"""Settings: read once, from flags, the environment and two files, frozen, and handed on.

What is said nearest wins: a flag, then `COHORT_LEDGER_*`, then `./cohort-ledger.toml`, then the user's
`~/.config/cohort-ledger/config.toml`, then the default. `origin` tells for each value where it came from.
"""

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from ledger.clinical.suppression import LEAST
from ledger.errors import MalformedError, SetupError
from ledger.signing.encoding import from_base64

DEFAULT_URL = "http://127.0.0.1:8700"
ENVIRONMENT = "COHORT_LEDGER_"
PROJECT_FILE = Path("cohort-ledger.toml")
USER_FILE = Path(".config/cohort-ledger/config.toml")
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")

_KEY_SIZE = 32  # bytes
_PORT_MAX = 65535
_COUNT_MAX = 99  # a note has at most 100 signatures, and the log's is one
_PROCESSES_MAX = 256
_DAYS_MAX = 366
_WAITING_DAYS_MAX = 3_660
_RATE_MAX = 1_000_000
_DIGITS_MAX = 9  # of a number that is read: `int` refuses thousands


@dataclass(frozen=True, kw_only=True)
class Settings:
    """data_dir: what the hub keeps lies there, unless another place is named. database_url: for SQLAlchemy;
    read_url: of a replica that answers what is only read, None for none.
    vault_key_file: the keys of the vault; vault_wrap_key: 32 bytes that they are encrypted under, None where they lie
    bare. log_key_file: the log's key, PKCS#8 PEM; log_key_passphrase_file: what opens it, None to be asked.
    host, port: where `serve` listens. public_url: where callers reach it, which their tokens must name. oidc_issuer:
    where people may log in, None for nowhere, which knows this server as oidc_client_id and by what
    oidc_client_secret_file holds. requests_per_minute: of one caller, 0 for any number. verify_processes: how many
    others verify signatures, once there are many; 0 for none, None for what pays on this machine. log_format: of the
    lines that a server writes, text or json; log_level: from which on, debug, info, warning or error.
    url: of the hub, for a node's and an auditor's commands. node_dir: a node's keys, stream and receipts. witness_dir:
    what a witness keeps. state_dir: what a reader of logs remembers of them. witness_urls: name -> where a witness is
    reached, if not at `https://<name>`; a hub that starts asks these and those in force. witnesses_needed: how many
    must have answered then, and must cosign a checkpoint; None for more than half of them. partner_threshold,
    public_threshold: counts of patients below are hidden from these (see `clinical.suppression`). release_days: from
    one release to outsiders to the next. not_opened_days, stale_cohort_days, stale_allocation_days: after how many it
    becomes a finding (see `reports.finding.Patience`). Paths are absolute.
    """

    data_dir: Path
    database_url: str
    read_url: str | None
    vault_key_file: Path
    vault_wrap_key: bytes | None = field(repr=False)
    log_key_file: Path
    log_key_passphrase_file: Path | None
    host: str
    port: int
    public_url: str
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret_file: Path | None
    requests_per_minute: int
    log_format: str
    log_level: str
    verify_processes: int | None
    url: str
    node_dir: Path
    witness_dir: Path
    state_dir: Path
    witness_urls: Mapping[str, str]
    witnesses_needed: int | None
    partner_threshold: int
    public_threshold: int
    release_days: int
    not_opened_days: int
    stale_cohort_days: int
    stale_allocation_days: int
    origin: Mapping[str, str] = field(compare=False)

    @classmethod
    def here(cls, flags: Mapping[str, object]) -> Self:
        """Read them for this process."""
        return cls.load(flags, os.environ, cwd=Path.cwd(), home=Path.home())  # noqa: TID251 - the one place

    @classmethod
    def load(cls, flags: Mapping[str, object], environ: Mapping[str, str], *, cwd: Path, home: Path) -> Self:
        """flags: by field name, None where one was not given. cwd, home: absolute.

        A path in a file is relative to the file's folder, any other to `cwd`. Raises SetupError, which names the place
        and the setting, for a value that cannot be read and for a name in a file that is none of these.
        """
        told = {
            **_in_file(home / USER_FILE),
            **_in_file(cwd / PROJECT_FILE),
            **_in_environment(environ, cwd),
            **_in_flags(flags, cwd),
        }
        values: dict[str, Any] = {}
        for name, (read, default) in _SETTINGS.items():
            stated = told.get(name) or _Told(default(values), "default", cwd)
            values[name] = _read(name, stated, read)
        origin = {name: told[name].where if name in told else "default" for name in _SETTINGS}
        return cls(**values, origin=MappingProxyType(origin))


def notified_socket() -> str | None:
    """Where systemd listens for a word of this process (sd_notify(3)), None where nobody does."""
    return os.environ.get("NOTIFY_SOCKET") or None  # noqa: TID251 - the one place


class _Told(NamedTuple):
    """What was said, where, and the folder that a path in it is relative to."""

    value: object
    where: str
    folder: Path


def _in_flags(flags: Mapping[str, object], cwd: Path) -> dict[str, _Told]:
    given = {name: value for name, value in flags.items() if value is not None}
    return {name: _Told(value, f"--{name.replace('_', '-')}", cwd) for name, value in given.items()}


def _in_environment(environ: Mapping[str, str], cwd: Path) -> dict[str, _Told]:
    variables = {name: f"{ENVIRONMENT}{name.upper()}" for name in _SETTINGS}
    return {name: _Told(environ[each], each, cwd) for name, each in variables.items() if each in environ}


def _in_file(file: Path) -> dict[str, _Told]:
    try:
        content = tomllib.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # of ValueError: what is no TOML, and what is no UTF-8
        raise SetupError(f"{file} cannot be read: {error}") from None
    for name in content:
        if name not in _SETTINGS:
            raise SetupError(f"{file}: there is no setting {name}; there are {', '.join(_SETTINGS)}")
    return {name: _Told(value, str(file), file.parent) for name, value in content.items()}


def _read(name: str, told: _Told, read: "_Reader") -> object:
    """Settings are texts, or whole numbers where a file or a flag has one, or paths. Their errors show no value."""
    if isinstance(told.value, str | int | Path) and not isinstance(told.value, bool):
        try:
            return read(str(told.value), told.folder)
        except ValueError as error:
            raise SetupError(f"{name} ({told.where}): {error}") from None
    raise SetupError(f"{name} ({told.where}): it is a text or a number")


def _text(text: str, _folder: Path) -> str:
    if not text:
        raise ValueError("it must not be empty")
    return text


def _text_or_none(text: str, _folder: Path) -> str | None:
    return text or None


def _rate(text: str, _folder: Path) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX and int(text) <= _RATE_MAX):
        raise ValueError(f"it is a number up to {_RATE_MAX}, or 0 for any number of requests")
    return int(text)


def _log_format(text: str, _folder: Path) -> str:
    return _one_of(text, LOG_FORMATS)


def _log_level(text: str, _folder: Path) -> str:
    return _one_of(text, LOG_LEVELS)


def _one_of(text: str, words: Sequence[str]) -> str:
    if text not in words:
        raise ValueError(f"it is one of {', '.join(words)}")
    return text


def _address(text: str, _folder: Path) -> str:
    if not text.startswith(("https://", "http://")):
        raise ValueError("write http://host:port, or https://host")
    return text.rstrip("/")


def _path(text: str, folder: Path) -> Path:
    return folder / Path(_text(text, folder)).expanduser()


def _path_or_none(text: str, folder: Path) -> Path | None:
    return _path(text, folder) if text else None


def _port(text: str, _folder: Path) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _PORT_MAX):
        raise ValueError(f"a port is a number up to {_PORT_MAX}")
    return int(text)


def _count_or_none(text: str, _folder: Path) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX and int(text) <= _COUNT_MAX):
        raise ValueError(f"it is a number up to {_COUNT_MAX}, or empty for more than half of the witnesses")
    return int(text)


def _processes_or_none(text: str, _folder: Path) -> int | None:
    return _number(text, least=0, most=_PROCESSES_MAX) if text else None


def _threshold(text: str, _folder: Path) -> int:
    return _number(text, least=LEAST, most=_COUNT_MAX)


def _days(text: str, _folder: Path) -> int:
    return _number(text, least=1, most=_DAYS_MAX)


def _waiting_days(text: str, _folder: Path) -> int:
    return _number(text, least=1, most=_WAITING_DAYS_MAX)


def _number(text: str, *, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX and least <= int(text) <= most):
        raise ValueError(f"it is a number from {least} to {most}")
    return int(text)


def _urls(text: str, _folder: Path) -> Mapping[str, str]:
    urls: dict[str, str] = {}
    for pair in text.split():
        name, _, url = pair.partition("=")
        if not name or name in urls or not url.startswith(("https://", "http://")):
            raise ValueError("write name=https://... for each witness, once, with spaces between")
        urls[name] = url
    return MappingProxyType(urls)


def _key_or_none(text: str, _folder: Path) -> bytes | None:
    if not text:
        return None
    try:
        return bytes.fromhex(text) if len(text) == 2 * _KEY_SIZE else from_base64(text, size=_KEY_SIZE)
    except (ValueError, MalformedError):
        raise ValueError(f"a key is {_KEY_SIZE} bytes in hex or base64") from None


_Reader = Callable[[str, Path], object]

# how each is read, and its default, which may stand on those before it
_SETTINGS: Mapping[str, tuple[_Reader, Callable[[Mapping[str, Any]], str]]] = {
    "data_dir": (_path, lambda _: "cohort-ledger-data"),
    "database_url": (_text, lambda values: f"sqlite:///{values['data_dir'] / 'ledger.db'}"),
    "read_url": (_text_or_none, lambda _: ""),
    "vault_key_file": (_path, lambda values: str(values["data_dir"] / "vault-keys.db")),
    "vault_wrap_key": (_key_or_none, lambda _: ""),
    "log_key_file": (_path, lambda values: str(values["data_dir"] / "log-key.pem")),
    "log_key_passphrase_file": (_path_or_none, lambda _: ""),
    "host": (_text, lambda _: "127.0.0.1"),
    "port": (_port, lambda _: "8700"),
    "public_url": (_address, lambda values: f"http://{values['host']}:{values['port']}"),
    "oidc_issuer": (_text_or_none, lambda _: ""),
    "oidc_client_id": (_text_or_none, lambda _: ""),
    "oidc_client_secret_file": (_path_or_none, lambda _: ""),
    "requests_per_minute": (_rate, lambda _: "1200"),
    "log_format": (_log_format, lambda _: LOG_FORMATS[0]),
    "log_level": (_log_level, lambda _: "info"),
    "verify_processes": (_processes_or_none, lambda _: ""),
    "url": (_text, lambda _: DEFAULT_URL),
    "node_dir": (_path, lambda _: "cohort-ledger-node"),
    "witness_dir": (_path, lambda _: "cohort-ledger-witness"),
    "state_dir": (_path, lambda _: "~/.local/state/cohort-ledger"),
    "witness_urls": (_urls, lambda _: ""),
    "witnesses_needed": (_count_or_none, lambda _: ""),
    "partner_threshold": (_threshold, lambda _: "5"),
    "public_threshold": (_threshold, lambda _: "10"),
    "release_days": (_days, lambda _: "28"),
    "not_opened_days": (_waiting_days, lambda _: "90"),
    "stale_cohort_days": (_waiting_days, lambda _: "180"),
    "stale_allocation_days": (_waiting_days, lambda _: "60"),
}

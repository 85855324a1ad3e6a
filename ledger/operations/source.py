"""Where a log's static files come from: a folder, a zip, a server. The store's own is handed in as one more.

A source is not believed: what it returns is bytes, and whoever reads them verifies. It knows paths (design: formats,
"static files") and how large a file of each can be, and never takes more than that into memory.
"""

import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import httpx2 as httpx

from ledger.errors import ForbiddenError, MalformedError, NotFoundError, UnauthenticatedError, UnavailableError
from ledger.merkle.hashing import HASH_SIZE
from ledger.merkle.tiles import ENTRY_MAX, TILE_WIDTH, pack_entries, parse_path, unpack_entries
from ledger.signing import canonical
from ledger.signing.encoding import from_decimal
from ledger.signing.envelope import ENVELOPE_MAX
from ledger.signing.note import NOTE_MAX

_TIMEOUT_S = 30.0
_WAITS_MAX = 20  # times that a server may say that it was asked too often
_WAIT_S, _WAIT_MAX_S = 5, 60  # before it is asked again; it says how long
_SLOWEST_BYTES_S = 16 * 1024  # slower than any line that this is used on: who drips holds nobody for ever
_MIB = 1024 * 1024
_SINGLE_MAX = {
    "memorandum": 4 * _MIB,
    "checkpoint": NOTE_MAX,
    "checkpoints": 64 * _MIB,
    "digest": NOTE_MAX,
    "view": 1024,
}
# All that zipfile raises for bytes that are no zip: offsets over 64 bits, names that are no UTF-8, a password missing.
_DAMAGE = (zipfile.BadZipFile, ArithmeticError, EOFError, OSError, RuntimeError, ValueError)


class Source(Protocol):
    """Raises NotFoundError for a path that is not there, MalformedError for a file that is too large or damaged.

    What comes from outside is held to `file_max`.
    """

    def read(self, path: str) -> bytes: ...


class FolderSource:
    """The files below a folder, as a mirror or a plain file server has them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes:
        most = file_max(path)
        file = self._folder / path
        try:
            if not file.is_file():  # a pipe would be waited for, a device has no end
                raise NotFoundError(f"there is no {path} in {self._folder}")
            with file.open("rb") as opened:
                data = opened.read(most + 1)
        except OSError as error:
            raise MalformedError(f"{path} in {self._folder} cannot be read: {error.strerror}") from None
        if len(data) > most:
            raise _too_large(path)
        return data


class ZipSource:
    """A bundle. Holds the file open; use it as a context manager.

    Raises MalformedError for a zip that no bundle is: anything compressed, a name twice, a name that no log has.
    """

    def __init__(self, file: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except FileNotFoundError:
            raise NotFoundError(f"there is no bundle {file}") from None
        except _DAMAGE:
            raise MalformedError(f"{file} is no bundle: it is not a readable zip file") from None
        try:
            _check_directory(self._zip.infolist())
        except MalformedError:
            self._zip.close()
            raise

    def read(self, path: str) -> bytes:
        try:
            return self._zip.read(path)
        except KeyError:
            raise NotFoundError(f"there is no {path} in the bundle") from None
        except _DAMAGE:
            raise MalformedError(f"{path} in the bundle is damaged: its checksum does not fit") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()


def wait_of(answer: httpx.Response) -> int:
    """How long a server that was asked too often would have one wait, within reason: seconds."""
    try:
        stated = from_decimal(answer.headers.get("Retry-After", ""))
    except MalformedError:
        return _WAIT_S
    return min(_WAIT_MAX_S, max(1, stated))


class HttpSource:
    """A server's `/log/`. url: of the server itself, without that. bearer: gives the headers that say who asks, anew
    for each request, once the server wants to know. Raises MalformedError where it is no address.

    Reading raises UnauthenticatedError and ForbiddenError too, where the server shows a file not to everybody.
    """

    def __init__(
        self,
        url: str,
        *,
        bearer: Callable[[], Mapping[str, str]] | None = None,
        connect: Callable[..., httpx.Client] = httpx.Client,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pause = pause
        self._bearer = bearer
        self._is_asked = False  # who we are: then it is said at once
        try:
            self._client = connect(base_url=url.rstrip("/"), timeout=_TIMEOUT_S)
        except httpx.InvalidURL:
            raise MalformedError(f"not the address of a server: {url[:80]!r}") from None

    def read(self, path: str) -> bytes:
        for _ in range(_WAITS_MAX):
            try:
                return self._read_as_asked(path)
            except UnavailableError as refused:
                wait_s = refused.facts.get("wait_s")
                if not isinstance(wait_s, int):
                    raise
                self._pause(wait_s)
        return self._read_as_asked(path)

    def _read_as_asked(self, path: str) -> bytes:
        if self._bearer is not None and not self._is_asked:
            try:
                return self._read(path, {})
            except UnauthenticatedError:
                self._is_asked = True
        return self._read(path, {} if self._bearer is None else self._bearer())

    def _read(self, path: str, who: Mapping[str, str]) -> bytes:
        most = file_max(path)
        data, started = bytearray(), time.monotonic()
        try:
            # As it comes, for what is inflated has no bound before it is there.
            with self._client.stream("GET", f"/log/{path}", headers={"Accept-Encoding": "identity", **who}) as answer:
                _check_answer(answer, path)
                for part in answer.iter_raw():
                    data += part
                    if time.monotonic() - started > _TIMEOUT_S + len(data) / _SLOWEST_BYTES_S:
                        raise UnavailableError(f"{self._client.base_url} sends /log/{path} too slowly")
                    if len(data) > most:
                        raise _too_large(path)
        except httpx.HTTPError as error:
            raise UnavailableError(f"{self._client.base_url} could not be reached: {type(error).__name__}") from None
        return bytes(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def read_tiled(source: Source, path: str) -> bytes:
    """A file of a log that lies in tiles; a partial one that the log has outgrown is the beginning of the full one, and
    may be gone (C2SP tlog-tiles, "Partial Tiles"). Raises as the source does.
    """
    try:
        return source.read(path)
    except NotFoundError:
        asked = parse_path(path)
        if asked.width == TILE_WIDTH:
            raise
        full = source.read(path.rpartition(".p/")[0])
    match asked.kind:
        case "entries":
            return pack_entries(unpack_entries(full, TILE_WIDTH)[: asked.width])
        case "disclosures":
            return b"".join(full.splitlines(keepends=True)[: asked.width])
        case _:
            return full[: asked.width * HASH_SIZE]


def stated_view(source: Source) -> str:
    """Which disclosures a source says it was made with: `full`, `clear` (also where it says nothing), or another view.

    Raises MalformedError where its file `view` is none.
    """
    try:
        stated = canonical.load(source.read("view"))
    except NotFoundError:
        return "clear"
    match stated:
        case {"view": str(view), **rest} if not rest:
            return view
    raise MalformedError("the file `view` does not say which disclosures the source has")


def file_max(path: str) -> int:
    """How many bytes a file of a log can have. Raises MalformedError for a path that no log has."""
    if path in _SINGLE_MAX:
        return _SINGLE_MAX[path]
    asked = parse_path(path)
    match asked.kind:
        case "entries":
            return asked.width * (2 + ENTRY_MAX)
        case "disclosures":
            return asked.width * ENVELOPE_MAX
        case _:
            return asked.width * HASH_SIZE


def _check_directory(files: Iterable[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for each in files:
        if each.compress_type != zipfile.ZIP_STORED or each.compress_size != each.file_size:
            raise MalformedError(f"{each.filename[:80]!r} is compressed or encrypted: a bundle only stores")
        if each.filename in seen:
            raise MalformedError(f"{each.filename[:80]!r} is in the bundle twice")
        if each.file_size > file_max(each.filename):
            raise _too_large(each.filename)
        seen.add(each.filename)


def _check_answer(answer: httpx.Response, path: str) -> None:
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise NotFoundError(f"the server has no /log/{path}")
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise UnauthenticatedError(f"the server shows /log/{path} to those it knows: name the key that you hold, --key")
    if answer.status_code == httpx.codes.FORBIDDEN:
        raise ForbiddenError(f"the server does not show you /log/{path}: see what was granted to your key")
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        busy = "the server has been asked too often, and goes on saying so: try again later"
        raise UnavailableError(busy, wait_s=wait_of(answer))
    if answer.status_code != httpx.codes.OK:
        raise UnavailableError(f"the server answered {answer.status_code} for /log/{path}")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise UnavailableError(f"the server sent /log/{path} compressed, and was asked not to")


def _too_large(path: str) -> MalformedError:
    return MalformedError(f"{path} is larger than that file of a log can be")

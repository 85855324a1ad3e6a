"""Where a log's static files come from: a folder, a zip, a server. The store's own is handed in as one more.

A source is not believed: what it returns is bytes, and whoever reads them verifies. It knows paths (design: formats,
"static files") and nothing else.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Protocol, Self

import httpx2 as httpx

from ledger.errors import MalformedError, NotFoundError, UnavailableError

_TIMEOUT_S = 30.0
_FILE_MAX = 64 * 1024 * 1024  # bytes; a full bundle of the longest entries has 16 MiB, one of disclosures 64 MiB


class Source(Protocol):
    """Raises NotFoundError for a path that is not there."""

    def read(self, path: str) -> bytes: ...


class FolderSource:
    """The files below a folder, as a mirror or a plain file server has them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes:
        file = self._folder.joinpath(*_parts(path))
        try:
            return file.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFoundError(f"there is no {path} in {self._folder}") from None


class ZipSource:
    """A bundle. Holds the file open; use it as a context manager."""

    def __init__(self, file: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except FileNotFoundError:
            raise NotFoundError(f"there is no bundle {file}") from None
        except (zipfile.BadZipFile, OSError):
            raise MalformedError(f"{file} is no bundle: it is not a readable zip file") from None

    def read(self, path: str) -> bytes:
        try:
            info = self._zip.getinfo(path)
            if info.file_size > _FILE_MAX:
                raise MalformedError(f"{path} in the bundle is larger than any file of a log")
            return self._zip.read(info)
        except KeyError:
            raise NotFoundError(f"there is no {path} in the bundle") from None
        except (zipfile.BadZipFile, OSError, NotImplementedError):
            raise MalformedError(f"{path} in the bundle is damaged: its checksum does not fit") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()


class HttpSource:
    """A server's `/log/`. url: of the server itself, without that."""

    def __init__(self, url: str, *, connect: Callable[..., httpx.Client] = httpx.Client) -> None:
        self._client = connect(base_url=url.rstrip("/"), timeout=_TIMEOUT_S)

    def read(self, path: str) -> bytes:
        try:
            answer = self._client.get(f"/log/{path}")
        except httpx.HTTPError as error:
            raise UnavailableError(f"{self._client.base_url} could not be reached: {type(error).__name__}") from None
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotFoundError(f"the server has no /log/{path}")
        if answer.status_code != httpx.codes.OK:
            raise UnavailableError(f"the server answered {answer.status_code} for /log/{path}")
        return answer.content

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()


def _parts(path: str) -> tuple[str, ...]:
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts:
        raise MalformedError(f"not a path of a log's files: {path[:80]!r}")
    return parts

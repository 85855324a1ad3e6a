"""A Dask cluster that verifies the signatures of ranges (the extra `dask`). The only file that knows Dask.

What goes there is what every partner may read: entries, and the nodes' keys. Disclosures stay here, and so does all
that is done at the speed of hashing, and whatever the cluster says does not hold is looked at again. What is left to
its word is that a signature holds. So that a cluster which does not look is noticed, one signature of each range is
spoilt before it is sent, where the auditor has first seen that it holds.

That is no defence against whoever runs the cluster: Dask lets a scheduler run programs in its clients. It has to be
one's own, and its addresses `tls://` where others share the network (Dask's own settings say with which certificates).
"""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from ledger.errors import SetupError, SignatureError, UnavailableError
from ledger.merkle.tiles import TILE_WIDTH, unpack_entries
from ledger.operations.ranges import Fault, Keys, Looked, Range, is_verified, look_at, open_keys, verify_each
from ledger.signing.encoding import from_base64url, to_base64url

if TYPE_CHECKING:
    from distributed import Client, Future

PACKAGE = "cohort-ledger"
_ADDRESS = re.compile(r"(?:\w+://)?[^\s/]+:[0-9]+|\w+://[^\s/]\S*")
_ANSWERS = frozenset(b"+-?")  # for an entry
_HOLDS, _HOLDS_NOT, _UNKNOWN = b"+-?"
_AHEAD = 4  # ranges for each worker
_REACH_S = 10  # within which a scheduler answers, and a worker joins it
_LOOK_S = 30  # after so long without an answer, whether there is a worker left


@contextmanager
def dask_cluster(address: str, *, seed: bytes) -> Iterator["DaskCluster"]:
    """Those of a cluster who look at ranges, for the length of the block; then what they have not begun is cancelled.

    address: of its scheduler. seed: not known to it; draws what is spoilt.

    Raises SetupError where Dask is not installed here, or a worker has no `cohort-ledger` of this version;
    UnavailableError where there is no such cluster, or nobody works there.
    """
    if find_spec("distributed") is None:
        raise SetupError("a cluster is asked by dask.distributed: pip install 'cohort-ledger[dask]'")
    with _unlogged():
        client = _reach(address)
        try:
            yield DaskCluster(client, address, workers=_check_workers(client, address), seed=seed)
        finally:
            client.close()


class DaskCluster:
    """A `Pool`. Its workers may come and go; ranges of one that dies go to another."""

    few = 0  # it runs already

    def __init__(self, client: "Client", address: str, *, workers: int, seed: bytes) -> None:
        self.ahead = _AHEAD * workers
        self._client, self._address, self._seed = client, address, seed
        self._version = version(PACKAGE)
        self._verified = self._found = 0

    @property
    def vouched(self) -> str:
        if not self._verified:
            return ""
        found = f"; sent to it spoilt on purpose, and found: {self._found}" if self._found else ""
        return (
            f"{self._verified} signatures were verified by the Dask cluster at {self._address}, and whoever runs it is "
            f"trusted for that{found}"
        )

    def begin(self, given: Range) -> Callable[[], Looked | Fault]:
        looked = look_at(replace(given, every=False))
        if isinstance(looked, Fault):
            return lambda: looked
        leaves = unpack_entries(given.entries, given.width)[given.skip :]
        sent, spoilt = self._spoil(given, leaves)
        future = self._client.submit(verdicts, sent, dict(given.keys), self._version, pure=False)
        return partial(self._when_done, future, given, looked, spoilt)

    def _spoil(self, given: Range, leaves: list[bytes]) -> tuple[list[bytes], int | None]:
        """The leaves with one signature spoilt, and which; as they are where the one that was drawn does not hold."""
        drawn = int.from_bytes(sha256(self._seed + given.n.to_bytes(8)).digest()) % len(leaves)
        try:
            if not is_verified(leaves[drawn], open_keys(given.keys)):
                return leaves, None
        except SignatureError:
            return leaves, None
        return [*leaves[:drawn], _spoilt(leaves[drawn]), *leaves[drawn + 1 :]], drawn

    def _when_done(self, future: "Future[bytes]", given: Range, looked: Looked, spoilt: int | None) -> Looked | Fault:
        answer = self._wait_for(future)
        if type(answer) is not bytes or len(answer) != given.width - given.skip or not _ANSWERS.issuperset(answer):
            raise self._distrusted("does not answer what it was asked")
        if spoilt is not None and answer[spoilt] != _HOLDS_NOT:
            raise self._distrusted("lets a signature pass that was spoilt on purpose")
        unknown = frozenset(place for place, said in enumerate(answer, given.skip) if said == _UNKNOWN)
        refuted = [at for at, said in enumerate(answer) if said == _HOLDS_NOT and at != spoilt]
        forged = None
        if refuted:
            place = given.skip + refuted[0]
            _, forged = verify_each(unpack_entries(given.entries, given.width), [place], given.keys)
            if forged is None:
                index = given.n * TILE_WIDTH + place
                raise self._distrusted(f"says that the signature of entry {index} does not hold, which it does")
        self._found += spoilt is not None
        self._verified += answer.count(_HOLDS)
        return looked._replace(unverified=unknown, forged=forged)

    def _wait_for(self, future: "Future[bytes]") -> object:
        """What a worker made of it. Raises UnavailableError where none can."""
        while True:
            try:
                return future.result(timeout=_LOOK_S)
            except SetupError:
                raise  # a worker that came later, of another version
            except TimeoutError:
                if not future.done():
                    self._look_for_workers()
                elif future.status == "error":  # it is the worker's, and not ours
                    raise self._failed(TimeoutError) from None
            except (CancelledError, OSError):  # the connection's
                raise _gone(self._address) from None
            except Exception as error:  # noqa: BLE001 - whatever a worker raises comes back; its words may hold a value
                raise self._failed(type(error)) from None

    def _look_for_workers(self) -> None:
        try:
            workers = self._client.nthreads()
        except OSError:
            raise _gone(self._address) from None
        if not workers:
            raise UnavailableError(f"no worker is left in the Dask cluster at {self._address}")

    def _failed(self, kind: type[Exception]) -> UnavailableError:
        return UnavailableError(f"the Dask cluster at {self._address} failed: {kind.__name__}")

    def _distrusted(self, why: str) -> SetupError:
        return SetupError(f"the Dask cluster at {self._address} {why}: audit without it, and find out why")


def verdicts(leaves: Sequence[bytes], keys: Keys, asked_by: str) -> bytes:
    """What a worker does: for each entry `+` where its signature holds, `-` where not, `?` where it cannot tell.

    asked_by: the auditor's version. Raises SetupError where the worker's is another.
    """
    _check_version(version(PACKAGE), asked_by, "a worker that joined the Dask cluster")
    opened = open_keys(keys)
    return bytes(_verdict(leaf, opened) for leaf in leaves)


def _verdict(leaf: bytes, keys: Any) -> int:
    try:
        return _HOLDS if is_verified(leaf, keys) else _UNKNOWN
    except SignatureError:
        return _HOLDS_NOT


def _spoilt(leaf: bytes) -> bytes:
    statement, dot, text = leaf.rpartition(b".")
    signature = bytearray(from_base64url(text.decode()))
    signature[-1] ^= 1
    return statement + dot + to_base64url(bytes(signature)).encode()


@contextmanager
def _unlogged() -> Iterator[None]:
    """What becomes of the cluster, our errors say in a line; Dask logs it with tracebacks, over the progress bar."""
    was = logging.root.manager.disable
    logging.disable()
    try:
        yield
    finally:
        logging.disable(was)


def _reach(address: str) -> "Client":
    from distributed import Client  # noqa: PLC0415 - an extra, which few need

    if not _ADDRESS.fullmatch(address):  # a client that cannot begin hangs when it ends
        raise UnavailableError(f"no Dask scheduler answers at {address}: that is no address, write tls://host:port")
    try:
        asyncio.run(_greet(address))  # a client that cannot begin waits for ever, and ends in a traceback
        return Client(address, timeout=_REACH_S, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:  # no answer, no such scheme, no certificates
        why = (str(error) or f"it says nothing within {_REACH_S} s").splitlines()[0]
        raise UnavailableError(f"no Dask scheduler answers at {address}: {why}") from None


async def _greet(address: str) -> None:
    """Raises TimeoutError where something listens that says nothing, else as a client does."""
    from distributed import Security  # noqa: PLC0415 - as in `_reach`
    from distributed.core import rpc  # noqa: PLC0415 - as in `_reach`

    arguments = Security().get_connection_args("client")
    async with asyncio.timeout(_REACH_S), rpc(address, connection_args=arguments) as scheduler:
        await scheduler.identity()


def _check_workers(client: "Client", address: str) -> int:
    """How many there are, each with this version of the package."""
    try:
        client.wait_for_workers(1, timeout=_REACH_S)
        found = client.run(version, PACKAGE, on_error="return")
    except TimeoutError:
        raise UnavailableError(f"nobody works in the Dask cluster at {address}: `dask worker {address}`") from None
    except OSError:
        raise _gone(address) from None
    for worker, said in found.items():
        if not isinstance(said, str):
            raise SetupError(f"the worker at {worker} has no {PACKAGE} ({type(said).__name__}): install it there")
        _check_version(said, version(PACKAGE), f"the worker at {worker}")
    return len(found)


def _gone(address: str) -> UnavailableError:
    return UnavailableError(f"the Dask cluster at {address} is gone, in the middle of it")


def _check_version(found: str, wanted: str, whose: str) -> None:
    if found != wanted:
        raise SetupError(f"{whose} has {PACKAGE} {found}, and the auditor {wanted}: install the same on both")

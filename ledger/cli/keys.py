"""Which key a command signs with: a file's, or that of a node's folder which is in force at a hub."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from ledger.cli.options import passphrase_for, secret_of
from ledger.errors import SetupError, SignatureError
from ledger.node.client import ask_key_in_force
from ledger.node.folder import NodeFolder
from ledger.node.hsm import PLACE_SUFFIX, Place, open_token_key
from ledger.node.keyring import is_encrypted, read_key
from ledger.node.rotation import Keys
from ledger.signing.keys import SigningKey


def key_at(place: Path, hub: str, passphrase_file: Path | None) -> SigningKey:
    """place: a key in PEM, or a node's folder."""
    if place.is_dir():
        return key_in_force(NodeFolder.open(place), hub, passphrase_file)
    if not place.is_file():
        raise SetupError(f"there is no key {place}")
    return read_key(place, passphrase_for(place, passphrase_file, encrypted=is_encrypted(place)))


def key_in_force(folder: NodeFolder, hub: str, passphrase_file: Path | None) -> SigningKey:
    """Of the node's keys the one that the hub takes now, which is asked where there are more than one."""
    kid = folder.member.public_key.thumbprint if folder.has_one_key() else ask_key_in_force(hub, folder.name)
    return keys_of(folder, passphrase_file)(kid)


def keys_of(
    folder: NodeFolder, passphrase_file: Path | None, *, others: Mapping[str, Path | None] = MappingProxyType({})
) -> Keys:
    """The node's keys, each opened when it is first asked for. others: the passphrase files of those that
    `passphrase_file` does not open, by their thumbprints.
    """

    @cache
    def key(kid: str) -> SigningKey:
        file, opener = folder.key_file(kid), others.get(kid, passphrase_file)
        if not file.exists():
            raise SetupError(
                f"the key {file} is not there: copy it back, or, where it is lost, make another that the other members "
                "can agree on, by `cohort-ledger node key new`"
            )
        if file.name.endswith(PLACE_SUFFIX):
            place = Place.read(file)
            opened = open_token_key(place, secret_of(f"the token {place.token}", opener))
        else:
            opened = read_key(file, passphrase_for(file, opener, encrypted=is_encrypted(file)))
        if opened.public.thumbprint != kid:
            raise SignatureError(
                f"the key of {folder.name} in force is {kid}, and it is not in {folder.path}: copy it from where it "
                f"was made, key.{kid}.pem (key.pem, if it is the node's first)"
            )
        return opened

    return key

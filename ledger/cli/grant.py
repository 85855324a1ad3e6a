"""Whom a node lets see what it contributed; and, for whoever was let, its key and its tokens."""

import json
from pathlib import Path
from typing import Any, get_args

import click

from ledger.cli.keys import key_at
from ledger.cli.node_options import client_of, node_dir, passphrase, url
from ledger.cli.node_outbox import post_lines
from ledger.cli.options import File, as_json, new_passphrase, protection_options
from ledger.cli.terminal import print_json, print_table, remark
from ledger.clock import now
from ledger.errors import MalformedError
from ledger.names import REGIMEN_JOINER, When
from ledger.node.bearer import LIFETIME_S, Bearer
from ledger.node.folder import NodeFolder
from ledger.node.keyring import new_key, write_key
from ledger.settings import Settings
from ledger.signing.keys import Algorithm
from ledger.signing.token import LIFETIME_MAX_S


@click.command()
@click.option("--key", "key_file", type=File, metavar="FILE", help="A key in PEM; else that of the node's folder.")
@click.option("--new", "is_new", is_flag=True, help="Make that key first, and print what a grant names: its JWK.")
@click.option(
    "--algorithm", type=click.Choice(get_args(Algorithm)), default="Ed25519", show_default=True, help="Of a new key."
)
@click.option(
    "--lifetime",
    "lifetime_s",
    type=click.IntRange(min=1, max=LIFETIME_MAX_S),
    default=LIFETIME_S,
    show_default=True,
    metavar="SECONDS",
    help="How long it can be used, once.",
)
@node_dir
@url
@protection_options
def token(
    *,
    key_file: Path | None,
    is_new: bool,
    algorithm: Algorithm,
    lifetime_s: int,
    node_dir: Path | None,
    url: str | None,
    passphrase_file: Path | None,
    no_passphrase: bool,
) -> None:
    """Print a token for one request to a server: that you hold a node's key, or one that access was granted under.

    curl -H "Authorization: Bearer $(cohort-ledger token)" http://127.0.0.1:8700/board
    """
    settings = Settings.here({"node_dir": node_dir, "url": url})
    if is_new:
        if key_file is None:
            raise click.UsageError("--new takes --key: where the new key goes")
        key = new_key(algorithm)
        write_key(key_file, key, new_passphrase(passphrase_file, no_passphrase=no_passphrase))
        click.echo(json.dumps(dict(key.public.jwk)))
        remark(f"the key is in {key_file}; send the line above, which is no secret, to whoever grants you access")
        return
    place = key_file or settings.node_dir
    bearer = Bearer(settings.url, lambda: key_at(place, settings.url, passphrase_file))
    click.echo(bearer.token(lifetime_s=lifetime_s))


@click.group()
def grant() -> None:
    """Let somebody see what the node contributed, and take it back."""


@grant.command()
@click.option("--role", type=click.Choice(["auditor", "investigator", "industry"]), required=True, help="As what.")
@click.option(
    "--jwk",
    "jwk_file",
    type=File,
    metavar="FILE",
    help="Their public key, as `token --new` prints it; else --issuer and --subject.",
)
@click.option("--name", help="Who it is; sealed.")
@click.option("--organisation", help="Of which organisation; sealed.")
@click.option("--issuer", help="The OpenID issuer that vouches for them; sealed.")
@click.option("--subject", help="Their `sub` there; sealed.")
@click.option(
    "--regimen",
    "regimens",
    multiple=True,
    help="A drug, or several joined by +; may be repeated; else all. Industry must name them.",
)
@click.option("--purpose", "purposes", multiple=True, required=True, help="DUO code, like DUO:0000042.")
@click.option("--until", required=True, help="The last day on which it holds.")
@node_dir
@url
@passphrase
@as_json
def give(  # noqa: PLR0913 - each is one thing that a grant says
    *,
    role: str,
    jwk_file: Path | None,
    name: str | None,
    organisation: str | None,
    issuer: str | None,
    subject: str | None,
    regimens: tuple[str, ...],
    purposes: tuple[str, ...],
    until: str,
    node_dir: Path | None,
    url: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Grant access to what this node contributed: to a key, to a person whom an issuer vouches for, or both."""
    if When.parse(until).last < now().date():
        raise MalformedError(f"--until {until} is past: such a grant would show nothing to anybody")
    grantee = {"name": name, "organisation": organisation, "issuer": issuer, "subject": subject}
    data: dict[str, Any] = {"role": role, "purpose": sorted(purposes), "until": until}
    if jwk_file is not None:
        data["key"] = _read_jwk(jwk_file)
    if regimens:
        data["regimens"] = sorted(sorted(each.split(REGIMEN_JOINER)) for each in regimens)
    given = {field: value for field, value in grantee.items() if value is not None}
    data["grantee"] = given or None
    _post("access.granted", data, node_dir, url, passphrase_file, as_json=as_json)


@grant.command()
@click.argument("event", metavar="GRANT")
@click.option("--reason-code", required=True, help="A word: purpose-met, mistake, left-the-project.")
@click.option("--reason", help="In words; sealed.")
@node_dir
@url
@passphrase
@as_json
def revoke(
    *,
    event: str,
    reason_code: str,
    reason: str | None,
    node_dir: Path | None,
    url: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Revoke a GRANT of this node, by the id of its event. It counts from the next request on."""
    data = {"grant": event, "reason_code": reason_code, "reason": reason}
    _post("access.revoked", data, node_dir, url, passphrase_file, as_json=as_json)


@grant.command(name="list")
@node_dir
@url
@passphrase
@as_json
def list_grants(*, node_dir: Path | None, url: str | None, passphrase_file: Path | None, as_json: bool) -> None:
    """Show what this node has granted, to whom, and what of it was revoked."""
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    with client_of(folder, settings.url, passphrase_file) as client:
        grants = client.grants(folder.name)
    if as_json:
        print_json(grants)
        return
    print_table(["grant", "role", "to", "regimens", "until", "revoked"], [_line(each) for each in grants])
    click.echo(f"{len(grants)} grants")


def _line(grant: dict[str, Any]) -> list[str]:
    fields, grantee = grant["fields"], grant["opened"].get("grantee")
    who = f"{grantee['name']}, {grantee['organisation']}" if grantee else "whoever holds the key"
    regimens = fields["regimens"]
    return [
        grant["key"][1],
        fields["role"],
        who,
        "all" if regimens is None else ", ".join(REGIMEN_JOINER.join(each) for each in regimens),
        fields["granted_until"],
        fields.get("revoked_at") or "",
    ]


def _post(
    type_: str,
    data: dict[str, Any],
    node_dir: Path | None,
    url: str | None,
    passphrase_file: Path | None,
    *,
    as_json: bool,
) -> None:
    settings = Settings.here({"node_dir": node_dir, "url": url})
    folder = NodeFolder.open(settings.node_dir)
    line = json.dumps({"type": type_, "data": data}, ensure_ascii=False)
    post_lines(folder, settings.url, [line], [f"{type_}:1"], passphrase_file, as_json=as_json)


def _read_jwk(file: Path) -> dict[str, str]:
    try:
        jwk = json.loads(file.read_text())
    except ValueError:  # of bytes that are no UTF-8, too
        jwk = None
    if not isinstance(jwk, dict):
        raise MalformedError(f"{file} holds no public key: take the line that `cohort-ledger token --new` prints")
    return jwk

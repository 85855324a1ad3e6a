"""The app as `cohort-ledger serve` runs it: what the settings say of callers, put together."""

from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from api.app import create_app
from api.audience import Outside
from api.limits import Limits
from api.oidc import Client, Issuer
from ledger.clinical.suppression import Thresholds
from ledger.errors import SetupError
from ledger.operations.hub import Hub
from ledger.reports.finding import Patience
from ledger.settings import Settings


def app_of(settings: Settings, hub: Hub, *, public_url: str, dev: bool, release_seconds: int | None = None) -> FastAPI:
    """Raises SetupError for settings that do not go together. Whoever develops may ask as often as they like.
    release_seconds: from one release to the next in a demonstration; None for what the settings say.
    """
    limits = None if dev else Limits(settings.requests_per_minute)
    cadence = timedelta(days=settings.release_days) if release_seconds is None else timedelta(seconds=release_seconds)
    outside = Outside(Thresholds(settings.partner_threshold, settings.public_threshold), cadence)
    return create_app(
        hub,
        public_url=public_url,
        dev=dev,
        issuer=_issuer(settings),
        limits=limits,
        outside=outside,
        patience=Patience(settings.not_opened_days, settings.stale_cohort_days, settings.stale_allocation_days),
    )


def _issuer(settings: Settings) -> Issuer | None:
    if settings.oidc_issuer is None:
        return None
    if settings.oidc_client_id is None:
        raise SetupError("oidc_issuer is set, and oidc_client_id is not: what does the issuer know this server as?")
    secret_file = settings.oidc_client_secret_file
    secret = None if secret_file is None else _secret(secret_file)
    return Issuer(Client(settings.oidc_issuer, settings.oidc_client_id, secret))


def _secret(file: Path) -> str:
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SetupError(f"oidc_client_secret_file: {file} cannot be read") from None
    if not secret:
        raise SetupError(f"oidc_client_secret_file: {file} is empty")
    return secret

"""What every test with a browser is given."""

from browsers import browser as browser  # noqa: PLC0414 - a fixture of this folder

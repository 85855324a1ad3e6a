"""Reference made from the program: its commands with what each takes, and its settings."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click

from ledger.cli.main import PROGRAM, program
from ledger.settings import ENVIRONMENT, Settings

_NOWHERE = Path("/nowhere")


class Option(NamedTuple):
    """names: as they are typed, or the argument's."""

    names: str
    text: str


class Command(NamedTuple):
    """name: with the program's and its groups'. usage: what stands behind it."""

    name: str
    usage: str
    text: str
    options: tuple[Option, ...]


class Setting(NamedTuple):
    """variable: of the environment. text: as the code says it, for one or for several at once."""

    name: str
    variable: str
    default: str
    text: str


@cache
def commands() -> tuple[Command, ...]:
    """Every command, those of a group behind it. The first call loads all of them."""
    return tuple(_commands(program, click.Context(program, info_name=PROGRAM)))


@cache
def settings() -> tuple[Setting, ...]:
    """In the order in which the program knows them."""
    usual = Settings.load({}, {}, cwd=_NOWHERE, home=_NOWHERE)
    names = [*usual.origin]
    return tuple(
        Setting(name, f"{ENVIRONMENT}{name.upper()}", _told(getattr(usual, name)), _text_of(name, names))
        for name in names
    )


def _commands(group: click.Group, context: click.Context) -> Iterator[Command]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        within = click.Context(command, info_name=name, parent=context)
        yield _command(command, within)
        if isinstance(command, click.Group):
            yield from _commands(command, within)


def _command(command: click.Command, context: click.Context) -> Command:
    told = [each.get_help_record(context) for each in command.get_params(context) if isinstance(each, click.Option)]
    options = tuple(Option(*each) for each in told if each is not None and "--help" not in each[0])
    usage = " ".join(command.collect_usage_pieces(context))
    return Command(context.command_path, usage, _paragraphs(command.help or ""), options)


def _paragraphs(text: str) -> str:
    """Lines that only the width of a source file broke, joined."""
    return "\n\n".join(" ".join(each.split()) for each in re.split(r"\n\s*\n", text.strip()))


def _text_of(name: str, names: list[str]) -> str:
    """What the settings' own description says of one: it tells them by `name: what it is`, several at a time."""
    any_name = "|".join(sorted(names, key=len, reverse=True))
    told = " ".join((Settings.__doc__ or "").split())
    parts = re.split(rf"(?<=[.;] )(?=(?:{any_name})(?:, (?:{any_name}))*: )", told)
    with_name = [part for part in parts if re.search(rf"\b{name}\b", part)]
    headed = [part for part in with_name if re.match(rf"(?:(?:{any_name}), )*{name}(?:, |: )", part)]
    return (headed or with_name or [""])[0].strip(" ;").removeprefix(f"{name}: ")


def _told(value: object) -> str:
    if value is None or value == {}:
        return "none"
    return str(value).replace(f"{_NOWHERE}/", "").replace(str(Path.home()), "~")

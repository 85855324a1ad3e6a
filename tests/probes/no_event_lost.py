"""Many writers in several processes and readers that tail them; prints what was posted and what each reader saw.

    python tests/probes/no_event_lost.py [--minutes N] [--database sqlite|postgresql] [--processes N] [--kill]

Exits with 1 where a reader missed an event, saw one twice or out of order, or an acknowledged one is not there.
"""

import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

import click
from outcomes import table
from tailing import Tailed, tail


@click.command()
@click.option("--minutes", type=float, default=1.0, show_default=True)
@click.option("--database", "databases", multiple=True, type=click.Choice(["sqlite", "postgresql"]))
@click.option("--processes", type=int, default=1, show_default=True, help="Of writers, for each of two hubs.")
@click.option("--kill", is_flag=True, help="PostgreSQL, in the middle of it all.")
def main(*, minutes: float, databases: tuple[str, ...], processes: int, kill: bool) -> None:
    logging.disable()  # what the hubs have to say is not what is counted here
    found: list[Tailed] = []
    for database in databases or ("sqlite", "postgresql"):
        with TemporaryDirectory(prefix="cohort-ledger-readers-") as folder:
            found.append(
                tail(
                    database,
                    Path(folder),
                    seconds=60 * minutes,
                    processes=processes,
                    kill=kill and database == "postgresql",
                )
            )
        click.echo(f"{database}: {found[-1].refused} posts were refused, as they had to be")
        click.echo(table(found[-1].seen))
    click.echo(table([each.posted for each in found]))
    sys.exit(0 if all(each.is_well for each in found) else 1)


if __name__ == "__main__":
    main()

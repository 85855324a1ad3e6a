"""What a process counts of its work, in Prometheus's text format: numbers, and names that this program made.

A route stands by its template, never by its path, a refusal by its kind: a path names cases, a message may name
anything. What is counted here is this process's own; of several on one database each has its own to be asked for. What
stands in the ledger (entries, witnesses) is read when it is asked for, and is the same in all of them.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ledger.errors import SetupError, UnavailableError
from ledger.operations.hub import Hub
from ledger.store.engine import reading
from ledger.store.head import Head, read_head
from ledger.store.pool import pool_of

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_LATENCIES_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# what a sequencer counts, each a plain number of it: attribute, name, whether it only grows, meaning
_GROUP_COMMIT = (
    ("waiting", "cohort_ledger_posts_waiting", False, "Posts that wait for the next commit."),
    ("groups", "cohort_ledger_commits", True, "Transactions that took posts."),
    ("posts", "cohort_ledger_commit_posts", True, "Posts that rode in them: by commits, the mean size of a group."),
    ("largest", "cohort_ledger_commit_posts_largest", False, "Posts in the largest group."),
    ("busy_s", "cohort_ledger_commit_seconds", True, "Seconds that they took: by commits, how long one takes."),
    ("turned_away", "cohort_ledger_posts_turned_away", True, "Posts that found the queue full."),
)


class Meters:
    """Of one app: nothing here is shared with another in the same process, but what the system says of the process.

    sequencer: what gathers posts, None where nothing does; which of its numbers there are is looked up when asked.
    """

    def __init__(self, hub: Hub, *, sequencer: Callable[[], object | None] = lambda: None) -> None:
        self._registry = CollectorRegistry()
        self.requests = Histogram(
            "cohort_ledger_request_seconds",
            "From a request's first byte to its answer's last, feeds left out.",
            ("route", "method", "status"),
            buckets=_LATENCIES_S,
            registry=self._registry,
        )
        self.under_way = self._gauge("cohort_ledger_requests_under_way", "Requests that are not answered in full yet.")
        self.feeds = self._gauge("cohort_ledger_live_feeds", "Listeners to the live feed.")
        self.posts = self._counter("cohort_ledger_posts", "Posts: taken, known before, or refused.", "outcome")
        self.events = self._counter("cohort_ledger_posted_events", "Events that posts have brought.")
        self.refusals = self._counter("cohort_ledger_refusals", "Posts that were refused, by kind of error.", "kind")
        for outcome in ("taken", "known", "refused"):
            self.posts.labels(outcome)  # from 0 on: whoever counts a rise needs a first value
        for collector in (_Ledger(hub), _Pool(hub), _GroupCommit(sequencer)):
            self._registry.register(collector)
        ProcessCollector(registry=self._registry)

    def text(self) -> bytes:
        """All of it, but for what stands in a database that does not answer."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, meaning: str) -> Gauge:
        return Gauge(name, meaning, registry=self._registry)

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(name, meaning, labels, registry=self._registry)


class _Ledger(Collector):
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        head = self._head()
        yield GaugeMetricFamily("cohort_ledger_database_up", "1 while the database answers.", int(head is not None))
        if head is not None:
            published, witnessed = head.published, head.witnessed_size
            yield GaugeMetricFamily("cohort_ledger_entries", "Entries that are sequenced.", head.size)
            yield GaugeMetricFamily(
                "cohort_ledger_published_entries", "Entries under the signed checkpoint.", published
            )
            yield GaugeMetricFamily(
                "cohort_ledger_witnessed_entries",
                "Entries under a checkpoint that enough witnesses cosigned.",
                witnessed,
            )
        read_only = self._hub.standing.read_only is not None
        yield GaugeMetricFamily("cohort_ledger_read_only", "1 while no post is taken.", int(read_only))
        alarm = self._hub.standing.alarm is not None
        yield GaugeMetricFamily("cohort_ledger_alarm", "1 once history was found not to hold.", int(alarm))
        cosigned = GaugeMetricFamily(
            "cohort_ledger_witness_cosigned_seconds",
            "When a witness cosigned last, since the epoch; 0 before it did.",
            labels=("witness",),
        )
        for name, time_s in self._hub.witnessing.cosigned_at().items():
            cosigned.add_metric((name,), time_s)
        yield cosigned

    def _head(self) -> Head | None:
        """None where the database does not answer: then the process's own numbers are wanted most."""
        try:
            with reading(self._hub.engine) as connection:
                return read_head(connection)
        except (SetupError, UnavailableError):
            return None


class _Pool(Collector):
    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def collect(self) -> Iterator[Metric]:
        pool = pool_of(self._hub.engine)
        yield GaugeMetricFamily("cohort_ledger_database_connections", "Connections in use.", pool.in_use)
        yield GaugeMetricFamily("cohort_ledger_database_connections_idle", "Connections that are kept open.", pool.idle)
        yield GaugeMetricFamily("cohort_ledger_database_connections_most", "As many there may be.", pool.most)


class _GroupCommit(Collector):
    def __init__(self, sequencer: Callable[[], object | None]) -> None:
        self._sequencer = sequencer

    def collect(self) -> Iterable[Metric]:
        sequencer = self._sequencer()
        for attribute, name, grows, meaning in _GROUP_COMMIT:
            number = getattr(sequencer, attribute, None)
            if isinstance(number, int | float):
                family = CounterMetricFamily if grows else GaugeMetricFamily
                yield family(name, meaning, number)

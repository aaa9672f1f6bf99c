"""Herald's figures in Prometheus' text format, for ``/metrics``. Pure.

Version 0.0.4 of the format, as https://prometheus.io/docs/instrumenting/exposition_formats/ has it.
Every figure is read anew from the database at each question, so there is nothing to count along,
and no library that would; the tests read the page with Prometheus' own parser. Labels are words of
Herald's own: no name, address or secret of anybody stands here, so the page may be seen by all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from herald.model.delivery import DeliveryState
from herald.model.mailing import Issue, IssueState, RecipientState
from herald.model.polling import FeedHealth
from herald.reporting.health import Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A figure that goes up and down, once for each set of labels."""

    name: str
    tells: str
    values: tuple[tuple[Labels, float], ...]


_OK = "Whether all is well (1), as /healthz tells it, or not (0)."


def gauges(
    health: Health, feeds: Sequence[FeedHealth], issues: Sequence[Issue], *, version: str
) -> tuple[Gauge, ...]:
    """Return what there is to say of an instance; *feeds* are all, not only those in trouble."""
    outbox = health.outbox
    since = outbox.oldest_overdue_at
    late = (health.at - since).total_seconds() if since else 0.0
    return (
        _build(version),
        _one("herald_ok", _OK, health.ok),
        Gauge(
            name="herald_deliveries",
            tells="Deliveries by state, and by why they are held or not sent.",
            values=_deliveries(health),
        ),
        _one("herald_deliveries_overdue", "Deliveries that should have gone out.", outbox.overdue),
        _one("herald_oldest_overdue_seconds", "How late the oldest of them is.", late),
        _one(
            "herald_deliveries_unclear",
            "Deliveries that may be out there: to be looked up, or held for a person.",
            outbox.unclear,
        ),
        _one(
            "herald_deliveries_failed",
            "Deliveries that failed within a day.",
            outbox.failed_lately,
        ),
        _one("herald_waiting_for_a_person", "Held until somebody decides.", health.waiting),
        _one("herald_tasks", "Posts that somebody should make by hand.", len(health.tasks)),
        _one("herald_stops", "Channels, partners, campaigns that are paused.", len(health.stops)),
        _one("herald_broken_files", "Problems that keep files from use.", len(health.broken)),
        _one("herald_channels_in_trouble", "Accounts that cannot be used.", len(health.channels)),
        *_of_feeds(feeds),
        Gauge(
            name="herald_newsletter_copies",
            tells="Copies of the issues that are being sent, by state.",
            values=_copies(health),
        ),
        _one(
            "herald_newsletter_copies_asleep",
            "Copies that wait for their readers' morning.",
            sum(each.asleep for each in health.letters),
        ),
        _one(
            "herald_newsletter_copies_per_hour",
            "At what rate copies were accepted within the last five minutes.",
            sum(each.per_hour for each in health.letters),
        ),
        Gauge(
            name="herald_newsletter_issues",
            tells="Issues of newsletters by state.",
            values=_by_state(IssueState, Counter(str(each.state) for each in issues)),
        ),
    )


def metrics_page(found: Iterable[Gauge]) -> str:
    """Return *found* as Prometheus reads it."""
    lines: list[str] = []
    for gauge in found:
        lines += [f"# HELP {gauge.name} {_help(gauge.tells)}", f"# TYPE {gauge.name} gauge"]
        lines += [f"{gauge.name}{_labels(labels)} {value:.15g}" for labels, value in gauge.values]
    return "".join(f"{line}\n" for line in lines)


def while_unread(version: str) -> tuple[Gauge, ...]:
    """Return what is told while the database cannot be read: Herald answers, all is not well."""
    return (_build(version), _one("herald_ok", _OK, 0))


def _build(version: str) -> Gauge:
    told = "Which Herald this is; always 1."
    return Gauge(name="herald_build_info", tells=told, values=(((("version", version),), 1),))


def _one(name: str, tells: str, value: float) -> Gauge:
    return Gauge(name=name, tells=tells, values=(((), value),))


def _deliveries(health: Health) -> tuple[tuple[Labels, float], ...]:
    """Count by state and reason; a state in which nothing stands is told as well, as 0."""
    counts = {
        (str(each.state), str(each.reason or "")): each.count for each in health.outbox.counts
    }
    standing = {state for state, _ in counts}
    counts |= {(str(state), ""): 0 for state in DeliveryState if state not in standing}
    return tuple(
        ((("state", state), ("reason", reason)), count)
        for (state, reason), count in sorted(counts.items())
    )


def _copies(health: Health) -> tuple[tuple[Labels, float], ...]:
    return tuple(
        ((("state", str(state)),), sum(each.progress.count(state) for each in health.letters))
        for state in RecipientState
    )


def _of_feeds(feeds: Sequence[FeedHealth]) -> tuple[Gauge, ...]:
    heard = [each.feed.last_success_at for each in feeds if each.feed.last_success_at]
    in_trouble = sum(1 for each in feeds if each.feed.trouble)
    counted = (
        _one("herald_feeds", "Partners' feeds that are asked.", len(feeds)),
        _one("herald_feeds_in_trouble", "Feeds that could not be read last.", in_trouble),
    )
    if not heard:
        return counted
    last = _one(
        "herald_feeds_last_success_timestamp_seconds",
        "When a feed was last read well.",
        max(heard).timestamp(),
    )
    return (*counted, last)


def _by_state(
    states: Iterable[IssueState], counts: Mapping[str, int]
) -> tuple[tuple[Labels, float], ...]:
    return tuple(((("state", str(state)),), counts.get(str(state), 0)) for state in states)


def _labels(labels: Labels) -> str:
    told = ",".join(f'{name}="{_value(value)}"' for name, value in labels)
    return f"{{{told}}}" if told else ""


def _value(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")

"""What monthly partitions cost and save: the same statements in one table and in 24 months, on embedded PostgreSQL.

    python benchmarks/partitions.py [--statements 1000000] [--months 24]

Rows are made by the database itself, so only their shape is real (950 bytes, six postings each). Prints the median of
each figure for both layouts; machines differ, so read the ratios. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from flask import Flask
from lrs import US, statement
from running import installations
from sqlalchemy import text

from headstart_lms.app import create_app
from headstart_lms.kernel.clock import frozen, now
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.lrs import cutting, erasure, head, partitions, postings, query, retention, services
from headstart_lms.lrs import terms as t

TENANT = uuid4()
LEARNERS, VERBS, COURSES, ITEMS = 5_000, 8, 8, 2_000


#: What the statement ``n`` is about, in SQL. A learner learns for two months: her statements lie together.
_PERSON = f"((n / 400) * 7 + (n * 13) % 40) % {LEARNERS}"
_VERB, _COURSE, _ITEM = f"(n * 7919) % {VERBS}", f"(n * 31) % {COURSES}", f"{COURSES} + (n * 7907) % {ITEMS}"
_PAYLOAD = (
    "'{\"actor\":{\"account\":{\"homePage\":\"https://learn.example\",\"name\":\"' || " + _PERSON
    + f" || '\"}}}},\"verb\":{{\"id\":\"https://learn.example/{t.VERB}/' || " + _VERB
    + f" || '\"}},\"object\":{{\"id\":\"https://learn.example/{t.ACTIVITY}/' || " + _ITEM
    + " || '\"},\"context\":{\"registration\":\"00000000-0000-4000-8000-' || lpad((" + _PERSON
    + ")::text, 12, '0') || '\",\"contextActivities\":{\"grouping\":[{\"id\":\""
    + f"https://learn.example/{t.ACTIVITY}/' || " + _COURSE
    + " || '\"}]}},\"authority\":{\"mbox\":\"mailto:x@example.org\"},\"timestamp\":\"2026-11-01T00:00:00Z\","
    "\"x\":\"' || repeat(md5(n::text), 16) || '\"}'"
)  # fmt: skip


def fill(statements: int, months: int) -> None:
    """Fill the store with statements spread evenly over months that end with this one."""
    first = month(months, 0)
    step = int((now() - first).total_seconds() * 1_000_000) // statements
    begin = head.microseconds(first)
    with transaction() as current:
        tenant = postings.tenant_id(current, TENANT)
        connection = current.connection()
        kinds = [
            (t.VERB, VERBS),
            (t.AGENT, LEARNERS),
            (t.REGISTRATION, LEARNERS),
            (t.ACTIVITY, COURSES + ITEMS),
        ]
        ids: dict[int, int] = {}
        last = connection.scalar(text("SELECT coalesce(max(id), 0) FROM lms_term")) or 0
        for kind, count in kinds:
            ids[kind] = last
            rows = [
                {
                    "i": last + n + 1,
                    "t": tenant,
                    "h": t.key_hash(kind, _value(kind, n)),
                    "k": kind,
                    "v": _value(kind, n),
                }
                for n in range(count)
            ]
            connection.execute(
                text("INSERT INTO lms_term (id, tenant_id, hash, kind, value) VALUES (:i, :t, :h, :k, :v)"),
                rows,
            )
            last += count
        connection.execute(text("SELECT setval(pg_get_serial_sequence('lms_term', 'id'), :n)"), {"n": last})
        connection.execute(
            text("INSERT INTO lms_statement (seq, id, tenant_id, stored, voided, own, payload) "  # noqa: S608
                 "SELECT n, gen_random_uuid(), :t, CAST(:b AS bigint) + n * CAST(:s AS bigint), false, true, "
                 f"convert_to({_PAYLOAD}, 'UTF8') FROM generate_series(CAST(1 AS bigint), :c) n"),
            {"t": tenant, "b": begin, "s": step, "c": statements},
        )  # fmt: skip
        for which in (
            f"{ids[t.VERB]} + 1 + {_VERB}, 1", f"{ids[t.AGENT]} + 1 + {_PERSON}, 1",
            f"{ids[t.REGISTRATION]} + 1 + {_PERSON}, 1", f"{ids[t.ACTIVITY]} + 1 + {_COURSE}, 2",
            f"{ids[t.ACTIVITY]} + 1 + {_ITEM}, 1",
        ):  # fmt: skip
            term, role = which.rsplit(", ", 1)
            connection.execute(
                text(f"INSERT INTO lms_posting (term_id, seq, roles) SELECT {term}, n, {role} "  # noqa: S608
                     "FROM generate_series(CAST(1 AS bigint), :c) n ORDER BY 1, 2"), {"c": statements},
            )  # fmt: skip
        head.advance(current, 0)
        connection.execute(
            text("UPDATE lms_statement_head SET seq = :c, stored = :s"),
            {"c": statements, "s": begin + statements * step},
        )
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _value(kind: int, n: int) -> str:
    if kind == t.REGISTRATION:
        return f"00000000-0000-4000-8000-{n:012}"
    return f'["https://learn.example","{n}"]' if kind == t.AGENT else f"https://learn.example/{kind}/{n}"


def median_ms(work: Callable[[], object], times: int = 40) -> float:
    work()
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return 1000 * statistics.median(found)


def page(*keys: t.Key, **filters: object) -> None:
    upper = head.last(session())[0]
    query.find_page(session(), TENANT, query.Filters(keys, **filters), limit=50, upper=upper)  # type: ignore[arg-type]
    session().rollback()


def write(count: int) -> None:
    made = [statement(own=True) for _ in range(count)]
    with transaction() as current:
        services.store(current, made, authority=US, tenant=TENANT, trusted=True, checked=True)


def any_(kind: int, count: int) -> t.Key:
    return kind, _value(kind, random.randrange(count))  # noqa: S311 - a load


def figures() -> dict[str, float]:
    some = 1_700_000_000_000_000
    return {
        "newest 50": median_ms(page),
        "newest 50 of a verb": median_ms(lambda: page(any_(t.VERB, VERBS))),
        "newest 50 of a learner": median_ms(lambda: page(any_(t.AGENT, LEARNERS))),
        "all of a registration": median_ms(lambda: page(any_(t.REGISTRATION, LEARNERS))),
        "newest 50 of an item": median_ms(lambda: page(any_(t.ACTIVITY, ITEMS))),
        "learner and verb": median_ms(lambda: page(any_(t.AGENT, LEARNERS), any_(t.VERB, VERBS))),
        "since, ascending": median_ms(lambda: page(since=some, ascending=True)),
        "one by id": median_ms(lambda: query.find_statement(session(), TENANT, uuid4(), voided=False)),
        "store one": median_ms(lambda: write(1)),
        "store fifty": median_ms(lambda: write(50), 20),
    }


@contextmanager
def timed(name: str, into: dict[str, float]) -> Iterator[None]:
    begin = time.perf_counter()
    yield
    into[name] = time.perf_counter() - begin


def run(app: Flask, statements: int, months: int) -> None:
    times: dict[str, float] = {}
    with app.app_context():
        with timed("filling", times):
            fill(statements, months)
        one = figures()
        with timed("converting", times), transaction() as current:
            cutting.convert(current, now(), lambda steps: lambda n: None)
        db.engine.dispose()  # new connections join month with month
        many = figures()
        print(
            f"{statements} statements, {months} months\n{'':26}{'one table':>12}{'partitions':>12}{'ratio':>8}   (ms)"
        )
        for name, value in one.items():
            print(f"{name:26}{value:12.2f}{many[name]:12.2f}{many[name] / value:8.2f}")
        with (
            timed("the turn of a month", times),
            frozen(now() + timedelta(days=32)),
            transaction() as current,
        ):
            partitions.ensure(current, now())
        with timed("purging the oldest month: partition", times), transaction() as current:
            gone = retention.retain_months(current, month(months, 1), [])
        with timed("turning back", times), transaction() as current:
            cutting.undo(current, lambda steps: lambda n: None)
        name = f"purging the next month: one table ({gone.statements} statements)"
        with timed(name, times), transaction() as current:
            erasure.purge(current, before=month(months, 2))
        for name, value in times.items():
            print(f"{name}: {value:.2f} s")
        db.session.remove()
        db.engine.dispose()


def month(months: int, number: int) -> datetime:
    """Return when one of the months began, counted from the oldest, 0."""
    return partitions.begin_of(partitions.month_of(now()) - months + 1 + number)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=24)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="partitions-bench-") as name:
        folder = Path(name).resolve()
        folder.chmod(0o755)
        with installations(["postgresql"], folder) as found:
            for place in found:
                app = create_app(
                    {"HEADSTART_INSTANCE": str(place.folder), "HEADSTART_DATABASE_URL": place.database}
                )
                run(app, chosen.statements, chosen.months)


if __name__ == "__main__":
    main()

"""Transactions that read and then write wait for each other; nobody is told the database is locked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine
from sqlmodel import SQLModel, func, select

from storage.database import reading, writing
from storage.tables import Person

NOW = datetime(2024, 3, 4, tzinfo=UTC)
WRITERS, EACH = 4, 10


def test_writers_that_read_first_wait_for_each_other(engine: Engine) -> None:
    together = Barrier(WRITERS)

    def work(writer: int) -> None:
        together.wait()
        for turn in range(EACH):
            with writing(engine) as session:
                session.exec(select(func.count()).select_from(Person)).one()
                session.add(Person(chat_id=writer * 1000 + turn, joined_at=NOW))

    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(work, writer) for writer in range(WRITERS)]:
            done.result()
    with reading(engine) as session:
        assert session.exec(select(func.count()).select_from(Person)).one() == WRITERS * EACH


def test_the_migrations_build_the_tables_the_code_speaks_of(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, SQLModel.metadata) == []

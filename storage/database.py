"""The one owner of the DuckDB file: opening, migrating, reading and writing it."""

import contextlib
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from storage.errors import WinnowError

MIGRATIONS = Path(__file__).with_name("migrations")
# Enough for a million samples with 2 KB of text; the rest of the machine belongs to the models.
MEMORY_LIMIT = "2GB"


class Database:
    """An open workspace database; safe to use from many threads of this one process.

    Each read has a cursor of its own: one DuckDB connection shared by threads gives wrong results.
    Writes wait for each other, so that no transaction ever fails because of another of ours.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.path = path
        self._connection = connection
        self._writing = threading.Lock()

    @contextlib.contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own for reading."""
        cursor = self._connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor inside one transaction: saved when the block ends, or not at all.

        DuckDB's `commit()` after a failed statement returns normally and saves nothing, so every
        error is rolled back and raised again. What is written is on disk when the block is left.

        Raises:
            WinnowError: the disk is full, or cannot be written for another reason.
        """
        with self._writing, self.read() as cursor:
            cursor.execute("begin transaction")
            try:
                yield cursor
                self._commit(cursor)
            except BaseException:
                # After a failed commit DuckDB has rolled back already.
                with contextlib.suppress(duckdb.TransactionException):
                    cursor.execute("rollback")
                raise

    def _commit(self, cursor: duckdb.DuckDBPyConnection) -> None:
        try:
            cursor.execute("commit")
        except (duckdb.TransactionException, duckdb.IOException) as error:
            raise WinnowError(
                f"Nothing was saved in {self.path}: {_first_line(str(error))}. Free some space if "
                "the disk is full, then try again."
            ) from error

    def close(self) -> None:
        """Finish the writing under way and give the file free."""
        with self._writing:
            self._connection.close()


def open_database(path: Path) -> Database:
    """Open the database at `path`, making or migrating it; this process owns it until `close`.

    Raises:
        WinnowError: another process owns it, it comes from a newer version, or it is damaged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = _connect(path)
    try:
        version = _version(connection)
        latest = len(_migrations())
        if version > latest:
            raise WinnowError(
                f"{path} was written by a newer version (schema {version}, this one knows "
                f"{latest}). Update Winnow, or name another folder with --data."
            )
        if 0 < version < latest:
            connection.execute("checkpoint")
            connection.close()
            _back_up(path, version)
            connection = _connect(path)
        for number, script in enumerate(_migrations()[version:], start=version + 1):
            _migrate(connection, number, script)
        _lock_down(connection)
    except BaseException:
        connection.close()
        raise
    return Database(connection, path)


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path))
    except duckdb.IOException as error:
        message = str(error)
        if "Conflicting lock" in message:
            raise WinnowError(_in_use(path, message)) from error
        if "Cannot open file" in message:
            raise WinnowError(
                f"{path} cannot be opened: {_first_line(message)}. Name another workspace with "
                "--data, or make this one writable."
            ) from error
        raise WinnowError(_damaged(path, message)) from error
    except duckdb.Error as error:
        raise WinnowError(_damaged(path, str(error))) from error


def _damaged(path: Path, message: str) -> str:
    return (
        f"{path} is damaged or no DuckDB file ({_first_line(message)}). Keep a copy of it "
        f"and of {path.name}.wal, then put the newest file of {path.parent / 'backups'} in "
        "its place."
    )


def _in_use(path: Path, message: str) -> str:
    found = re.search(r"PID (\d+)", message)
    owner = "another process"
    if found:
        owner = f"process {found[1]}"
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{found[1]}/cmdline").read_bytes().split(b"\0")
            command = " ".join(word.decode(errors="replace") for word in words).strip()
            owner += f" ({command[:80]})" if command else ""
    return (
        f"The workspace {path.parent} is in use by {owner}. Use its page, or stop it and try "
        "again; another workspace can be named with --data."
    )


def _first_line(message: str) -> str:
    return message.splitlines()[0] if message else "no reason given"


def _migrations() -> list[str]:
    return [file.read_text(encoding="utf-8") for file in sorted(MIGRATIONS.glob("*.sql"))]


def _version(connection: duckdb.DuckDBPyConnection) -> int:
    connection.execute(
        "create table if not exists schema_version"
        " (version integer primary key, applied_at timestamptz)"
    )
    row = first_row(connection.execute("select coalesce(max(version), 0) from schema_version"))
    return int(row[0]) if row else 0


def _migrate(connection: duckdb.DuckDBPyConnection, number: int, script: str) -> None:
    connection.execute("begin transaction")
    try:
        connection.execute(script)
        connection.execute("insert into schema_version values (?, now())", [number])
        connection.execute("commit")
    except BaseException:
        with contextlib.suppress(duckdb.TransactionException):
            connection.execute("rollback")
        raise


def _back_up(path: Path, version: int) -> None:
    backups = path.parent / "backups"
    backups.mkdir(exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    shutil.copy2(path, backups / f"{path.stem}-schema{version}-{stamp}.duckdb")


def _lock_down(connection: duckdb.DuckDBPyConnection) -> None:
    """No statement reaches files, extensions or the network from here on."""
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("set timezone = 'UTC'")
    connection.execute("set autoinstall_known_extensions = false")
    connection.execute("set autoload_known_extensions = false")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def insert_rows(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    rows: Sequence[dict[str, Any]],
    *,
    conflict: str = "do nothing",
) -> None:
    """Insert rows by column name through Arrow, 60 times as fast as `executemany`.

    `table` and `conflict` (what follows `on conflict`) are ours, never a user's; a row whose key is
    there already is left as it was, so that taking the same input in again changes nothing.
    """
    if not rows:
        return
    columns = list(rows[0])
    incoming = pyarrow.table({name: pyarrow.array([row[name] for row in rows]) for name in columns})
    cursor.register("incoming", incoming)
    try:
        names = ", ".join(f'"{name}"' for name in columns)
        cursor.execute(
            f"insert into {table} ({names}) select {names} from incoming on conflict {conflict}"
        )
    finally:
        cursor.unregister("incoming")


def fetch_dicts(cursor: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rest of a cursor's result as dictionaries by column name."""
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def first_row(cursor: duckdb.DuckDBPyConnection) -> Any:
    """The first row of a short result as a tuple, or None.

    Everything is fetched: after `fetchone()` DuckDB holds the result open, and refuses the next
    statement on this cursor.
    """
    rows = cursor.fetchall()
    return rows[0] if rows else None

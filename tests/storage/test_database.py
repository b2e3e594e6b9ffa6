import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from storage.database import insert_rows, open_database
from storage.errors import WinnowError
from storage.ledger import get_request, spending

ROOT = Path(__file__).resolve().parents[2]


def count(database, table="embeddings"):
    with database.read() as cursor:
        return cursor.execute(f"select count(*) from {table}").fetchall()[0][0]


def test_a_failed_transaction_saves_nothing_and_raises(tmp_path):
    database = open_database(tmp_path / "w.duckdb")
    with pytest.raises(duckdb.ConstraintException), database.transaction() as cursor:
        cursor.execute("insert into embeddings values ('a', [1.0])")
        cursor.execute("insert into embeddings values ('a', [2.0])")
    assert count(database) == 0
    with database.transaction() as cursor:
        cursor.execute("insert into embeddings values ('a', [1.0])")
    database.close()
    again = open_database(tmp_path / "w.duckdb")
    assert count(again) == 1
    again.close()


def test_inserting_the_same_rows_again_changes_nothing(tmp_path):
    database = open_database(tmp_path / "w.duckdb")
    rows = [{"text_hash": "a\0b", "vector": [1.0, 2.0]}, {"text_hash": "c", "vector": [3.0]}]
    for _ in range(2):
        with database.transaction() as cursor:
            insert_rows(cursor, "embeddings", rows)
    assert count(database) == 2
    database.close()


def test_a_second_process_is_told_who_owns_the_file(tmp_path):
    database = open_database(tmp_path / "w.duckdb")
    code = (
        "from pathlib import Path\nfrom storage.database import open_database\n"
        "from storage.errors import WinnowError\n"
        "try:\n    open_database(Path(r'%s'))\nexcept WinnowError as error:\n    print(error)"
    )
    other = subprocess.run(
        [sys.executable, "-c", code % (tmp_path / "w.duckdb")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    database.close()
    assert f"The workspace {tmp_path} is in use by process" in other.stdout
    assert "Traceback" not in other.stderr


def test_a_file_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "w.duckdb"
    open_database(path).close()
    connection = duckdb.connect(str(path))
    connection.execute("insert into schema_version values (999, now())")
    connection.close()
    with pytest.raises(WinnowError, match="newer version"):
        open_database(path)


def test_a_migration_keeps_a_copy_of_the_file_before_it(tmp_path, monkeypatch):
    from storage import database as module

    path = tmp_path / "w.duckdb"
    open_database(path).close()
    scripts = module._migrations()
    monkeypatch.setattr(
        module, "_migrations", lambda: [*scripts, "create table added (id integer)"]
    )
    migrated = open_database(path)
    assert count(migrated, "added") == 0
    migrated.close()
    (copy,) = (tmp_path / "backups").iterdir()
    assert copy.name.startswith(f"w-schema{len(scripts)}-")


def test_requests_of_the_first_schema_keep_their_answers_and_costs(tmp_path, monkeypatch):
    from storage import database as module

    path = tmp_path / "w.duckdb"
    scripts = module._migrations()
    monkeypatch.setattr(module, "_migrations", lambda: scripts[:1])
    first = open_database(path)
    with first.transaction() as cursor:
        for key, state, reason, cost in (("a", "answered", None, 0.5), ("b", "failed", "x", None)):
            cursor.execute(
                "insert into requests values (?, 'j', 's', 'p', 'e', 'm', '{}', ?, ?, 1, 2, 0.5, ?,"
                " now())",
                [key, state, reason, cost],
            )
    first.close()
    monkeypatch.setattr(module, "_migrations", lambda: scripts)
    migrated = open_database(path)
    with migrated.read() as cursor:
        spent = spending(cursor)
        assert (spent["requests"], spent["cost"], spent["unpriced"]) == (2, 0.5, 1)
        assert get_request(cursor, "a")["task"] == "oss-instruct"
    migrated.close()


def test_a_file_that_is_no_database_is_said_so(tmp_path):
    path = tmp_path / "w.duckdb"
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(WinnowError, match=r"w\.duckdb"):
        open_database(path)


def test_no_statement_reaches_files(tmp_path):
    database = open_database(tmp_path / "w.duckdb")
    with database.read() as cursor, pytest.raises(duckdb.PermissionException):
        cursor.execute("select * from read_csv('/etc/passwd')").fetchall()
    database.close()


def test_many_threads_write_without_losing_a_row(tmp_path):
    database = open_database(tmp_path / "w.duckdb")

    def write(worker):
        for number in range(20):
            with database.transaction() as cursor:
                insert_rows(
                    cursor, "embeddings", [{"text_hash": f"{worker}-{number}", "vector": [1.0]}]
                )

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 160
    database.close()


def test_a_full_disk_is_one_sentence_and_saves_nothing(tmp_path):
    # A limit on the size of files stands for the disk: both refuse a write half-way.
    script = f"""
import resource, signal
from pathlib import Path
from storage.database import open_database
from storage.errors import WinnowError
database = open_database(Path({str(tmp_path / "w.duckdb")!r}))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    with database.transaction() as cursor:
        rows = "select i::varchar, [random()] from range(50000) t(i)"
        cursor.execute(f"insert into embeddings {{rows}}")
except WinnowError as error:
    print(error)
with database.read() as cursor:
    print(cursor.execute("select count(*) from embeddings").fetchall())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert "Nothing was saved in" in done.stdout, done.stderr
    assert "[(0,)]" in done.stdout

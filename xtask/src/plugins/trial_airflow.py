"""A real Airflow asks the backend of otp_link, in its core and in a task. `cargo xtask plugins` runs it in an empty folder.

The metadata base has connections of the same names, with another password: nobody may get it for an account whose key is known.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import otp_link

FOLDER = Path.cwd()
# Nearly all punctuation, letters beyond ASCII, and a blank at both ends.
PASSWORD = " p!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~${HOME}%41\u00e4\u20ac "
STALE = "from the metadata base"

DAG = """
import json, pathlib
try:
    from airflow.sdk import BaseHook, dag, task
except ImportError:
    from airflow.decorators import dag, task
    from airflow.hooks.base import BaseHook
import pendulum

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False)
def reporting():
    @task(retries=0)
    def log_in():
        connection = BaseHook.get_connection("reporting_db")
        shown = [connection.login, connection.password, connection.host, connection.port, connection.schema]
        pathlib.Path(FOLDER, "seen").write_text(json.dumps(shown + [connection.extra_dejson]))
    log_in()

reporting()
"""
CORE = """
import json, sys
from airflow.models.connection import Connection
try:
    connection = Connection.get_connection_from_secrets(sys.argv[1])
except BaseException as error:
    print("refused:", type(error).__name__, error)
else:
    print("password:", json.dumps(connection.password))
"""


def airflow(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("airflow"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def core(name: str) -> str:
    """What a process of Airflow's core gets for a connection."""
    script = [sys.executable, "-c", CORE, name]
    return succeeded(subprocess.run(script, capture_output=True, text=True)).splitlines()[-1]


def task() -> list[object] | None:
    """What a task gets for reporting_db; None if it ends without a connection."""
    seen = FOLDER / "seen"
    seen.unlink(missing_ok=True)
    done = airflow("dags", "test", "reporting", "2026-01-01")
    if seen.exists():
        return list(json.loads(seen.read_text()))
    assert "NotOpened" in done.stdout + done.stderr, done.stdout + done.stderr
    return None


def main() -> None:
    store, key_file = FOLDER / "store", FOLDER / "reporting.key"
    fields = {"host": "db.example", "port": "5432", "database": "reports", "conn_type": "postgres"}
    fields |= {"sslmode": "require", "extra": '{"keepalives": 1}'}
    key = otp_link.add_account("edms/reporting", username="alice", password=PASSWORD, fields=fields, store=store)
    key.write(key_file)
    (FOLDER / "dags").mkdir()
    (FOLDER / "dags" / "reporting.py").write_text(f"FOLDER = {str(FOLDER)!r}\n{DAG}")
    os.environ |= {
        "AIRFLOW_HOME": str(FOLDER),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(FOLDER / "dags"),
    }
    succeeded(airflow("db", "migrate"))
    for name in ["reporting_db", "other"]:
        succeeded(airflow("connections", "add", name, "--conn-type", "generic", "--conn-password", STALE))
    # Airflow 3 has its dags in the base.
    airflow("dags", "reserialize")
    # Without the backend the base answers: the trial can fail.
    assert core("reporting_db") == f"password: {json.dumps(STALE)}"

    keys = {"reporting_db": str(key_file)}
    os.environ["AIRFLOW__SECRETS__BACKEND"] = "otp_link.airflow.OtpBackend"
    os.environ["AIRFLOW__SECRETS__BACKEND_KWARGS"] = json.dumps({"keys": keys, "store": str(store)})
    assert core("reporting_db") == f"password: {json.dumps(PASSWORD)}"
    assert core("other") == f"password: {json.dumps(STALE)}"
    extra = {"sslmode": "require", "keepalives": 1}
    seen = task()
    assert seen == ["alice", PASSWORD, "db.example", 5432, "reports", extra], seen

    # From here on the key opens nothing, and nobody gets what the base has.
    otp_link.revoke_key("edms/reporting", key.id, store=store)
    refused = core("reporting_db")
    assert refused.startswith("refused: NotOpened connection reporting_db: there is no key"), refused
    assert core("other") == f"password: {json.dumps(STALE)}"
    assert task() is None
    key_file.unlink()
    assert core("reporting_db").startswith("refused: NotOpened")
    print("airflow: every connection is the account's, or none")


if __name__ == "__main__":
    main()

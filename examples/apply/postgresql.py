#!/usr/bin/env python3
"""Changes a role's own password in PostgreSQL. Needs psycopg 3.

    otp rotate edms/reporting --ring ~/otp-ring --generate --apply examples/apply/postgresql.py

The account's fields host, port and database say where to log in; where one is missing, PGHOST and the other variables of
PostgreSQL do. The server gets a SCRAM-SHA-256 hash, never the new password, so no log of it has one either.

Ends with 0 if the new password logs in, with 75 if the old one still does and nothing was changed, and with 1 if that is
not certain: docs/rotation.md has the contract.
"""

import json
import sys

import psycopg
from psycopg import sql

UNCHANGED = 75


def connect(login):
    """Logs in, or gives None and says why not."""
    try:
        return psycopg.connect(
            host=login.get("host"),
            port=login.get("port"),
            dbname=login.get("database", "postgres"),
            user=login["username"],
            password=login["password"],
            connect_timeout=10,
            autocommit=True,
        )
    except psycopg.Error as error:
        print(f"postgresql.py: {error}", file=sys.stderr)
        return None


def refusal(connection, new):
    """Gives the role its new password. Gives the server's answer if it refused, so that nothing was changed for certain."""
    pgconn = connection.pgconn
    hashed = pgconn.encrypt_password(new["password"].encode(), new["username"].encode(), b"scram-sha-256")
    statement = sql.SQL("alter role {} password {}")
    try:
        connection.execute(statement.format(sql.Identifier(new["username"]), sql.Literal(hashed.decode())))
    except psycopg.Error as error:
        # A connection that is gone took the answer with it.
        if connection.broken or error.sqlstate is None:
            raise
        return error
    return None


def main():
    change = json.load(sys.stdin)
    old, new = change["old"], change["new"]
    if connection := connect(old):
        with connection:
            if old["username"] != new["username"]:
                print("postgresql.py: this program changes passwords, not the role", file=sys.stderr)
                return UNCHANGED
            if error := refusal(connection, new):
                print(f"postgresql.py: {error}", file=sys.stderr)
                return UNCHANGED
    # After a rotation that was cut short, the old password may be refused because the new one is there already.
    if connection := connect(new):
        connection.close()
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Changes a login's own password in SQL Server. Needs pyodbc, and Microsoft's ODBC driver 18.

    otp rotate edms/reporting --ring ~/otp-ring --generate --apply examples/apply/sqlserver.py

The account's fields host, port and database say where to log in. The connection is encrypted, which is the driver's default.
SQL Server takes no hash from a login that changes its own password; it keeps the statement out of its traces.

No test of this project runs it: that takes a licence. The programs for PostgreSQL and MariaDB are tested, and have its shape.

Ends with 0 if the new password logs in, with 75 if the old one still does and nothing was changed, and with 1 if that is
not certain: docs/rotation.md has the contract.
"""

import json
import sys

import pyodbc

UNCHANGED = 75
DRIVER = "ODBC Driver 18 for SQL Server"
# The answers of a server that is there: errors in class 08 and HYT say that the connection is not.
LOST = ("08", "HYT")


def connect(login):
    """Logs in, or gives None and says why not."""
    server = login["host"] + (f",{login['port']}" if "port" in login else "")
    parts = {
        "DRIVER": DRIVER,
        "SERVER": server,
        "DATABASE": login.get("database", "master"),
        "UID": login["username"],
        "PWD": login["password"],
    }
    text = ";".join(f"{name}={{{value.replace('}', '}}')}}}" for name, value in parts.items())
    try:
        # Pooled connections would not ask for the password again.
        return pyodbc.connect(text, timeout=10, autocommit=True)
    except pyodbc.Error as error:
        print(f"sqlserver.py: {error.args[0]}: the login failed", file=sys.stderr)
        return None


def name(text):
    return "[" + text.replace("]", "]]") + "]"


def literal(text):
    return "N'" + text.replace("'", "''") + "'"


def refusal(connection, old, new):
    """Gives the login its new password. Gives the server's answer if it refused, so that nothing was changed for certain."""
    # A statement of this kind takes no parameters.
    statement = (
        f"alter login {name(new['username'])} "
        f"with password = {literal(new['password'])} old_password = {literal(old['password'])}"
    )
    try:
        connection.execute(statement)
    except pyodbc.Error as error:
        # A connection that is gone took the answer with it.
        if str(error.args[0]).startswith(LOST):
            raise SystemExit("sqlserver.py: the connection was lost") from None
        # The message may quote the statement.
        return error.args[0]
    return None


def main():
    pyodbc.pooling = False
    change = json.load(sys.stdin)
    old, new = change["old"], change["new"]
    if connection := connect(old):
        try:
            if old["username"] != new["username"]:
                print("sqlserver.py: this program changes passwords, not the login", file=sys.stderr)
                return UNCHANGED
            if error := refusal(connection, old, new):
                print(f"sqlserver.py: the server refused: {error}", file=sys.stderr)
                return UNCHANGED
        finally:
            connection.close()
    # After a rotation that was cut short, the old password may be refused because the new one is there already.
    if connection := connect(new):
        connection.close()
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())

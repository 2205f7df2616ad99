#!/usr/bin/env python3
"""Changes a user's own password in MariaDB. Needs PyMySQL.

    otp rotate edms/reporting --ring ~/otp-ring --generate --apply examples/apply/mariadb.py

The account's fields host and port say where to log in; where the host is missing, MARIADB_SOCKET or MARIADB_HOST does. It
is for users of MariaDB's default plugin, mysql_native_password: the server gets the hash that it stores, never the new
password, so no log of it has one either.

Ends with 0 if the new password logs in, with 75 if the old one still does and nothing was changed, and with 1 if that is
not certain: docs/rotation.md has the contract.
"""

import hashlib
import json
import os
import sys

import pymysql

UNCHANGED = 75
# Answers below come from the server; from here on the client says that there was none.
FIRST_OF_CLIENT = 2000


def connect(login):
    """Logs in, or gives None and says why not."""
    try:
        return pymysql.connect(
            host=login.get("host") or os.environ.get("MARIADB_HOST", "localhost"),
            port=int(login.get("port", 3306)),
            unix_socket=None if "host" in login else os.environ.get("MARIADB_SOCKET"),
            user=login["username"],
            password=login["password"],
            charset="utf8mb4",
            connect_timeout=10,
            autocommit=True,
        )
    except pymysql.Error as error:
        print(f"mariadb.py: {error}", file=sys.stderr)
        return None


def refusal(connection, new):
    """Gives the user its new password. Gives the server's answer if it refused, so that nothing was changed for certain."""
    hashed = "*" + hashlib.sha1(hashlib.sha1(new["password"].encode()).digest()).hexdigest().upper()
    try:
        with connection.cursor() as cursor:
            cursor.execute("set password = %s", [hashed])
    except pymysql.Error as error:
        # A connection that is gone took the answer with it.
        if not error.args or not isinstance(error.args[0], int) or error.args[0] >= FIRST_OF_CLIENT:
            raise
        connection.ping(reconnect=False)
        return error
    return None


def main():
    change = json.load(sys.stdin)
    old, new = change["old"], change["new"]
    if connection := connect(old):
        with connection:
            if old["username"] != new["username"]:
                print("mariadb.py: this program changes passwords, not the user", file=sys.stderr)
                return UNCHANGED
            if error := refusal(connection, new):
                print(f"mariadb.py: {error}", file=sys.stderr)
                return UNCHANGED
    # After a rotation that was cut short, the old password may be refused because the new one is there already.
    if connection := connect(new):
        connection.close()
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())

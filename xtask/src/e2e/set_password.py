"""What the database's administrator runs after otp add and otp rotate: gives the role the password that the key opens.

Only the hash leaves this process (SCRAM-SHA-256), so no log of the server has the password either.
"""

import os
import sys

import otp_link
import psycopg
from psycopg import sql

with otp_link.open_account(key_file=sys.argv[1]) as account:
    with psycopg.connect(host=os.environ["PGHOST"], dbname="postgres", user="postgres") as connection:
        hashed = connection.pgconn.encrypt_password(
            account.raw["password"], account.raw["username"], b"scram-sha-256"
        ).decode()
        role = sql.Identifier(account.username)
        known = connection.execute("select 1 from pg_roles where rolname = %s", [account.username]).fetchone()
        verb = sql.SQL("alter" if known else "create")
        connection.execute(sql.SQL("{} role {} login password {}").format(verb, role, sql.Literal(hashed)))

"""psycopg: a connection string in which every byte of the password arrives."""

import otp_link
import psycopg

with otp_link.open_account() as account:
    login = account.format("user={username|conninfo} password={password|conninfo}")
with psycopg.connect(login, dbname="postgres") as connection:
    print(connection.execute("select current_user").fetchone()[0])

"""pyodbc, here with PostgreSQL's driver. It takes the user's name without braces: a name with ';' does not work there."""

import os

import otp_link
import pyodbc

with otp_link.open_account() as account:
    login = account.format("DRIVER={{PostgreSQL Unicode}};UID={username};PWD={password|odbc}")
connection = pyodbc.connect(f"{login};Servername={os.environ['PGHOST']};Database=postgres")
print(connection.execute("select current_user").fetchval())

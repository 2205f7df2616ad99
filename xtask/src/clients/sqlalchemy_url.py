"""Logs in with the URL in DATABASE_URL, says as whom, and stays until its input ends."""

import os
import sys

from sqlalchemy import create_engine, text

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    print(connection.execute(text("select current_user")).scalar_one(), flush=True)
    sys.stdin.read()

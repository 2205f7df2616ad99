"""What the workflow engine starts: report.py --key-file nightly.key. It logs in, and says as whom."""

import argparse
import os
import sys

import otp_link
import psycopg

parser = argparse.ArgumentParser()
otp_link.add_arguments(parser)
try:
    with otp_link.from_arguments(parser.parse_args()) as account:
        connection = psycopg.connect(
            host=os.environ["PGHOST"], dbname="postgres", user=account.username, password=account.password
        )
except otp_link.Error as error:
    print(f"report.py: {error}", file=sys.stderr)
    sys.exit(error.code)
with connection:
    print(connection.execute("select current_user || ' logged in'").fetchone()[0])

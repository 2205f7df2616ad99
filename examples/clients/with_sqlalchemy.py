"""SQLAlchemy: nothing in the URL, and a password that was rotated is picked up at the next connect."""

import otp_link
from sqlalchemy import create_engine, event, text

engine = create_engine("postgresql+psycopg:///postgres")


@event.listens_for(engine, "do_connect")
def log_in(dialect, record, arguments, parameters):
    with otp_link.open_account() as account:
        parameters.update(user=account.username, password=account.password)


with engine.connect() as connection:
    print(connection.execute(text("select current_user")).scalar_one())

"""A database engine for Django that asks for the login at each connect: ENGINE = "django_engine"."""

import otp_link
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self):
        with otp_link.open_account() as account:
            return super().get_connection_params() | {"user": account.username, "password": account.password}

"""Connections of Apache Airflow from accounts, each with a key file. In airflow.cfg, for Airflow 2 and 3:

    [secrets]
    backend = otp_link.airflow.OtpBackend
    backend_kwargs = {"keys": {"reporting_db": "/etc/airflow/reporting.key"}, "store": "/srv/otp"}

Airflow 3 also has [workers] secrets_backend and secrets_backend_kwargs, for its workers alone.

A connection that is not among the keys is left to the next backend. One that is among them but can't be opened fails: Airflow
never falls back to what its database has under the same name.
"""

import json

try:
    from airflow.secrets import BaseSecretsBackend
except ImportError:
    # A worker of Airflow 3 may have only its Task SDK.
    from airflow.sdk.bases.secrets_backend import BaseSecretsBackend

from . import Account, Error, open_account

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NotOpened", "OtpBackend"]

#: Airflow's names for the fields that it has a place for. All others become members of its extra.
_MEMBERS = {
    "conn_type": "conn_type",
    "username": "login",
    "password": "password",
    "host": "host",
    "port": "port",
    "database": "schema",
}

try:
    # The one exception that does not make Airflow ask its next backend.
    from airflow.sdk.exceptions import AirflowSecretsBackendAccessDenied as _Base
except ImportError:
    # Airflow before 3.2.2 has none, and goes on after any Exception. Only something else ends the task.
    _Base = BaseException


class NotOpened(_Base):
    """A connection's key is known, and its account can't be opened; __cause__ has the otp_link.Error."""


class OtpBackend(BaseSecretsBackend):
    """Gives the connections whose ids are among `keys`, a mapping from connection id to key file; `store` is the store of all."""

    def __init__(self, keys: "Mapping[str, str]", store: "str | None" = None) -> None:
        super().__init__()
        if not all(isinstance(path, str) for path in dict(keys).values()):
            raise TypeError("keys must be a mapping from connection ids to the paths of key files")
        self._keys, self._store = dict(keys), store

    def get_conn_value(self, conn_id: str, team_name: "str | None" = None) -> "str | None":
        """The connection as JSON, or None if its key is not known. Raises NotOpened."""
        key_file = self._keys.get(conn_id)
        if key_file is None:
            return None
        try:
            with open_account(key_file=key_file, store=self._store) as account:
                return json.dumps(_connection(account))
        except Error as error:
            hint = f"; {error.hint}" if error.hint else ""
            raise NotOpened(f"connection {conn_id}: {error}{hint}") from error
        except ValueError as error:
            # Without the cause, which may show a value.
            raise NotOpened(f"connection {conn_id}: {error}") from None

    def get_variable(self, key: str, team_name: "str | None" = None) -> "str | None":
        """None: an account is a connection."""
        return None

    def get_config(self, key: str) -> "str | None":
        """None: an account is a connection."""
        return None


def _connection(account: Account) -> "dict[str, object]":
    """The members of a connection. Raises ValueError for what Airflow has no place for."""
    connection: "dict[str, object]" = {}
    extra: "dict[str, object]" = {}
    for name, value in account.items():
        if name == "port":
            if not (value.isascii() and value.isdigit()):
                raise ValueError("the field port is not a number")
            connection["port"] = int(value)
        elif name in _MEMBERS:
            connection[_MEMBERS[name]] = value
        elif name == "extra":
            extra.update(_object(value))
        else:
            extra[name] = value
    if extra:
        connection["extra"] = extra
    return connection


def _object(text: str) -> "dict[str, object]":
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ValueError("the field extra is not a JSON object")
    return value

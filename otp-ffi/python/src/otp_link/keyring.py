"""The account of this process's key, for scripts that use the package keyring. They need no change:

    password = keyring.get_password("edms/reporting", "alice")

keyring finds this backend by itself where OTP_KEY_FILE, OTP_KEY or systemd's credential otp-key gives a key, and asks it before the
desktop's own. It answers if the service is the account's name, or what its field "service" says, and the user name is the account's.
"""

import os

from keyring.backend import KeyringBackend
from keyring.compat import properties
from keyring.credentials import SimpleCredential
from keyring.errors import KeyringError

from . import Account, Error, open_account

__all__ = ["Keyring"]


class Keyring(KeyringBackend):
    """Answers for one account, and leaves everything else to the next backend. It does not store passwords for scripts."""

    @properties.classproperty
    def priority(cls) -> float:
        """Before the desktop's services, which have 5; RuntimeError, so that it is not asked at all, without a key."""
        if not _has_key():
            raise RuntimeError("no key is given: set OTP_KEY_FILE, OTP_KEY or systemd's LoadCredential=otp-key")
        return 9

    def get_password(self, service: str, username: "str | None") -> "str | None":
        """The password, or None if another account is meant. KeyringError if the key opens nothing."""
        credential = self.get_credential(service, username)
        return None if credential is None else credential.password

    def get_credential(self, service: str, username: "str | None") -> "SimpleCredential | None":
        """User name and password, or None if another account is meant. KeyringError if the key opens nothing."""
        try:
            with open_account() as account:
                if not _is_meant(account, service, username):
                    return None
                return SimpleCredential(account.get("username", ""), account["password"])
        except Error as error:
            # None would send the script on to another backend, and perhaps to an older password.
            raise KeyringError(f"{error}; {error.hint}" if error.hint else str(error)) from error

    def set_password(self, service: str, username: str, password: str) -> None:
        """NotImplementedError: keyring then asks the next backend."""
        raise NotImplementedError("otp add and otp rotate set passwords")

    def delete_password(self, service: str, username: str) -> None:
        """NotImplementedError: keyring then asks the next backend."""
        raise NotImplementedError("otp remove deletes an account")


def _has_key() -> bool:
    """Whether a key is given where open_account() looks for one."""
    if os.environ.get("OTP_KEY_FILE") or os.environ.get("OTP_KEY"):
        return True
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(credentials) and os.path.exists(os.path.join(str(credentials), "otp-key"))


def _is_meant(account: Account, service: str, username: "str | None") -> bool:
    is_service = service == account.account_name or service == account.get("service")
    return is_service and (username is None or username == account.get("username", ""))

"""Gets a script its credential: kept as record and key, opened with both.

    import otp_link

    with otp_link.open_account() as account:
        connect(user=account.username, password=account.password)

The key is found as the program `otp` finds it: the file that OTP_KEY_FILE names, OTP_KEY, then systemd's credential
otp-key. Or say where it is: open_account(key_file="nightly.key"). The store is the one that OTP_STORE names, or the one
in the platform's directory for a user's data, or the one that you name.

    key = otp_link.add_account("edms/reporting", username="alice", password="...", holder="nightly")
    key.write("nightly.key")

Every exception is an otp_link.Error, with the `code` that `otp` would have ended with.

What an account holds stands in memory that is locked and wiped when the block ends. A str or bytes that you took from it is
Python's: it is not wiped, and lives as long as anything refers to it. Take it where you need it, not before.
"""

# Not from collections.abc, which would import all of collections; this one is there since the interpreter started.
from _collections_abc import Mapping

from ._native import (
    Account,
    Fault,
    KeyInfo,
    RawFields,
    Verification,
    __version__,
    add_account,
    harden_process,
    issue_key,
    list_accounts,
    list_keys,
    open_account,
    remove_account,
    revoke_key,
    rotate_account,
    verify,
)
from .errors import (
    ClosedError,
    DamagedError,
    Error,
    ExistsError,
    ExpiredError,
    MalformedKeyError,
    NewerVersionError,
    NoFieldError,
    NotFoundError,
    OtherError,
    RandomnessFailedError,
    StoreUnavailableError,
    UnsafePermissionsError,
    UsageError,
    WrongKeyError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    import os
    from typing import NoReturn

__all__ = [
    "Account",
    "ClosedError",
    "DamagedError",
    "Error",
    "ExistsError",
    "ExpiredError",
    "Fault",
    "Key",
    "KeyInfo",
    "MalformedKeyError",
    "NewerVersionError",
    "NoFieldError",
    "NotFoundError",
    "OtherError",
    "RandomnessFailedError",
    "RawFields",
    "StoreUnavailableError",
    "UnsafePermissionsError",
    "UsageError",
    "Verification",
    "WrongKeyError",
    "__version__",
    "add_account",
    "add_arguments",
    "from_arguments",
    "harden_process",
    "issue_key",
    "list_accounts",
    "list_keys",
    "open_account",
    "remove_account",
    "revoke_key",
    "rotate_account",
    "verify",
]

Mapping.register(Account)
Mapping.register(RawFields)


class Key(str):
    """A new key: its text, and whom it is for.

    It is a str, so it can go wherever a key goes; print(key) shows it. repr() does not, so it stays out of logs and
    tracebacks that show variables. It is secret: hand it to its holder, and keep it nowhere else.
    """

    __slots__ = ("account", "holder", "id", "replaces")

    #: The account that it opens.
    account: str
    #: Its id, which is not secret.
    id: str
    #: Who holds it.
    holder: "str | None"
    #: The id of the key that it takes the place of, after a rotation.
    replaces: "str | None"

    def __new__(
        cls, text: str, account: str, id: str, holder: "str | None" = None, replaces: "str | None" = None
    ) -> "Key":
        """The text of a key, with what is known of it."""
        key = super().__new__(cls, text)
        key.account, key.id, key.holder, key.replaces = account, id, holder, replaces
        return key

    def __repr__(self) -> str:
        return f"<otp_link.Key {self.id} of {self.account}>"

    def __reduce_ex__(self, protocol: object) -> "NoReturn":
        raise TypeError("a key is not pickled or copied; write it to its file with key.write(path)")

    def write(self, path: "str | os.PathLike[str]") -> None:
        """Writes the key to a new file of mode 0600, durably. A file that is there already stays as it is."""
        from ._native import write_key_file

        write_key_file(self, path)


def add_arguments(parser: "argparse.ArgumentParser") -> None:
    """Gives a program's parser --key-file, --key-fd, --key, --account, --store and --record.

    from_arguments() opens the account that they name. They mean what they mean for the program `otp`.
    """
    group = parser.add_argument_group("credential", "where the script's credential comes from")
    key = group.add_mutually_exclusive_group()
    key.add_argument(
        "--key-file", metavar="PATH", help="read the key from a file that only you can read; '-' is standard input"
    )
    key.add_argument("--key-fd", metavar="N", type=int, help="read the key from file descriptor N")
    key.add_argument(
        "--key",
        metavar="KEY",
        help="the key itself; other users of this machine can see it. Without any of these: "
        "OTP_KEY_FILE, OTP_KEY, systemd's credential otp-key",
    )
    group.add_argument("--account", metavar="NAME", help="the account that the key must be for")
    record = group.add_mutually_exclusive_group()
    record.add_argument("--store", metavar="DIR", help="the store's directory, instead of the one OTP_STORE names")
    record.add_argument("--record", metavar="FILE", help="open this record file, which may be outside of any store")


def from_arguments(arguments: "argparse.Namespace") -> Account:
    """Opens the account that a program's arguments name; see add_arguments(). A key among them draws a warning."""
    if arguments.key is not None:
        import warnings

        warnings.warn(
            "other users of this machine can see a key on the command line; use --key-file", UserWarning, stacklevel=2
        )
    return open_account(
        arguments.key,
        key_file=arguments.key_file,
        key_fd=arguments.key_fd,
        account=arguments.account,
        store=arguments.store,
        record=arguments.record,
    )

"""Gives a script its credential. A store has the record, the caller has the key; together they open it.

    import otp_link

    with otp_link.open_account() as account:
        connect(user=account.username, password=account.password)

The key is found as the program `otp` finds it: in the file that OTP_KEY_FILE names, in OTP_KEY, then in systemd's credential
otp-key. Or say where it is: open_account(key_file="nightly.key"). The store is the one that you pass, or the one that OTP_STORE
names, or the one in the platform's directory for a user's data.

    key = otp_link.add_account("edms/reporting", username="alice", password="...", holder="nightly")
    key.write("nightly.key")

An administrator who keeps the keys in a ring changes a password while every caller keeps its key: see init_ring() and
rotate_account().

Failures raise an otp_link.Error. Its `code` is the exit code that `otp` would have, and its `hint` says what to do. An
argument of the wrong type raises TypeError.

An account keeps its fields in locked memory, which is wiped when the block ends. A str or bytes that you take from it belongs
to Python: it is not wiped, and lives as long as anything refers to it. Take it where you need it, not before.
"""

# Not from collections.abc, which may not be imported yet; the interpreter imports this one when it starts.
import os as _os
from _collections_abc import Mapping

from ._native import (
    Account,
    Fault,
    KeyInfo,
    RawFields,
    RingAccount,
    RingKey,
    RotationPlan,
    Verification,
    __version__,
    abort_rotation,
    add_account,
    adopt_ring,
    export_key,
    forget_rotation,
    harden_process,
    init_ring,
    issue_key,
    list_accounts,
    list_keys,
    open_account,
    plan_rotation,
    put_into_ring,
    relock as _relock,
    remove_account,
    resume_rotation,
    revoke_key,
    rotate_account,
    set_lock_timeout,
    show_ring,
    verify,
)
from .errors import (
    AuditFailedError,
    ClosedError,
    DamagedError,
    DeniedError,
    Error,
    ExistsError,
    ExpiredError,
    ExpiringSoonError,
    InDoubtError,
    LockedError,
    MalformedKeyError,
    NewerVersionError,
    NoFieldError,
    NotFoundError,
    OtherError,
    RandomnessFailedError,
    StaleRingError,
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

# Locks on memory are not inherited by a fork.
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_relock)

__all__ = [
    "Account",
    "AuditFailedError",
    "ClosedError",
    "DamagedError",
    "DeniedError",
    "Error",
    "ExistsError",
    "ExpiredError",
    "ExpiringSoonError",
    "Fault",
    "InDoubtError",
    "Key",
    "KeyInfo",
    "LockedError",
    "MalformedKeyError",
    "NewerVersionError",
    "NoFieldError",
    "NotFoundError",
    "OtherError",
    "RandomnessFailedError",
    "RawFields",
    "RingAccount",
    "RingKey",
    "RotationPlan",
    "StaleRingError",
    "StoreUnavailableError",
    "UnsafePermissionsError",
    "UsageError",
    "Verification",
    "WrongKeyError",
    "__version__",
    "abort_rotation",
    "add_account",
    "add_arguments",
    "adopt_ring",
    "export_key",
    "forget_rotation",
    "from_arguments",
    "harden_process",
    "init_ring",
    "issue_key",
    "list_accounts",
    "list_keys",
    "open_account",
    "plan_rotation",
    "put_into_ring",
    "remove_account",
    "resume_rotation",
    "revoke_key",
    "rotate_account",
    "set_lock_timeout",
    "show_ring",
    "verify",
]

Mapping.register(Account)
Mapping.register(RawFields)


class Key(str):
    """A new key: its text, its account and its holder.

    It is a str, so it can go wherever a key goes, and print(key) shows it. repr() does not, which keeps it out of logs and of
    tracebacks that show variables. A key is secret: hand it to its holder, and keep it nowhere else.
    """

    __slots__ = ("account", "holder", "id", "replaces")

    #: The account that it opens.
    account: str
    #: Its id, which is public.
    id: str
    #: Who holds it.
    holder: "str | None"
    #: The id of the key that it replaces, after a rotation.
    replaces: "str | None"

    def __new__(
        cls, text: str, account: str, id: str, holder: "str | None" = None, replaces: "str | None" = None
    ) -> "Key":
        """A key with this text."""
        key = super().__new__(cls, text)
        key.account, key.id, key.holder, key.replaces = account, id, holder, replaces
        return key

    def __repr__(self) -> str:
        return f"<otp_link.Key {self.id} of {self.account}>"

    def __reduce_ex__(self, protocol: object) -> "NoReturn":
        raise TypeError("a key can't be pickled or copied; write it to its file with key.write(path)")

    def write(self, path: "str | os.PathLike[str]") -> None:
        """Writes the key to a new file of mode 0600, durably. An existing path is left as it is, and ExistsError is raised."""
        from ._native import write_key_file

        write_key_file(self, path)

    def write_credential(self, target: str) -> None:
        """Writes the key to a new credential of this user in Windows' Credential Manager; open_account(key_credential=target) reads it.

        An existing one of that name is left as it is, and ExistsError is raised. On other systems, and for keys longer than
        2560 characters, this raises UsageError.
        """
        from ._native import write_key_credential

        write_key_credential(self, target, self.holder or self.account)


def add_arguments(parser: "argparse.ArgumentParser") -> None:
    """Adds --key-file, --key-fd, --key-credential, --key, --account, --store and --record to a program's parser.

    They mean the same as for the program `otp`; from_arguments() opens the account that they name.
    """
    group = parser.add_argument_group("credential", "where the script's credential comes from")
    key = group.add_mutually_exclusive_group()
    key.add_argument(
        "--key-file", metavar="PATH", help="read the key from this file, which only you may read; '-' is standard input"
    )
    key.add_argument("--key-fd", metavar="N", type=int, help="read the key from file descriptor N")
    key.add_argument(
        "--key-credential", metavar="TARGET", help="read the key from this credential of Windows' Credential Manager"
    )
    key.add_argument(
        "--key",
        metavar="KEY",
        help="the key itself, which other users of this machine can see. Without any of these, the key comes from "
        "OTP_KEY_FILE, OTP_KEY or systemd's credential otp-key",
    )
    group.add_argument("--account", metavar="NAME", help="refuse a key for any other account")
    record = group.add_mutually_exclusive_group()
    record.add_argument("--store", metavar="DIR", help="use this store instead of the one that OTP_STORE names")
    record.add_argument("--record", metavar="FILE", help="open this record file instead of one in a store")


def from_arguments(arguments: "argparse.Namespace") -> Account:
    """Opens the account that a program's arguments name; see add_arguments(). Warns if the key itself is among them."""
    if arguments.key is not None:
        import warnings

        warnings.warn(
            "other users of this machine can see a key on the command line; use --key-file", UserWarning, stacklevel=2
        )
    return open_account(
        arguments.key,
        key_file=arguments.key_file,
        key_fd=arguments.key_fd,
        key_credential=arguments.key_credential,
        account=arguments.account,
        store=arguments.store,
        record=arguments.record,
    )

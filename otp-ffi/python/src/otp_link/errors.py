"""The exceptions: one class for each code, all below Error.

A code is a number that means the same everywhere: the program `otp` exits with it, and C has it as OTP_USAGE and so on.
str() of an exception says what is wrong and where; its `hint` says what to do. Neither shows a secret.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from . import Key


class Error(Exception):
    """Why something failed. `code` is its number and `code_name` its name; `hint` says what to do about it, or is None."""

    code: "ClassVar[int]" = 1
    code_name: "ClassVar[str]" = "other"
    #: What to do about it: an argument to pass, a function to call, or a command for the shell.
    hint: "str | None" = None
    #: The new keys of a rotation whose old keys could not all be ended. They open: keep them, and rotate again.
    keys: "list[Key] | None" = None

    def __str__(self) -> str:
        # KeyError, which a class below also inherits from, would quote the message.
        return str(self.args[0]) if self.args else ""


class OtherError(Error):
    """Anything without a number of its own."""


class NoFieldError(OtherError, KeyError, AttributeError):
    """The account has no field of that name."""


class UsageError(Error, ValueError):
    """The call is not valid: no key is given, a name breaks the rules, a value is too long."""

    code = 2
    code_name = "usage"


class ClosedError(UsageError):
    """The account is closed, and what it held is wiped."""


class NotFoundError(Error, LookupError):
    """No such account or key: revoked, replaced, or never there."""

    code = 3
    code_name = "not-found"


class MalformedKeyError(Error):
    """The key's text is malformed: mistyped, cut, or not a key at all."""

    code = 4
    code_name = "malformed-key"


class WrongKeyError(Error):
    """The key does not open this record: it is the wrong key, or the record was tampered with."""

    code = 5
    code_name = "wrong-key"


class ExpiredError(Error):
    """The record has expired, or its grace period is over."""

    code = 6
    code_name = "expired"


class DamagedError(Error):
    """The record is damaged."""

    code = 7
    code_name = "damaged"


class NewerVersionError(Error):
    """A newer version of this software wrote the record or the key."""

    code = 8
    code_name = "newer-version"


class ExistsError(Error):
    """What was to be made already exists, and stays as it is."""

    code = 9
    code_name = "exists"


class UnsafePermissionsError(Error):
    """Others can read or write what only the owner may. The hint is the command that changes it."""

    code = 10
    code_name = "unsafe-permissions"


class RandomnessFailedError(Error):
    """The source of randomness failed, or failed its health tests. Nothing was sealed."""

    code = 11
    code_name = "randomness-failed"


class StoreUnavailableError(Error):
    """The store can't be read or written."""

    code = 12
    code_name = "store-unavailable"


class DeniedError(Error):
    """The store does not let this user do it."""

    code = 13
    code_name = "denied"


class LockedError(Error):
    """Another process holds the lock, or a function that changes a database does."""

    code = 14
    code_name = "locked"


class InDoubtError(Error):
    """It is unknown whether the change took effect: a rotation is unfinished. If a function raised, that is its __cause__."""

    code = 15
    code_name = "in-doubt"


class StaleRingError(Error):
    """The ring was copied, or restored from a backup."""

    code = 16
    code_name = "stale-ring"


class AuditFailedError(Error):
    """The audit log that OTP_AUDIT names can't be written, so nothing was handed over."""

    code = 17
    code_name = "audit-failed"


class ExpiringSoonError(Error):
    """A key is about to expire."""

    code = 18
    code_name = "expiring-soon"


#: The class of each code.
BY_CODE: "dict[int, type[Error]]" = {
    1: OtherError,
    2: UsageError,
    3: NotFoundError,
    4: MalformedKeyError,
    5: WrongKeyError,
    6: ExpiredError,
    7: DamagedError,
    8: NewerVersionError,
    9: ExistsError,
    10: UnsafePermissionsError,
    11: RandomnessFailedError,
    12: StoreUnavailableError,
    13: DeniedError,
    14: LockedError,
    15: InDoubtError,
    16: StaleRingError,
    17: AuditFailedError,
    18: ExpiringSoonError,
}

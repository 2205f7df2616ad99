"""The exceptions: one class for each code, all under Error.

A code is a number that is the same everywhere: the program `otp` exits with it, and C has it as OTP_USAGE and so on.
No message of an exception holds anything of a secret.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

    from . import Key


class Error(Exception):
    """Why something failed. `code` is its number, `code_name` its name; the message says what to do."""

    code: "ClassVar[int]" = 1
    code_name: "ClassVar[str]" = "other"
    #: The new keys of a rotation whose old keys could not be ended: they open, so keep them, and rotate again.
    keys: "list[Key] | None" = None

    def __str__(self) -> str:
        # KeyError, which some classes below are as well, would put the message into quotes.
        return str(self.args[0]) if self.args else ""


class OtherError(Error):
    """Anything that has no number of its own."""


class NoFieldError(OtherError, KeyError, AttributeError):
    """The account has no field of that name."""


class UsageError(Error, ValueError):
    """The call is not one that can be carried out: no key is given, a name is not valid, a value is too long."""

    code = 2
    code_name = "usage"


class ClosedError(UsageError):
    """The account was closed, and what it held is wiped."""


class NotFoundError(Error, LookupError):
    """No such account or key: revoked, rotated away, or never there."""

    code = 3
    code_name = "not-found"


class MalformedKeyError(Error):
    """The key's text is malformed: mistyped, cut, or not a key at all."""

    code = 4
    code_name = "malformed-key"


class WrongKeyError(Error):
    """The key does not open this record: the wrong key, or the record was tampered with."""

    code = 5
    code_name = "wrong-key"


class ExpiredError(Error):
    """The record has expired."""

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
    """What was to be made exists already, and stays as it is."""

    code = 9
    code_name = "exists"


class UnsafePermissionsError(Error):
    """Others can read or write what only the owner may; the message says which path, and which command mends it."""

    code = 10
    code_name = "unsafe-permissions"


class RandomnessFailedError(Error):
    """The source of randomness failed, or failed its health tests; nothing was sealed."""

    code = 11
    code_name = "randomness-failed"


class StoreUnavailableError(Error):
    """The store can't be read or written."""

    code = 12
    code_name = "store-unavailable"


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
}

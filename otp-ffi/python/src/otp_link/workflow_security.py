"""The functions of Secure-Python-Link's WorkflowSecurity, with its names, arguments and results.

    from otp_link import workflow_security as WorkflowSecurity

is the only line that changes. The keys are longer, some 200 characters, and user and password may be any text. Where
Secure-Python-Link raised an exception or returned garbage, these functions return (False, '', '') and warn, with the reason.

A file that Secure-Python-Link wrote still opens with its keys; a warning asks you to secure it anew. New programs use
open_account().
"""

from . import _native
from .errors import Error

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

__all__ = ["get_account_details", "secure_account"]


def secure_account(user: str, password: str, file: "str | os.PathLike[str]") -> "tuple[bool, str, str]":
    """Seals user and password into one file, each with a key of its own: (True, user_key, pass_key).

    An existing file is replaced, whole or not at all. On failure: (False, '', ''), and a warning.
    """
    try:
        user_key, pass_key = _native.workflow_seal(user, password, file)
    except (Error, TypeError) as error:
        _warn(f"the account was not secured: {_described(error)}")
        return False, "", ""
    return True, str(user_key), str(pass_key)


def get_account_details(user_key: str, pass_key: str, file: "str | os.PathLike[str]") -> "tuple[bool, str, str]":
    """Opens user and password with their keys: (True, user, password). On failure: (False, '', ''), and a warning."""
    try:
        user, password, old = _native.workflow_open(user_key, pass_key, file)
    except (Error, TypeError) as error:
        _warn(f"the account was not opened: {_described(error)}")
        return False, "", ""
    if old:
        _warn(
            f"{file} was written by Secure-Python-Link and reveals part of the password; "
            "change the password, and secure it anew"
        )
    return True, user, password


def _described(error: Exception) -> str:
    hint = getattr(error, "hint", None)
    return f"{error}; {hint}" if hint else str(error)


def _warn(message: str) -> None:
    import warnings

    warnings.warn(message, UserWarning, stacklevel=3)

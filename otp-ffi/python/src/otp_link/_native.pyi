"""The extension module. What is public in it is in otp_link."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Literal, NoReturn, final

from . import Key

__version__: str
CODES: list[tuple[int, str, str]]

_Path = str | bytes | PathLike[str] | PathLike[bytes]
_Value = str | bytes
_When = int | datetime | timedelta
# Account, old fields, new fields.
_Apply = Callable[[str, dict[str, str], dict[str, str]], bool | None]

@final
class Account(Mapping[str, str]):
    @property
    def raw(self) -> RawFields: ...
    @property
    def account_name(self) -> str: ...
    @property
    def key_id(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...
    def format(self, template: str, /) -> str: ...
    def __enter__(self) -> Account: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
    def __getattr__(self, name: str) -> str: ...
    def __getitem__(self, name: str) -> str: ...
    def __iter__(self) -> Any: ...
    def __len__(self) -> int: ...
    def __reduce_ex__(self, protocol: Any) -> NoReturn: ...

@final
class RawFields(Mapping[str, bytes]):
    def format(self, template: str, /) -> bytes: ...
    def __getitem__(self, name: str) -> bytes: ...
    def __iter__(self) -> Any: ...
    def __len__(self) -> int: ...
    def __reduce_ex__(self, protocol: Any) -> NoReturn: ...

@final
class KeyInfo:
    @property
    def id(self) -> str: ...
    @property
    def holder(self) -> str | None: ...
    @property
    def created(self) -> int: ...
    @property
    def expires(self) -> int | None: ...
    @property
    def grace_ends(self) -> int | None: ...
    @property
    def capacity(self) -> int: ...
    @property
    def page(self) -> int: ...
    @property
    def pages(self) -> int: ...

@final
class RingKey:
    @property
    def id(self) -> str: ...
    @property
    def holder(self) -> str | None: ...
    @property
    def expires(self) -> int | None: ...
    @property
    def pages(self) -> int: ...
    @property
    def pages_left(self) -> int: ...
    @property
    def opens(self) -> bool: ...

@final
class RingAccount:
    @property
    def account(self) -> str: ...
    @property
    def generation(self) -> int: ...
    @property
    def unfinished(self) -> bool: ...
    @property
    def keys(self) -> list[RingKey]: ...

@final
class RotationPlan:
    @property
    def generation(self) -> int: ...
    @property
    def kept(self) -> list[str]: ...
    @property
    def behind(self) -> list[str]: ...
    @property
    def ended(self) -> list[str]: ...
    @property
    def orphaned(self) -> list[str]: ...

@final
class Fault:
    @property
    def account(self) -> str: ...
    @property
    def key_id(self) -> str | None: ...
    @property
    def code(self) -> int: ...
    @property
    def message(self) -> str: ...
    @property
    def hint(self) -> str | None: ...

@final
class Verification:
    @property
    def records(self) -> int: ...
    @property
    def keys(self) -> int: ...
    @property
    def faults(self) -> list[Fault]: ...
    def __bool__(self) -> bool: ...

def open_account(
    key: _Value | None = None,
    *,
    key_file: _Path | None = None,
    key_fd: int | None = None,
    key_credential: str | None = None,
    key_file_mode: Literal["private", "any"] | None = None,
    account: str | None = None,
    store: _Path | None = None,
    record: _Path | None = None,
) -> Account: ...
def add_account(
    account: str,
    *,
    username: _Value | None = None,
    password: _Value | None = None,
    fields: Mapping[str, _Value] | None = None,
    holder: str | None = None,
    expires: _When | None = None,
    capacity: int | None = None,
    pages: int | None = None,
    allow_empty: bool = False,
    store: _Path | None = None,
    ring: _Path | None = None,
) -> Key: ...
def issue_key(
    key: _Value | None = None,
    *,
    key_file: _Path | None = None,
    key_fd: int | None = None,
    key_credential: str | None = None,
    key_file_mode: Literal["private", "any"] | None = None,
    account: str | None = None,
    holder: str | None = None,
    expires: _When | None = None,
    capacity: int | None = None,
    pages: int | None = None,
    store: _Path | None = None,
    ring: _Path | None = None,
) -> Key: ...
def rotate_account(
    account: str,
    key: _Value | None = None,
    *,
    key_file: _Path | None = None,
    key_fd: int | None = None,
    key_credential: str | None = None,
    key_file_mode: Literal["private", "any"] | None = None,
    username: _Value | None = None,
    password: _Value | None = None,
    fields: Mapping[str, _Value] | None = None,
    grace: int | timedelta | None = None,
    expires: _When | None = None,
    capacity: int | None = None,
    pages: int | None = None,
    allow_empty: bool = False,
    store: _Path | None = None,
    ring: _Path | None = None,
    without_ring: bool = False,
    apply: _Apply | None = None,
    new_keys: bool = False,
    end_unknown: Iterable[str] = (),
    hand_over: Callable[[list[Key]], object] | None = None,
) -> list[Key]: ...
def plan_rotation(
    account: str,
    *,
    username: _Value | None = None,
    password: _Value | None = None,
    fields: Mapping[str, _Value] | None = None,
    expires: _When | None = None,
    capacity: int | None = None,
    pages: int | None = None,
    allow_empty: bool = False,
    new_keys: bool = False,
    end_unknown: Iterable[str] = (),
    store: _Path | None = None,
    ring: _Path | None = None,
) -> RotationPlan: ...
def resume_rotation(
    account: str,
    *,
    apply: _Apply | None = None,
    new_keys: bool = False,
    end_unknown: Iterable[str] = (),
    expires: _When | None = None,
    capacity: int | None = None,
    pages: int | None = None,
    store: _Path | None = None,
    ring: _Path | None = None,
    hand_over: Callable[[list[Key]], object] | None = None,
) -> list[Key] | None: ...
def abort_rotation(
    account: str, apply: _Apply, *, store: _Path | None = None, ring: _Path | None = None
) -> None: ...
def forget_rotation(account: str, *, store: _Path | None = None, ring: _Path | None = None) -> None: ...
def init_ring(ring: _Path, *, store: _Path | None = None) -> None: ...
def put_into_ring(
    key: _Value | None = None,
    *,
    key_file: _Path | None = None,
    key_fd: int | None = None,
    key_file_mode: Literal["private", "any"] | None = None,
    account: str | None = None,
    store: _Path | None = None,
    ring: _Path | None = None,
) -> None: ...
def show_ring(
    prefix: str = "", *, store: _Path | None = None, ring: _Path | None = None
) -> list[RingAccount]: ...
def adopt_ring(ring: _Path | None = None) -> None: ...
def export_key(key_id: str, *, store: _Path | None = None, ring: _Path | None = None) -> Key: ...
def revoke_key(
    account: str, key_id: str, *, store: _Path | None = None, ring: _Path | None = None
) -> None: ...
def remove_account(
    account: str, *, force: bool = False, store: _Path | None = None, ring: _Path | None = None
) -> None: ...
def list_accounts(prefix: str = "", *, store: _Path | None = None) -> list[str]: ...
def list_keys(account: str, *, store: _Path | None = None) -> list[KeyInfo]: ...
def verify(
    prefix: str = "",
    *,
    keys: Iterable[_Value] = (),
    key_files: Iterable[_Path] = (),
    store: _Path | None = None,
    ring: _Path | None = None,
) -> Verification: ...
def harden_process() -> bool: ...
def set_lock_timeout(seconds: int) -> None: ...
def relock() -> None: ...
def write_key_file(key: str, path: _Path) -> None: ...
def write_key_credential(key: str, target: str, holder: str) -> None: ...
def workflow_seal(user: str, password: str, file: _Path) -> tuple[Key, Key]: ...
def workflow_open(user_key: str, pass_key: str, file: _Path) -> tuple[str, str, bool]: ...

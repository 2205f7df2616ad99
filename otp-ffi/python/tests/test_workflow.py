"""The functions of Secure-Python-Link, for its users."""

from __future__ import annotations

import pickle
import stat
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

import otp_link
from otp_link import _native
from otp_link import workflow_security as WorkflowSecurity

#: A file that Secure-Python-Link wrote under Python 3.8, and its keys.
OLD_KEYS = ("Kj4lz14TivN2l4SLUeb1F7Y4*", "o%vYnsi7!2@U5!HlMWF1ay&!t")
OLD_FILE = bytes.fromhex(
    "80049547000000000000007d948c046c697374945d94288c19390f440308455d3a0e57285e1f5c39680636207711016f0413948c192c4a04"
    "2b0b101d6b695d322650017c4c6f156474391b1e104d9465732e"
)


def test_what_is_secured_comes_back(tmp_path: Path) -> None:
    file = str(tmp_path / "Account1.p")
    for user, password in [("Neil", "SomethingElse"), ("", ""), ("£ä", "x" * 60_000), ("same", "same")]:
        ok, user_key, pass_key = WorkflowSecurity.secure_account(user, password, file)
        assert ok is True and type(user_key) is str and user_key != pass_key
        assert WorkflowSecurity.get_account_details(user_key, pass_key, file) == (True, user, password)


@pytest.mark.skipif(sys.platform == "win32", reason="it speaks of modes")
def test_it_is_one_file_that_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "Account1.p"
    _, *old = WorkflowSecurity.secure_account("a", "b", file)
    file.chmod(0o640)
    _, *new = WorkflowSecurity.secure_account("c", "d", file)
    assert [path.name for path in tmp_path.iterdir()] == ["Account1.p"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert WorkflowSecurity.get_account_details(new[0], new[1], file) == (True, "c", "d")
    fails(otp_link.WrongKeyError, lambda: _native.workflow_open(old[0], old[1], file))
    with pytest.warns(UserWarning):
        assert WorkflowSecurity.get_account_details(old[0], old[1], file) == (False, "", "")


def fails(error: type[Exception], call: Callable[[], object]) -> str:
    """The message of what the call raises, which has to be of exactly this class."""
    with pytest.raises(error) as raised:
        call()
    assert type(raised.value) is error
    return str(raised.value)


def test_each_failure_is_false_with_a_warning_that_says_why(tmp_path: Path) -> None:
    file = tmp_path / "Account1.p"
    _, user_key, pass_key = WorkflowSecurity.secure_account("a", "b", file)
    good = file.read_bytes()
    seal: list[tuple[type[Exception], tuple[object, object, Path]]] = [
        (otp_link.OtherError, ("a", "b", tmp_path / "nowhere" / "x")),
        (otp_link.UsageError, ("a", "x" * 65_536, file)),
        (otp_link.UsageError, ("a", "x\udcff", file)),
        (TypeError, (None, "b", file)),
    ]
    get: list[tuple[type[Exception], tuple[object, object, Path]]] = [
        (otp_link.WrongKeyError, (pass_key, user_key, file)),
        (otp_link.MalformedKeyError, ("", "", file)),
        (TypeError, (None, "", file)),
        (otp_link.OtherError, (user_key, pass_key, tmp_path / "nowhere")),
        (otp_link.OtherError, (user_key, pass_key, tmp_path)),
    ]
    for function, native, cases in [
        (WorkflowSecurity.secure_account, _native.workflow_seal, seal),
        (WorkflowSecurity.get_account_details, _native.workflow_open, get),
    ]:
        for error, arguments in cases:
            why = fails(error, lambda: native(*arguments))  # type: ignore[arg-type]
            with pytest.warns(UserWarning) as warned:
                assert function(*arguments) == (False, "", "")  # type: ignore[arg-type]
            assert [warning.filename for warning in warned] == [__file__]
            assert why in str(warned[0].message)
    assert file.read_bytes() == good


def test_a_file_that_was_changed_anywhere_does_not_open(tmp_path: Path) -> None:
    file = tmp_path / "Account1.p"
    _, user_key, pass_key = WorkflowSecurity.secure_account("a", "b", file)
    good = file.read_bytes()
    changes = [good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :] for at in range(len(good))]
    changes += [good[:-1], good + b"\0", good[:5], b""]
    for changed in changes:
        file.write_bytes(changed)
        with pytest.warns(UserWarning):
            assert WorkflowSecurity.get_account_details(user_key, pass_key, file) == (False, "", "")
    file.write_bytes(good)
    assert WorkflowSecurity.get_account_details(user_key, pass_key, file) == (True, "a", "b")


def test_the_two_records_can_not_be_swapped(tmp_path: Path) -> None:
    file = tmp_path / "Account1.p"
    _, user_key, pass_key = WorkflowSecurity.secure_account("a", "b", file)
    data = file.read_bytes()
    length = 4 + int.from_bytes(data[5:9], "big")
    file.write_bytes(data[:5] + data[5 + length :] + data[5 : 5 + length])
    with pytest.warns(UserWarning):
        assert WorkflowSecurity.get_account_details(pass_key, user_key, file) == (False, "", "")


def test_an_old_file_still_opens_and_asks_to_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "Account1.p"
    file.write_bytes(OLD_FILE)
    with pytest.warns(UserWarning) as warned:
        details = WorkflowSecurity.get_account_details(*OLD_KEYS, str(file))
    assert details == (True, "reporting", 'Correct\\Horse 4 "B"')
    assert [warning.filename for warning in warned] == [__file__]
    assert file.read_bytes() == OLD_FILE
    fails(otp_link.WrongKeyError, lambda: _native.workflow_open(OLD_KEYS[1], OLD_KEYS[0], file))
    with pytest.warns(UserWarning):
        assert WorkflowSecurity.get_account_details(OLD_KEYS[1], OLD_KEYS[0], str(file)) == (False, "", "")


class Hostile:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[list[str]]]:
        return subprocess.check_call, ([sys.executable, "-c", f"open({str(self.marker)!r}, 'w')"],)


def test_a_hostile_pickle_runs_nothing(tmp_path: Path) -> None:
    file, marker = tmp_path / "Account1.p", tmp_path / "marker"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for shape in [Hostile(marker), {"list": Hostile(marker)}, {"list": ["x" * 25, Hostile(marker)]}]:
            hostile = pickle.dumps(shape, protocol)
            # It is what it claims to be: Secure-Python-Link would have run it.
            pickle.loads(hostile)
            assert marker.exists()
            marker.unlink()
            file.write_bytes(hostile)
            fails(otp_link.DamagedError, lambda: _native.workflow_open(*OLD_KEYS, file))
            with pytest.warns(UserWarning):
                assert WorkflowSecurity.get_account_details(*OLD_KEYS, str(file)) == (False, "", "")
            assert not marker.exists()

"""Each code has its class, each cause raises its class, and hints help."""

from __future__ import annotations

import datetime
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

import otp_link
from sealed import checksum
from support import calls
from otp_link import _native, errors


def test_every_code_has_a_class_of_its_name() -> None:
    assert [number for number, _, _ in _native.CODES] == list(range(1, 19))
    for number, name, summary in _native.CODES:
        assert summary
        cls = errors.BY_CODE[number]
        assert (cls.code, cls.code_name) == (number, name)
        assert cls.__name__ == "".join(part.capitalize() for part in name.split("-")) + "Error"
        assert issubclass(cls, otp_link.Error)
        assert getattr(otp_link, cls.__name__) is cls and cls.__name__ in otp_link.__all__
        assert cls.__doc__
    assert len(errors.BY_CODE) == len(_native.CODES)


def rewritten(record: Path, change: Callable[[bytearray], None]) -> None:
    """Changes a record and corrects its checksum, as anyone could who can write the store."""
    data = bytearray(record.read_bytes())
    change(data)
    data[-4:] = checksum(bytes(data[:-4]))
    record.unlink()
    record.write_bytes(data)
    record.chmod(0o600)


def flip_ciphertext(data: bytearray) -> None:
    data[-40] ^= 1


def next_version(data: bytearray) -> None:
    data[4] += 1


def test_usage(store: Path, key: otp_link.Key, record: Path) -> None:
    for call in calls(
        lambda: otp_link.open_account(store=store),
        lambda: otp_link.open_account(key, account="Not A Name", store=store),
        lambda: otp_link.open_account(key, key_file="x", store=store),
        lambda: otp_link.open_account(key, store=store, record=record),
        lambda: otp_link.open_account(key_fd=1 << 70, store=store),
        lambda: otp_link.add_account("Not A Name", password="p", store=store),
        lambda: otp_link.add_account("a", store=store),
        lambda: otp_link.add_account("a", fields={}, store=store),
        lambda: otp_link.add_account("a", fields={"": "x"}, store=store),
        lambda: otp_link.add_account("a", fields={"a\nb": "x"}, store=store),
        lambda: otp_link.add_account("a", password="p", fields={"password": "p"}, store=store),
        lambda: otp_link.add_account("a", password="p", holder="", store=store),
        lambda: otp_link.add_account("a", password="p", holder="x" * 65, store=store),
        lambda: otp_link.add_account("a", password="p", capacity=65, store=store),
        lambda: otp_link.add_account("a", password="p", capacity=-1, store=store),
        lambda: otp_link.add_account("a", password="p", capacity=1 << 70, store=store),
        lambda: otp_link.add_account("a", password="p" * 70, capacity=64, store=store),
        lambda: otp_link.add_account("a", password="p", expires=1, store=store),
        lambda: otp_link.add_account("a", password="p", expires=-1, store=store),
        lambda: otp_link.add_account("a", password="p", expires=0, store=store),
        lambda: otp_link.add_account("a", password="p", expires=1 << 70, store=store),
        lambda: otp_link.add_account("a", password="p", expires=datetime.datetime.min, store=store),
        lambda: otp_link.add_account("a", password="p", expires=datetime.timedelta.max, store=store),
        lambda: otp_link.add_account("a", password="p", expires=datetime.timedelta(days=-1), store=store),
        lambda: otp_link.add_account("a", password="p", expires=253_402_300_800, store=store),
        lambda: otp_link.rotate_account("edms/reporting", store=store),
        lambda: otp_link.rotate_account("edms/reporting", password="p", store=store),
        lambda: otp_link.rotate_account("edms/reporting", key, password="p", grace=0, store=store),
        lambda: otp_link.rotate_account("edms/reporting", key, password="p", grace=-1, store=store),
        lambda: otp_link.revoke_key("edms/reporting", "short", store=store),
    ):
        with pytest.raises(otp_link.UsageError) as raised:
            call()
        assert raised.value.code == 2 and str(raised.value) and raised.value.hint
    assert otp_link.list_accounts(store=store) == ["edms/reporting"]
    assert len(otp_link.list_keys("edms/reporting", store=store)) == 1
    assert otp_link.open_account(key, store=store).username == "alice"


def test_not_found(store: Path, key: otp_link.Key) -> None:
    for call in calls(
        lambda: otp_link.list_keys("nobody", store=store),
        lambda: otp_link.remove_account("nobody", store=store),
        lambda: otp_link.revoke_key("edms/reporting", "a" * 16, store=store),
        lambda: otp_link.revoke_key("nobody", "a" * 16, store=store),
        lambda: otp_link.rotate_account("nobody", username="u", password="p", store=store),
    ):
        with pytest.raises(otp_link.NotFoundError) as raised:
            call()
        assert raised.value.code == 3
    otp_link.revoke_key("edms/reporting", key.id, store=store)
    for call in calls(lambda: otp_link.open_account(key, store=store), lambda: otp_link.issue_key(key, store=store)):
        with pytest.raises(otp_link.NotFoundError) as raised:
            call()
        # Nothing can be done about a revoked key; one that was replaced comes with a hint.
        assert key.id in str(raised.value) and raised.value.hint is None


@pytest.mark.skipif(sys.platform == "win32", reason="it makes private files with a mode")
def test_malformed_key(store: Path, key: otp_link.Key, tmp_path: Path) -> None:
    for text in ["", "   ", "password", "otpk1_", key[:-1], key[:-1] + "!", key + "a", key.replace("otpk1_", "otpk1-")]:
        with pytest.raises(otp_link.MalformedKeyError) as raised:
            otp_link.open_account(text, store=store)
        assert raised.value.code == 4 and raised.value.hint
    file = tmp_path / "key"
    file.write_bytes(b"\xff\0" * 90)
    file.chmod(0o600)
    with pytest.raises(otp_link.MalformedKeyError):
        otp_link.open_account(key_file=file, store=store)
    file.write_bytes(b"a" * 1_000_000)
    with pytest.raises(otp_link.MalformedKeyError) as raised:
        otp_link.open_account(key_file=file, store=store)
    assert raised.value.hint is not None and str(file) in raised.value.hint


def test_wrong_key(store: Path, key: otp_link.Key, record: Path) -> None:
    other = otp_link.add_account("other", password="p", store=store)
    for call in calls(
        lambda: otp_link.open_account(other, record=record),
        lambda: otp_link.open_account(key, account="other", store=store),
        lambda: otp_link.issue_key(key, account="other", store=store),
        lambda: otp_link.rotate_account("other", key, password="p", store=store),
    ):
        with pytest.raises(otp_link.WrongKeyError) as raised:
            call()
        assert raised.value.code == 5
    rewritten(record, flip_ciphertext)
    with pytest.raises(otp_link.WrongKeyError):
        otp_link.open_account(key, store=store)


def test_damaged(store: Path, key: otp_link.Key, record: Path) -> None:
    data = record.read_bytes()
    record.unlink()
    record.write_bytes(data[:-1])
    record.chmod(0o600)
    for call in calls(
        lambda: otp_link.open_account(key, store=store),
        lambda: otp_link.open_account(key, record=record),
        lambda: otp_link.list_keys("edms/reporting", store=store),
    ):
        with pytest.raises(otp_link.DamagedError) as raised:
            call()
        assert raised.value.code == 7


def test_newer_version(store: Path, key: otp_link.Key, record: Path) -> None:
    rewritten(record, next_version)
    with pytest.raises(otp_link.NewerVersionError) as raised:
        otp_link.open_account(key, store=store)
    assert raised.value.code == 8 and raised.value.hint
    with pytest.raises(otp_link.NewerVersionError):
        otp_link.open_account("otpk2_abc", store=store)


def test_exists(store: Path, key: otp_link.Key, tmp_path: Path) -> None:
    with pytest.raises(otp_link.ExistsError) as raised:
        otp_link.add_account("edms/reporting", password="another", store=store)
    assert raised.value.code == 9 and raised.value.hint
    file = tmp_path / "key"
    file.write_text("mine")
    with pytest.raises(otp_link.ExistsError) as raised:
        key.write(file)
    assert raised.value.hint
    assert file.read_text() == "mine"
    assert otp_link.open_account(key, store=store).password == "correct horse"


def in_a_shell(hint: str | None) -> None:
    """Runs the command that a hint is."""
    assert hint is not None
    subprocess.run(hint, shell=True, check=True, capture_output=True, timeout=60)


@pytest.mark.skipif(sys.platform == "win32", reason="it speaks of modes; otp-cli/tests/windows of access lists")
def test_unsafe_permissions(tmp_path: Path) -> None:
    folder = tmp_path / "it's $HOME; a folder"
    folder.mkdir(0o700)
    file, store = folder / "nightly key", folder / "store"
    key = otp_link.add_account("edms/reporting", username="alice", store=store)
    key.write(file)
    file.chmod(0o644)
    with pytest.raises(otp_link.UnsafePermissionsError) as raised:
        otp_link.open_account(key_file=file, store=store)
    assert raised.value.code == 10 and str(file) in str(raised.value) and "chmod" not in str(raised.value)
    assert raised.value.hint is not None and "new key" in raised.value.hint
    file.chmod(0o600)
    assert otp_link.open_account(key_file=file, store=store).username == "alice"
    for call in calls(
        lambda: otp_link.open_account(key, store=store),
        lambda: otp_link.add_account("a", password="p", store=store),
        lambda: otp_link.list_accounts(store=store),
        lambda: otp_link.verify(store=store),
    ):
        store.chmod(0o777)
        with pytest.raises(otp_link.UnsafePermissionsError) as raised:
            call()
        assert stat.S_IMODE(store.stat().st_mode) == 0o777
        in_a_shell(raised.value.hint)
        assert stat.S_IMODE(store.stat().st_mode) == 0o755
        call()


def test_store_unavailable(tmp_path: Path, key: otp_link.Key) -> None:
    file = tmp_path / "file"
    file.touch()
    for store in [tmp_path / "nowhere", file]:
        for call in calls(
            lambda: otp_link.open_account(key, store=store),
            lambda: otp_link.list_accounts(store=store),
            lambda: otp_link.list_keys("a", store=store),
            lambda: otp_link.verify(store=store),
            lambda: otp_link.revoke_key("a", "a" * 16, store=store),
            lambda: otp_link.remove_account("a", store=store),
            lambda: otp_link.issue_key(key, store=store),
        ):
            with pytest.raises(otp_link.StoreUnavailableError) as raised:
                call()
            assert raised.value.code == 12 and raised.value.hint
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(otp_link.StoreUnavailableError):
        otp_link.open_account(key, record=tmp_path / "nowhere")


def test_other(tmp_path: Path, store: Path, key: otp_link.Key) -> None:
    for call in calls(
        lambda: otp_link.open_account(key_file=tmp_path / "nowhere", store=store),
        lambda: otp_link.open_account(key_file=tmp_path, store=store),
        lambda: key.write(tmp_path / "nowhere" / "key"),
    ):
        with pytest.raises(otp_link.OtherError) as raised:
            call()
        assert raised.value.code == 1 and raised.value.hint
        assert type(raised.value) is otp_link.OtherError


@pytest.mark.skipif(sys.platform == "win32", reason="it has the reasons of Unix")
def test_a_message_has_the_systems_reason(tmp_path: Path, store: Path) -> None:
    with pytest.raises(otp_link.Error, match=os.strerror(2)):
        otp_link.open_account(key_file=tmp_path / "nowhere", store=store)


def test_arguments_of_the_wrong_type_are_type_errors(store: Path) -> None:
    for call in calls(
        lambda: otp_link.open_account(5, store=store),  # type: ignore[arg-type]
        lambda: otp_link.open_account(store=5),  # type: ignore[arg-type]
        lambda: otp_link.add_account(5, store=store),  # type: ignore[arg-type]
        lambda: otp_link.add_account("a", fields=["x"], store=store),  # type: ignore[arg-type]
        lambda: otp_link.add_account("a", password="p", capacity="64", store=store),  # type: ignore[arg-type]
        lambda: otp_link.open_account(key_fd="3", store=store),  # type: ignore[arg-type]
        lambda: otp_link.add_account("a", password="p", expires="30d", store=store),  # type: ignore[arg-type]
        lambda: otp_link.add_account("a", password="p", expires=1e12, store=store),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            call()
    assert not store.exists()

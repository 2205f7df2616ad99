"""Each code has its class, and each class is raised by what it is for."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import Callable

import pytest

import otp_link
from support import calls
from otp_link import _native, errors


def test_every_code_has_a_class_of_its_name() -> None:
    assert len(_native.CODES) >= 12
    for number, name, _ in _native.CODES:
        cls = errors.BY_CODE[number]
        assert (cls.code, cls.code_name) == (number, name)
        assert cls.__name__ == "".join(part.capitalize() for part in name.split("-")) + "Error"
        assert issubclass(cls, otp_link.Error)
        assert getattr(otp_link, cls.__name__) is cls and cls.__name__ in otp_link.__all__
        assert cls.__doc__
    assert len(errors.BY_CODE) == len(_native.CODES)


def rewritten(record: Path, change: Callable[[bytearray], None]) -> None:
    """Changes a record and mends its CRC-32, as somebody would who can write the store."""
    data = bytearray(record.read_bytes())
    change(data)
    data[-4:] = zlib.crc32(data[:-4]).to_bytes(4, "little")
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
        lambda: otp_link.add_account("Not A Name", password="p", store=store),
        lambda: otp_link.add_account("a", store=store),
        lambda: otp_link.add_account("a", fields={}, store=store),
        lambda: otp_link.add_account("a", fields={"": "x"}, store=store),
        lambda: otp_link.add_account("a", fields={"a\nb": "x"}, store=store),
        lambda: otp_link.add_account("a", password="p", fields={"password": "p"}, store=store),
        lambda: otp_link.add_account("a", password="p", holder="", store=store),
        lambda: otp_link.add_account("a", password="p", holder="x" * 65, store=store),
        lambda: otp_link.add_account("a", password="p", capacity=65, store=store),
        lambda: otp_link.add_account("a", password="p" * 70, capacity=64, store=store),
        lambda: otp_link.add_account("a", password="p", expires=1, store=store),
        lambda: otp_link.add_account("a", password="p", expires=-1, store=store),
        lambda: otp_link.add_account("a", password="p", expires=0, store=store),
        lambda: otp_link.add_account("a", password="p", expires=1 << 70, store=store),
        lambda: otp_link.add_account("a", password="p", expires=253_402_300_800, store=store),
        lambda: otp_link.rotate_account("edms/reporting", store=store),
        lambda: otp_link.rotate_account("edms/reporting", password="p", store=store),
        lambda: otp_link.rotate_account("edms/reporting", key, password="p", grace=0, store=store),
        lambda: otp_link.rotate_account("edms/reporting", key, password="p", grace=-1, store=store),
        lambda: otp_link.revoke_key("edms/reporting", "short", store=store),
    ):
        with pytest.raises(otp_link.UsageError) as raised:
            call()
        assert raised.value.code == 2 and str(raised.value)
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
        with pytest.raises(otp_link.NotFoundError, match="revoked"):
            call()


def test_malformed_key(store: Path, key: otp_link.Key, tmp_path: Path) -> None:
    for text in ["", "   ", "password", "otpk1_", key[:-1], key[:-1] + "!", key + "a", key.replace("otpk1_", "otpk1-")]:
        with pytest.raises(otp_link.MalformedKeyError) as raised:
            otp_link.open_account(text, store=store)
        assert raised.value.code == 4
    file = tmp_path / "key"
    file.write_bytes(b"\xff\0" * 90)
    file.chmod(0o600)
    with pytest.raises(otp_link.MalformedKeyError):
        otp_link.open_account(key_file=file, store=store)
    file.write_bytes(b"a" * 1_000_000)
    with pytest.raises(otp_link.MalformedKeyError):
        otp_link.open_account(key_file=file, store=store)


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
    assert raised.value.code == 8
    with pytest.raises(otp_link.NewerVersionError):
        otp_link.open_account("otpk2_abc", store=store)


def test_exists(store: Path, key: otp_link.Key, tmp_path: Path) -> None:
    with pytest.raises(otp_link.ExistsError) as raised:
        otp_link.add_account("edms/reporting", password="another", store=store)
    assert raised.value.code == 9
    file = tmp_path / "key"
    file.write_text("mine")
    with pytest.raises(otp_link.ExistsError):
        key.write(file)
    assert file.read_text() == "mine"
    assert otp_link.open_account(key, store=store).password == "correct horse"


def test_unsafe_permissions(store: Path, key: otp_link.Key, tmp_path: Path) -> None:
    file = tmp_path / "key"
    key.write(file)
    file.chmod(0o644)
    with pytest.raises(otp_link.UnsafePermissionsError, match="chmod 600") as raised:
        otp_link.open_account(key_file=file, store=store)
    assert raised.value.code == 10
    store.chmod(0o777)
    for call in calls(
        lambda: otp_link.open_account(key, store=store),
        lambda: otp_link.add_account("a", password="p", store=store),
        lambda: otp_link.list_accounts(store=store),
        lambda: otp_link.verify(store=store),
    ):
        with pytest.raises(otp_link.UnsafePermissionsError, match="chmod go-w"):
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
            assert raised.value.code == 12
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
        assert raised.value.code == 1
        assert type(raised.value) is otp_link.OtherError


def test_a_message_has_the_systems_reason(tmp_path: Path, store: Path) -> None:
    with pytest.raises(otp_link.Error, match=os.strerror(2)):
        otp_link.open_account(key_file=tmp_path / "nowhere", store=store)


def test_calls_of_the_wrong_kind_are_type_errors(store: Path) -> None:
    for call in calls(
        lambda: otp_link.open_account(5, store=store),  # type: ignore[arg-type]
        lambda: otp_link.open_account(store=5),  # type: ignore[arg-type]
        lambda: otp_link.add_account(5, store=store),  # type: ignore[arg-type]
        lambda: otp_link.add_account("a", fields=["x"], store=store),  # type: ignore[arg-type]
        lambda: otp_link.add_account("a", password="p", expires="30d", store=store),  # type: ignore[arg-type]
        lambda: otp_link.add_account("a", password="p", expires=1e12, store=store),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            call()
    assert not store.exists()

"""Key and store are found as the program otp finds them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest

import otp_link


@pytest.mark.skipif(sys.platform == "win32", reason="it makes private files with a mode, and descriptors")
def test_the_environment_leads_to_key_and_store(
    store: Path, key: otp_link.Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file.key"
    key.write(file)
    monkeypatch.setenv("OTP_STORE", str(store))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(otp_link.UsageError) as raised:
        otp_link.open_account()
    assert raised.value.hint is not None
    for way in ["key=", "key_file=", "key_fd=", "OTP_KEY_FILE", "OTP_KEY,", "otp-key"]:
        assert way in raised.value.hint
    (tmp_path / "otp-key").write_text(key)
    (tmp_path / "otp-key").chmod(0o600)
    assert otp_link.open_account().username == "alice"
    # The first place counts, and one that fails is not passed over.
    monkeypatch.setenv("OTP_KEY", "otpk1_")
    with pytest.raises(otp_link.MalformedKeyError):
        otp_link.open_account()
    monkeypatch.setenv("OTP_KEY", key)
    assert otp_link.open_account(account="edms/reporting").username == "alice"
    monkeypatch.setenv("OTP_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(otp_link.OtherError):
        otp_link.open_account()
    monkeypatch.setenv("OTP_KEY_FILE", str(file))
    assert otp_link.open_account().username == "alice"
    # An argument counts before all of them.
    other = otp_link.add_account("other", username="bob")
    assert otp_link.open_account(other).username == "bob"


def test_by_default_the_store_is_the_users_own(tmp_path: Path) -> None:
    key = otp_link.add_account("a", password="p")
    assert (tmp_path / "data/otp/store/a" / f"{key.id}.otp").exists()
    assert otp_link.open_account(key).password == "p"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows hands on no numbered descriptors")
def test_a_key_comes_through_a_descriptor(store: Path, key: otp_link.Key) -> None:
    reader, writer = os.pipe()
    os.write(writer, key.encode() + b"\n")
    os.close(writer)
    assert otp_link.open_account(key_fd=reader, store=store).username == "alice"
    # It stays open for the caller to close, and has been read to its end.
    with pytest.raises(otp_link.MalformedKeyError):
        otp_link.open_account(key_fd=reader, store=store)
    os.close(reader)
    with pytest.raises(otp_link.OtherError):
        otp_link.open_account(key_fd=reader, store=store)


def test_a_record_may_lie_anywhere(store: Path, key: otp_link.Key, record: Path, tmp_path: Path) -> None:
    shipped = tmp_path / "shipped.otp"
    shipped.write_bytes(record.read_bytes())
    assert otp_link.open_account(key, record=shipped).username == "alice"
    assert otp_link.open_account(str(key).upper(), record=os.fsencode(shipped)).username == "alice"
    assert otp_link.open_account(f"  {key}\n".encode(), record=str(shipped)).username == "alice"


def test_a_program_with_argparse_needs_two_lines(store: Path, key: otp_link.Key, record: Path, tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("report")
    otp_link.add_arguments(parser)
    file = tmp_path / "key"
    key.write(file)
    # Windows hands on no numbered descriptors.
    descriptor = [] if sys.platform == "win32" else [["--key-fd", str(os.open(file, os.O_RDONLY)), "--store", str(store)]]
    for arguments in [
        ["--key-file", str(file), "--store", str(store)],
        ["--key-file", str(file), "--record", str(record)],
        ["--key-file", str(file), "--store", str(store), "--account", "edms/reporting"],
        *descriptor,
    ]:
        with otp_link.from_arguments(parser.parse_args(["report", *arguments])) as account:
            assert account.password == "correct horse"
    with pytest.warns(UserWarning):
        account = otp_link.from_arguments(parser.parse_args(["report", "--key", key, "--store", str(store)]))
    assert account.password == "correct horse"
    with pytest.raises(otp_link.WrongKeyError):
        otp_link.from_arguments(
            parser.parse_args(["report", "--key-file", str(file), "--store", str(store), "--account", "other"])
        )
    assert "--key-file PATH" in parser.format_help()
    for arguments in [["--key", "a", "--key-file", "b"], ["--store", "a", "--record", "b"]]:
        with pytest.raises(SystemExit):
            parser.parse_args(["report", *arguments])


@pytest.mark.skipif(os.name != "posix", reason="needs modes")
def test_a_key_file_that_others_can_read_takes_a_word_of_its_own(
    store: Path, key: otp_link.Key, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    key.write(file)
    file.chmod(0o644)
    with pytest.raises(otp_link.UnsafePermissionsError):
        otp_link.open_account(key_file=file, store=store)
    with pytest.raises(otp_link.UnsafePermissionsError) as raised:
        otp_link.open_account(key_file=file, key_file_mode="private", store=store)
    assert 'key_file_mode="any"' in (raised.value.hint or "")
    assert otp_link.open_account(key_file=file, key_file_mode="any", store=store).username == "alice"
    assert otp_link.issue_key(key_file=file, key_file_mode="any", store=store).account == "edms/reporting"
    with pytest.raises(otp_link.UsageError):
        otp_link.open_account(key_file=file, key_file_mode="others", store=store)  # type: ignore[arg-type]


@pytest.mark.skipif(os.name != "posix", reason="needs modes")
def test_a_directory_of_keys_that_others_can_write_to_is_refused_or_a_warning(
    store: Path, key: otp_link.Key, tmp_path: Path
) -> None:
    directory = tmp_path / "shared"
    directory.mkdir()
    key.write(directory / "key")
    directory.chmod(0o1777)
    with pytest.warns(UserWarning, match="shared"):
        assert otp_link.open_account(key_file=directory / "key", store=store).username == "alice"
    directory.chmod(0o777)
    with pytest.raises(otp_link.UnsafePermissionsError):
        otp_link.open_account(key_file=directory / "key", store=store)

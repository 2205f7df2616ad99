"""The audit log, from Python: the same lines as the program's, and no account without one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

import otp_link
from otp_link import workflow_security


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log.jsonl"
    monkeypatch.setenv("OTP_AUDIT", f"file:{path}")
    return path


def test_an_open_and_a_refusal_are_a_line_each(store: Path, key: otp_link.Key, log: Path) -> None:
    with otp_link.open_account(key, store=store):
        pass
    with pytest.raises(otp_link.WrongKeyError):
        otp_link.open_account(key, account="other", store=store)
    opened, refused = lines(log)[-2:]
    assert (opened["event"], opened["result"]) == ("open", "ok")
    assert (opened["account"], opened["key_id"], opened["holder"]) == ("edms/reporting", key.id, "nightly")
    assert opened["pid"] == os.getpid()
    assert opened["program"] == os.path.basename(os.path.realpath(sys.executable))
    assert (refused["result"], refused["key_id"]) == ("wrong-key", key.id)
    assert "alice" not in log.read_text() and "correct horse" not in log.read_text()


def test_what_changes_keys_is_an_event_too(store: Path, key: otp_link.Key, log: Path) -> None:
    other = otp_link.issue_key(key, holder="hourly", store=store)
    otp_link.rotate_account("edms/reporting", key, password="new", store=store)
    otp_link.remove_account("edms/reporting", store=store)
    found = [(line["event"], line["result"]) for line in lines(log)]
    assert found == [("issue", "ok"), ("rotate", "ok"), ("remove", "ok")]
    assert (lines(log)[0]["key_id"], lines(log)[0]["holder"]) == (other.id, "hourly")


def test_a_file_of_workflow_security_is_opened_with_a_line_for_each_key(tmp_path: Path, log: Path) -> None:
    file = tmp_path / "file"
    done, user_key, pass_key = workflow_security.secure_account("u", "p", str(file))
    assert done
    assert workflow_security.get_account_details(user_key, pass_key, str(file)) == (True, "u", "p")
    assert [(line["event"], line["account"]) for line in lines(log)] == [("open", "user"), ("open", "password")]


@pytest.mark.skipif(sys.platform == "win32" or not os.path.exists("/dev/full"), reason="this system has no full device")
def test_without_a_line_nothing_is_opened(
    store: Path, key: otp_link.Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTP_AUDIT", "file:/dev/full")
    with pytest.raises(otp_link.AuditFailedError) as failed:
        otp_link.open_account(key, store=store)
    assert failed.value.code == 17 and "/dev/full" in str(failed.value)
    with pytest.raises(otp_link.AuditFailedError):
        otp_link.add_account("b", username="u", password="p", store=store)
    assert otp_link.list_accounts(store=store) == ["edms/reporting"]
    monkeypatch.setenv("OTP_AUDIT", "file:/dev/full,optional")
    with pytest.warns(UserWarning, match="audit log /dev/full"):
        otp_link.open_account(key, store=store).close()


def test_a_variable_that_names_no_log_is_refused(
    store: Path, key: otp_link.Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTP_AUDIT", "on")
    with pytest.raises(otp_link.UsageError) as failed:
        otp_link.open_account(key, store=store)
    assert failed.value.hint is not None and "OTP_AUDIT" in failed.value.hint

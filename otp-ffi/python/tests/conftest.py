"""What the tests share: a store of their own, and an environment without keys and stores."""

from __future__ import annotations

from pathlib import Path

import pytest

import otp_link


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ["OTP_AUDIT", "OTP_KEY", "OTP_KEY_FILE", "OTP_STORE", "OTP_RING", "CREDENTIALS_DIRECTORY"]:
        monkeypatch.delenv(name, raising=False)
    # A look for the user's own store finds one of the test.
    for name in ["XDG_DATA_HOME", "LOCALAPPDATA"]:
        monkeypatch.setenv(name, str(tmp_path / "data"))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def key(store: Path) -> otp_link.Key:
    """A key to edms/reporting, whose password no message may show."""
    return otp_link.add_account(
        "edms/reporting", username="alice", password="correct horse", holder="nightly", store=store
    )


@pytest.fixture
def record(store: Path, key: otp_link.Key) -> Path:
    """The record of that key."""
    return store / "edms/reporting" / f"{key.id}.otp"

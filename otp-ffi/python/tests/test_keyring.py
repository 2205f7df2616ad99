"""The backend of keyring: scripts that use keyring stay as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("keyring is not part of the environment of the tests there", allow_module_level=True)

import keyring
import keyring.backend
from keyring.errors import KeyringError

import otp_link
from otp_link.keyring import Keyring

# As it is in countless scripts: nothing in it is ours.
SCRIPT = """
import sys
import keyring
password = keyring.get_password(sys.argv[1], sys.argv[2])
sys.stdout.buffer.write(repr(password).encode() if password is None else password.encode())
"""
# Nearly all punctuation, letters beyond ASCII, and a blank at both ends.
PASSWORD = " p!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~${HOME}%41\u00e4\u20ac "

# Another backend, such as a desktop has, with an older password under each name.
DESKTOP = """
from keyring.backend import KeyringBackend
class Desktop(KeyringBackend):
    priority = 5
    def get_password(self, service, username): return "from the desktop"
    def set_password(self, service, username, password): open("set", "w").close()
    def delete_password(self, service, username): open("deleted", "w").close()
"""


@pytest.fixture
def key_file(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    fields = {"service": "reporting-db"}
    key = otp_link.add_account("edms/reporting", username="alice", password=PASSWORD, fields=fields, store=store)
    key.write(tmp_path / "nightly.key")
    monkeypatch.setenv("OTP_KEY_FILE", str(tmp_path / "nightly.key"))
    monkeypatch.setenv("OTP_STORE", str(store))
    return tmp_path / "nightly.key"


def backend() -> Keyring:
    return Keyring()  # type: ignore[no-untyped-call]  # The constructor of keyring's backends has no types.


def run(*arguments: str, script: str = SCRIPT, folder: "Path | None" = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, cwd=folder)


def with_desktop(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has each process find the other backend, as keyring finds all."""
    (folder / "desktop.py").write_text(DESKTOP)
    distribution = folder / "desktop-1.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: desktop\nVersion: 1\n")
    (distribution / "entry_points.txt").write_text("[keyring.backends]\ndesktop = desktop\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_an_unmodified_script_gets_its_password(key_file: Path) -> None:
    for service in ["edms/reporting", "reporting-db"]:
        assert run(service, "alice").stdout == PASSWORD, service


def test_what_is_not_meant_for_the_account_goes_to_the_next_backend(
    key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_desktop(tmp_path, monkeypatch)
    assert run("edms/reporting", "alice").stdout == PASSWORD
    for service, username in [("edms/reporting", "bob"), ("edms/billing", "alice"), ("edms", "alice"), ("", "alice")]:
        assert run(service, username).stdout == "from the desktop", (service, username)
    for name, change in [("set", "set_password('s', 'u', 'p')"), ("deleted", "delete_password('s', 'u')")]:
        done = run(script=f"import keyring; keyring.{change}", folder=tmp_path)
        assert done.returncode == 0 and (tmp_path / name).exists(), done.stderr


def test_a_key_that_opens_nothing_does_not_send_a_script_to_an_older_password(
    key_file: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_desktop(tmp_path, monkeypatch)
    otp_link.remove_account("edms/reporting", store=store)
    done = run("edms/reporting", "alice")
    assert done.returncode != 0 and done.stdout == ""
    assert "KeyringError: there is no key" in done.stderr


def test_without_a_key_there_is_no_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError):
        Keyring.priority  # noqa: B018
    assert not Keyring.viable
    script = "import keyring.backend as b; print([type(k).__module__ for k in b.get_all_keyring()])"
    assert "otp_link.keyring" not in run(script=script).stdout
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert not Keyring.viable
    (tmp_path / "otp-key").touch()
    assert Keyring.priority == 9
    assert "otp_link.keyring" in run(script=script).stdout


def test_a_credential_has_the_name_of_the_user(key_file: Path) -> None:
    for username in [None, "alice"]:
        credential = backend().get_credential("reporting-db", username)
        assert credential is not None and (credential.username, credential.password) == ("alice", PASSWORD)
    assert backend().get_credential("reporting-db", "bob") is None


def test_what_is_no_text_or_not_there_is_an_error(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTP_STORE", str(store))
    for account, password in [("a", b"\xff"), ("b", None)]:
        fields = None if password else {"token": "t"}
        key = otp_link.add_account(account, username="u", password=password, fields=fields, store=store)
        monkeypatch.setenv("OTP_KEY", key)
        with pytest.raises(KeyringError) as failed:
            backend().get_password(account, "u")
        assert isinstance(failed.value.__cause__, otp_link.Error)


def test_the_wheel_has_the_entry_point_and_needs_no_keyring() -> None:
    points = [point for point in metadata.entry_points(group="keyring.backends") if point.name == "otp"]
    assert [point.value for point in points] == ["otp_link.keyring"]
    assert points[0].load().Keyring is Keyring
    loaded = run(script="import sys, otp_link; print(*[m for m in sys.modules if 'keyring' in m])").stdout
    assert loaded.split() == []
    assert os.path.dirname(str(sys.modules["otp_link.keyring"].__file__)) == os.path.dirname(str(otp_link.__file__))

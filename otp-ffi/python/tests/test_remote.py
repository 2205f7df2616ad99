"""Stores on the network: waiting, Ctrl-C, threads, forks, and hosts that do unusual things with their children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import otp_link

HELPERS = Path(__file__).parents[3] / "otp-link/tests/helper"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the test's helper is a script that looks into /proc")


@pytest.fixture
def remote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a store that a helper serves."""
    monkeypatch.setenv("OTP_HELPERS", str(HELPERS))
    (tmp_path / "remote").mkdir()
    return f"test://{tmp_path}/remote"


@pytest.fixture
def far_key(remote: str) -> otp_link.Key:
    return otp_link.add_account("edms/reporting", username="alice", password="correct horse", store=remote)


def script(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a script in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text), *arguments], capture_output=True, text=True, timeout=60
    )


def test_a_url_is_a_store(remote: str, far_key: otp_link.Key, tmp_path: Path) -> None:
    with otp_link.open_account(far_key, store=remote) as account:
        assert account.password == "correct horse"
    assert list(otp_link.list_accounts(store=remote)) == ["edms/reporting"]
    with pytest.raises(otp_link.errors.DeniedError):
        otp_link.open_account(far_key, store=f"{remote}?fault=denied")
    with pytest.raises(otp_link.errors.UsageError, match="zone"):
        otp_link.open_account(far_key, store="s3://bucket?zone=a")
    # A path with a colon in it stays one.
    with pytest.raises(otp_link.errors.StoreUnavailableError):
        otp_link.open_account(far_key, store=tmp_path / "a:b")


def test_one_helper_serves_many_calls(remote: str, far_key: otp_link.Key, tmp_path: Path) -> None:
    store = f"{remote}?pid={tmp_path / 'pids'}"
    for _ in range(5):
        otp_link.open_account(far_key, store=store).close()
    assert len((tmp_path / "pids").read_text().split()) == 1


def test_waiting_lets_other_threads_run_and_ctrl_c_ends_it(remote: str, far_key: otp_link.Key) -> None:
    ran = threading.Event()

    def interrupt() -> None:
        # This runs while the main thread waits in the library, or never.
        ran.set()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.2, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        otp_link.open_account(far_key, store=f"{remote}?fault=hangs")
    assert ran.is_set()
    timer.join()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_closes_its_copies_and_starts_a_helper_of_its_own(
    remote: str, far_key: otp_link.Key, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    store = f"{remote}?pid={pids}"
    otp_link.open_account(far_key, store=store).close()
    child = os.fork()
    if child == 0:
        sockets = [name for name in os.listdir("/proc/self/fd") if leads_to_socket(name)]
        otp_link.open_account(far_key, store=store).close()
        os._exit(len(sockets))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    # The parent's is still the one that it was.
    otp_link.open_account(far_key, store=store).close()
    assert len(pids.read_text().split()) == 2


def leads_to_socket(name: str) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("host", ["ignores SIGCHLD", "reaps all children", "has no standard streams"])
def test_hosts_may_do_what_they_like(remote: str, far_key: otp_link.Key, tmp_path: Path, host: str) -> None:
    key_file, pids = tmp_path / "key", tmp_path / "pids"
    far_key.write(key_file)
    # The second helper hangs, is killed, and must have ended when the call returns.
    done = script(
        """
        import os, signal, sys, threading
        import otp_link
        key_file, store, pids, host = sys.argv[1:]
        if host == "ignores SIGCHLD":
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        if host == "reaps all children":
            def reap():
                while True:
                    try:
                        os.wait()
                    except ChildProcessError:
                        pass
            threading.Thread(target=reap, daemon=True).start()
        if host == "has no standard streams":
            for number in range(3):
                os.close(number)
        otp_link.open_account(key_file=key_file, store=store).close()
        os.environ["OTP_STORE_TIMEOUT"] = "1"
        try:
            otp_link.open_account(key_file=key_file, store=f"{store}?fault=hangs&pid={pids}")
            os._exit(1)
        except otp_link.errors.StoreUnavailableError:
            pass
        pid = int(open(pids).read())
        os._exit(2 if os.path.exists(f"/proc/{pid}") else 0)
        """,
        str(key_file), remote, str(pids), host,
    )
    assert done.returncode == 0, done.stderr


def test_a_dead_helper_raises_no_signal_and_is_started_again(
    remote: str, far_key: otp_link.Key, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    store = f"{remote}?pid={pids}"
    before = signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        otp_link.open_account(far_key, store=store).close()
        os.kill(int(pids.read_text()), signal.SIGKILL)
        for _ in range(2):
            try:
                otp_link.open_account(far_key, store=store).close()
            except otp_link.errors.StoreUnavailableError:
                pass
    finally:
        signal.signal(signal.SIGPIPE, before)
    assert len(pids.read_text().split()) == 2


def test_ctrl_c_while_a_rotation_is_published_leaves_it_to_be_resumed(remote: str, tmp_path: Path) -> None:
    pids, bucket, ring = tmp_path / "pids", tmp_path / "remote", tmp_path / "ring"
    store = f"{remote}?pid={pids}"
    otp_link.init_ring(ring, store=store)
    key = otp_link.add_account("edms/a", username="a", password="first", pages=4, store=store, ring=ring)

    def apply(*_: object) -> None:
        # The helper that runs answers nothing any more, until somebody presses Ctrl-C.
        os.kill(int(pids.read_text().split()[-1]), signal.SIGSTOP)
        bucket.rename(tmp_path / "lost")
        timer.start()

    timer = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(otp_link.InDoubtError) as raised:
        otp_link.rotate_account("edms/a", password="second", store=store, ring=ring, apply=apply)
    timer.join()
    assert isinstance(raised.value.__cause__, KeyboardInterrupt)
    assert "resume_rotation" in (raised.value.hint or "")
    (tmp_path / "lost").rename(bucket)
    assert otp_link.resume_rotation("edms/a", store=store, ring=ring, apply=lambda *_: True) == []
    with otp_link.open_account(key, store=store) as account:
        assert account.password == "second"

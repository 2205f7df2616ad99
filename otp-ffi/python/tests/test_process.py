"""Threads, forks, many opens, and the interpreter's end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import otp_link

if sys.platform != "win32":
    import resource


def resident_kib() -> int:
    """The memory that the process has now."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() // 1024


@pytest.mark.skipif(sys.platform == "win32", reason="it counts in /proc")
def test_ten_thousand_opens_take_no_memory_and_no_descriptor(store: Path, key: otp_link.Key) -> None:
    def open_many(count: int) -> None:
        for _ in range(count):
            with otp_link.open_account(key, store=store) as account:
                assert account.raw["password"] == b"correct horse"
            with pytest.raises(otp_link.Error):
                otp_link.open_account(key, account="other", store=store)

    open_many(500)
    mappings, descriptors, before = count_lines("/proc/self/maps"), len(os.listdir("/proc/self/fd")), resident_kib()
    open_many(10_000)
    # Leaking a page for each would take 40 MB, and a copy of the key's text 2 MB.
    assert resident_kib() - before < 1024
    assert count_lines("/proc/self/maps") - mappings < 20
    assert len(os.listdir("/proc/self/fd")) == descriptors


def count_lines(path: str) -> int:
    with open(path) as file:
        return sum(1 for _ in file)


@pytest.mark.skipif(sys.platform == "win32", reason="it counts in /proc")
def test_an_account_without_references_is_freed(store: Path, key: otp_link.Key) -> None:
    accounts = [otp_link.open_account(key, store=store) for _ in range(100)]
    mappings = count_lines("/proc/self/maps")
    size = sum(1 for _ in accounts)
    del accounts
    assert size == 100 and count_lines("/proc/self/maps") <= mappings


def test_threads_share_an_account_and_a_store(store: Path, key: otp_link.Key) -> None:
    shared = otp_link.open_account(key, store=store)
    keys: list[otp_link.Key] = []
    failures: list[BaseException] = []
    start = threading.Barrier(8)

    def work(number: int) -> None:
        try:
            start.wait()
            for turn in range(50):
                assert shared.password == "correct horse"
                with otp_link.open_account(key, store=store) as own:
                    assert own.username == "alice"
            keys.append(otp_link.issue_key(key, holder=f"thread {number}", store=store))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len({each.id for each in keys}) == 8
    assert all(otp_link.open_account(each, store=store).username == "alice" for each in keys)


def test_an_account_closed_by_one_thread_is_closed_for_all(store: Path, key: otp_link.Key) -> None:
    for _ in range(50):
        account = otp_link.open_account(key, store=store)
        outcomes: list[object] = []
        start = threading.Barrier(3)

        def read() -> None:
            start.wait()
            try:
                while True:
                    assert account.password == "correct horse"
            except otp_link.ClosedError as closed:
                outcomes.append(closed)

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        start.wait()
        account.close()
        for reader in readers:
            reader.join()
        assert len(outcomes) == 2


def test_others_run_while_a_call_waits(store: Path, key: otp_link.Key) -> None:
    """The rotation holds the account's lock, and a thread that waits for it lets this one finish."""
    waiting = threading.Event()
    issued: list[otp_link.Key] = []

    def issue() -> None:
        waiting.set()
        issued.append(otp_link.issue_key(new[0], store=store))

    new: list[otp_link.Key] = []

    def hand_over(keys: list[otp_link.Key]) -> None:
        new.extend(keys)
        thread.start()
        assert waiting.wait(60)
        # It is still waiting for our lock.
        assert issued == []

    thread = threading.Thread(target=issue)
    otp_link.rotate_account("edms/reporting", key, password="new", store=store, hand_over=hand_over)
    thread.join()
    assert otp_link.open_account(issued[0], store=store).password == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_child_has_its_own_copy_and_closing_it_touches_no_other(store: Path, key: otp_link.Key) -> None:
    account = otp_link.open_account(key, store=store)
    child = os.fork()
    if child == 0:
        # Nothing of pytest may run in here.
        status = 1
        try:
            same = account.password == "correct horse"
            account.close()
            with otp_link.open_account(key, store=store) as own:
                status = 0 if same and own.username == "alice" else 2
            otp_link.issue_key(key, holder="child", store=store)
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert account.password == "correct horse"
    assert sorted(info.holder or "" for info in otp_link.list_keys("edms/reporting", store=store)) == ["child", "nightly"]


def locked_kib() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmLck:")).split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory is locked")
def test_a_child_has_its_copy_locked_again(store: Path, key: otp_link.Key) -> None:
    with otp_link.open_account(key, store=store):
        before = locked_kib()
        child = os.fork()
        if child == 0:
            os._exit(0 if locked_kib() == before else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert before > 0 or resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] < 65536


def run(script: str, store: Path, key: otp_link.Key) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OTP_STORE": str(store), "OTP_KEY": str(key)}
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=300)


def test_the_interpreter_ends_with_accounts_open(store: Path, key: otp_link.Key) -> None:
    done = run(
        "import otp_link, sys\n"
        "account = otp_link.open_account()\n"
        "sys.kept = [account, account.raw]\n"
        "sys.kept.append(sys.kept)\n"
        "class Late:\n"
        "    def __del__(self, account=account):\n"
        "        print(account.password)\n"
        "late = Late()\n",
        store,
        key,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "correct horse\n", "")


def test_the_interpreter_ends_while_threads_open_accounts(store: Path, key: otp_link.Key) -> None:
    script = (
        "import otp_link, threading\n"
        "started = threading.Barrier(5)\n"
        "def work():\n"
        "    kept = otp_link.open_account()\n"
        "    started.wait()\n"
        "    while True:\n"
        "        with otp_link.open_account() as account:\n"
        "            account.password, kept.password\n"
        "for _ in range(4):\n"
        "    threading.Thread(target=work, daemon=True).start()\n"
        "started.wait()\n"
    )
    for _ in range(10):
        done = run(script, store, key)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_uncaught_error_shows_its_message_its_hint_and_no_secret(store: Path, key: otp_link.Key) -> None:
    done = run("import otp_link; account = otp_link.open_account(); account.token", store, key)
    assert done.returncode == 1
    assert "otp_link.errors.NoFieldError: " in done.stderr
    assert ("\nhint: " in done.stderr) == (sys.version_info >= (3, 11))
    assert "correct horse" not in done.stderr and str(key)[:40] not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit to ask for")
def test_a_process_is_hardened_only_if_it_asks(store: Path, key: otp_link.Key) -> None:
    done = run(
        "import otp_link, resource\n"
        "before = resource.getrlimit(resource.RLIMIT_CORE)\n"
        "otp_link.open_account()\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE) == before\n"
        "print(otp_link.harden_process(), resource.getrlimit(resource.RLIMIT_CORE)[0])\n",
        store,
        key,
    )
    assert (done.stdout, done.stderr) == ("True 0\n", "")

"""Accounts that are kept in a ring: keys that keep their text while a database changes, and what goes wrong."""

from __future__ import annotations

import stat
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Callable

import pytest

import otp_link
from support import calls

ACCOUNT = "edms/reporting"


class Down(Exception):
    """What a database raises."""


class Database:
    """A database with one user. It changes its password as apply() is to do, and fails where `fate` says."""

    def __init__(self) -> None:
        self.password = "first"
        self.fate = ""
        self.calls = 0

    def apply(self, account: str, old: dict[str, str], new: dict[str, str]) -> bool | None:
        self.calls += 1
        assert account == ACCOUNT and old["username"] == new["username"] == "alice"
        assert self.password in (old["password"], new["password"]), "neither logs in"
        if self.fate == "before":
            raise Down("before")
        if self.fate == "unchanged":
            return False
        self.password = new["password"]
        if self.fate == "after":
            raise Down("after")
        return None


@pytest.fixture
def ring(store: Path, tmp_path: Path) -> Path:
    ring = tmp_path / "ring"
    otp_link.init_ring(ring, store=store)
    return ring


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def nightly(store: Path, ring: Path) -> otp_link.Key:
    """A key of four pages to an account that is kept in the ring."""
    return otp_link.add_account(
        ACCOUNT, username="alice", password="first", holder="nightly", pages=4, store=store, ring=ring
    )


def password(key: str, store: Path) -> str:
    return str(otp_link.open_account(key, store=store).password)


def staged(store: Path) -> list[Path]:
    return list(store.rglob("*.staged.otp"))


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_password_changes_and_the_key_stays(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    hourly = otp_link.issue_key(account=ACCOUNT, holder="hourly", pages=4, store=store, ring=ring)
    for generation, new in enumerate(["second", "third"], 1):
        assert otp_link.rotate_account(ACCOUNT, password=new, store=store, ring=ring, apply=database.apply) == []
        assert password(nightly, store) == password(hourly, store) == database.password == new
        [held] = otp_link.show_ring(store=store, ring=ring)
        assert (held.account, held.generation, held.unfinished) == (ACCOUNT, generation, False)
        assert {(key.id, key.holder, key.expires, key.pages, key.pages_left, key.opens) for key in held.keys} == {
            (nightly.id, "nightly", None, 4, 3 - generation, True),
            (hourly.id, "hourly", None, 4, 3 - generation, True),
        }
        assert ACCOUNT in repr(held) and held.keys[0].id in repr(held.keys[0])
        assert {(info.page, info.pages) for info in otp_link.list_keys(ACCOUNT, store=store)} == {(generation, 4)}
    assert database.calls == 2
    assert otp_link.verify(store=store, ring=ring)
    assert otp_link.show_ring("other", store=store, ring=ring) == []


def test_what_is_not_given_stays_and_without_apply_the_database_has_been_changed(
    store: Path, ring: Path, nightly: otp_link.Key
) -> None:
    assert otp_link.rotate_account(ACCOUNT, fields={"token": b"\xff"}, store=store, ring=ring) == []
    account = otp_link.open_account(nightly, store=store)
    assert (account.username, account.password, account.raw["token"]) == ("alice", "first", b"\xff")


def test_a_plan_says_what_a_rotation_would_do_and_does_nothing(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    once = otp_link.issue_key(account=ACCOUNT, holder="once", store=store, ring=ring)
    before = contents(store), contents(ring)
    with pytest.raises(otp_link.UsageError):
        otp_link.plan_rotation(ACCOUNT, password="second", store=store, ring=ring)
    plan = otp_link.plan_rotation(ACCOUNT, password="second", new_keys=True, store=store, ring=ring)
    assert (plan.generation, plan.kept, plan.behind, plan.orphaned) == (1, [], [], [])
    assert sorted(plan.ended) == sorted([nightly.id, once.id]) and "2 ended" in repr(plan)
    otp_link.revoke_key(ACCOUNT, once.id, store=store, ring=ring)
    plan = otp_link.plan_rotation(ACCOUNT, password="second", store=store, ring=ring)
    assert (plan.kept, plan.ended) == ([nightly.id], [])
    # It counts what stays of the old fields: with both, the key's frame is too small.
    with pytest.raises(otp_link.UsageError):
        otp_link.plan_rotation(ACCOUNT, fields={"token": "x" * 50}, store=store, ring=ring)
    assert before[0].keys() - contents(store).keys() == {path for path in before[0] if once.id in path.name}
    assert database.calls == 0 and password(nightly, store) == "first"


def test_a_lock_is_waited_for_as_long_as_is_wanted(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    def impatient(account: str, old: dict[str, str], new: dict[str, str]) -> bool | None:
        with pytest.raises(otp_link.LockedError):
            otp_link.rotate_account(ACCOUNT, password="third", store=store, ring=ring)
        return database.apply(account, old, new)

    otp_link.set_lock_timeout(0)
    try:
        otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=impatient)
    finally:
        otp_link.set_lock_timeout(60)
    assert password(nightly, store) == database.password == "second"
    with pytest.raises(otp_link.UsageError):
        otp_link.set_lock_timeout(-1)


def test_the_last_page_brings_a_successor(store: Path, ring: Path, database: Database) -> None:
    key = otp_link.add_account(ACCOUNT, username="alice", password="first", pages=2, store=store, ring=ring)
    seen: list[list[otp_link.Key]] = []
    [new] = otp_link.rotate_account(
        ACCOUNT, password="second", store=store, ring=ring, apply=database.apply, hand_over=seen.append
    )
    assert seen == [[new]] and new.replaces == key.id
    assert password(key, store) == password(new, store) == "second"
    # Which ends the old key, and has two pages of its own.
    [newer] = otp_link.rotate_account(
        ACCOUNT, password="third", store=store, ring=ring, apply=database.apply, hand_over=seen.append
    )
    assert seen == [[new], [newer]] and newer.replaces == new.id
    assert password(new, store) == password(newer, store) == "third"
    with pytest.raises(otp_link.NotFoundError):
        otp_link.open_account(key, store=store)


def test_keys_without_a_page_left_are_replaced_only_if_that_is_meant(
    store: Path, ring: Path, database: Database
) -> None:
    key = otp_link.add_account(ACCOUNT, username="alice", password="first", holder="nightly", store=store, ring=ring)
    with pytest.raises(otp_link.UsageError) as raised:
        otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)
    assert "new_keys=True" in (raised.value.hint or "") and database.calls == 0 and password(key, store) == "first"

    def full(_: object) -> None:
        raise Down

    with pytest.raises(Down):
        otp_link.rotate_account(
            ACCOUNT, password="second", store=store, ring=ring, apply=database.apply, new_keys=True, hand_over=full
        )
    # The rotation stands, and the ring has the new key.
    [held] = otp_link.show_ring(store=store, ring=ring)
    [entry] = held.keys
    new = otp_link.export_key(entry.id, store=store, ring=ring)
    assert (new.account, new.holder) == (ACCOUNT, "nightly")
    assert password(new, store) == database.password == "second"
    with pytest.raises(otp_link.NotFoundError):
        otp_link.open_account(key, store=store)
    for id in [key.id, "a" * 16]:
        with pytest.raises(otp_link.NotFoundError):
            otp_link.export_key(id, store=store, ring=ring)


@pytest.mark.parametrize("fate", ["before", "after"])
def test_what_apply_raises_is_in_doubt_until_it_is_resumed(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database, fate: str
) -> None:
    database.fate = fate
    with pytest.raises(otp_link.InDoubtError) as raised:
        otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)
    assert raised.value.code == 15 and "resume_rotation" in (raised.value.hint or "")
    assert isinstance(raised.value.__cause__, Down) and raised.value.__cause__.__traceback__ is not None
    assert "second" not in str(raised.value) and "first" not in str(raised.value)
    assert password(nightly, store) == "first" and len(staged(store)) == 1
    # Nothing else goes on meanwhile.
    for call in calls(
        lambda: otp_link.rotate_account(ACCOUNT, password="third", store=store, ring=ring, apply=database.apply),
        lambda: otp_link.remove_account(ACCOUNT, store=store, ring=ring),
    ):
        with pytest.raises(otp_link.InDoubtError) as raised:
            call()
        assert raised.value.hint and raised.value.__cause__ is None
    found = otp_link.verify(store=store, ring=ring)
    assert [(fault.account, fault.code) for fault in found.faults] == [(ACCOUNT, 15)]
    assert "resume_rotation" in (found.faults[0].hint or "")
    # It may fail once more.
    with pytest.raises(otp_link.InDoubtError) as raised:
        otp_link.resume_rotation(ACCOUNT, store=store, ring=ring, apply=database.apply)
    assert isinstance(raised.value.__cause__, Down)
    database.fate = ""
    assert otp_link.resume_rotation(ACCOUNT, store=store, ring=ring, apply=database.apply) == []
    assert password(nightly, store) == database.password == "second"
    assert otp_link.verify(store=store, ring=ring) and not staged(store)
    with pytest.raises(otp_link.NotFoundError):
        otp_link.resume_rotation(ACCOUNT, store=store, ring=ring, apply=database.apply)


def test_an_answer_that_is_none_of_the_three_is_in_doubt(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    for answer in [0, 1, "", object()]:

        def apply(*_: object) -> bool | None:
            return answer  # type: ignore[return-value]

        with pytest.raises(otp_link.InDoubtError) as raised:
            otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=apply)
        assert isinstance(raised.value.__cause__, TypeError)
        otp_link.abort_rotation(ACCOUNT, database.apply, store=store, ring=ring)
    assert otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=lambda *_: True) == []
    assert password(nightly, store) == "second"


def test_an_interrupt_is_in_doubt_too(store: Path, ring: Path, nightly: otp_link.Key) -> None:
    def apply(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(otp_link.InDoubtError) as raised:
        otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=apply)
    assert isinstance(raised.value.__cause__, KeyboardInterrupt)
    assert len(staged(store)) == 1 and password(nightly, store) == "first"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_store_that_fails_once_the_database_has_changed_leaves_a_rotation_to_be_resumed(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    import resource

    limit = resource.getrlimit(resource.RLIMIT_FSIZE)

    def apply(account: str, old: dict[str, str], new: dict[str, str]) -> None:
        database.apply(account, old, new)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))

    for call in calls(
        lambda: otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=apply),
        lambda: otp_link.resume_rotation(ACCOUNT, store=store, ring=ring, apply=apply),
    ):
        try:
            with pytest.raises(otp_link.InDoubtError) as raised:
                call()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        assert raised.value.code == 15 and "resume_rotation" in (raised.value.hint or "")
        assert len(staged(store)) == 1 and database.password == "second" and password(nightly, store) == "first"
    assert otp_link.resume_rotation(ACCOUNT, store=store, ring=ring, apply=database.apply) == []
    assert password(nightly, store) == "second" and otp_link.verify(store=store, ring=ring)


def test_an_apply_that_says_unchanged_changes_nothing(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    database.fate = "unchanged"
    before = contents(store)
    with pytest.raises(otp_link.OtherError) as raised:
        otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)
    assert raised.value.code == 1 and raised.value.__cause__ is None
    assert contents(store) == before and database.calls == 1
    assert password(nightly, store) == database.password == "first"
    assert otp_link.verify(store=store, ring=ring)


def test_a_rotation_in_doubt_is_aborted_or_forgotten(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    def rotate(fate: str) -> None:
        database.fate = fate
        with pytest.raises(otp_link.InDoubtError):
            otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)

    for fate in ["before", "after"]:
        rotate(fate)
        database.fate = "unchanged"
        with pytest.raises(otp_link.InDoubtError):
            otp_link.abort_rotation(ACCOUNT, database.apply, store=store, ring=ring)
        database.fate = ""
        otp_link.abort_rotation(ACCOUNT, database.apply, store=store, ring=ring)
        assert password(nightly, store) == database.password == "first" and not staged(store)
    rotate("before")
    otp_link.forget_rotation(ACCOUNT, store=store, ring=ring)
    assert password(nightly, store) == "first" and otp_link.verify(store=store, ring=ring)
    for call in calls(
        lambda: otp_link.forget_rotation(ACCOUNT, store=store, ring=ring),
        lambda: otp_link.abort_rotation(ACCOUNT, database.apply, store=store, ring=ring),
    ):
        with pytest.raises(otp_link.NotFoundError):
            call()
    rotate("before")
    otp_link.remove_account(ACCOUNT, force=True, store=store, ring=ring)
    assert otp_link.list_accounts(store=store) == [] and not staged(store)


def test_a_lost_staged_record_is_named(store: Path, ring: Path, nightly: otp_link.Key, database: Database) -> None:
    database.fate = "before"
    with pytest.raises(otp_link.InDoubtError):
        otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)
    [record] = staged(store)
    record.unlink()
    for call in calls(
        lambda: otp_link.resume_rotation(ACCOUNT, store=store, ring=ring, apply=database.apply),
        lambda: otp_link.rotate_account(ACCOUNT, password="third", store=store, ring=ring, apply=database.apply),
    ):
        with pytest.raises(otp_link.InDoubtError) as raised:
            call()
        assert "forget_rotation" in (raised.value.hint or "")
    assert database.calls == 1
    otp_link.forget_rotation(ACCOUNT, store=store, ring=ring)
    assert otp_link.verify(store=store, ring=ring)


def test_a_revoked_key_that_a_hostile_store_brings_back_is_refused(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    hourly = otp_link.issue_key(account=ACCOUNT, pages=4, store=store, ring=ring)
    record = store / ACCOUNT / f"{hourly.id}.otp"
    before = record.read_bytes()
    otp_link.revoke_key(ACCOUNT, hourly.id, store=store, ring=ring)
    [held] = otp_link.show_ring(store=store, ring=ring)
    assert [key.id for key in held.keys] == [nightly.id]
    (store / ACCOUNT / f"{hourly.id}.note.otp").unlink()
    record.write_bytes(before)
    record.chmod(0o600)
    assert otp_link.verify(store=store), "without the ring nothing is wrong"
    found = otp_link.verify(store=store, ring=ring)
    assert [(fault.key_id, fault.code) for fault in found.faults] == [(hourly.id, 5)]
    assert hourly.id in (found.faults[0].hint or "") and hourly.id in repr(found.faults[0])
    with pytest.raises(otp_link.WrongKeyError) as raised:
        otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)
    assert hourly.id in str(raised.value) and "end_unknown" in (raised.value.hint or "")
    assert database.calls == 0 and database.password == "first"
    otp_link.rotate_account(
        ACCOUNT, password="second", store=store, ring=ring, apply=database.apply, end_unknown=[hourly.id]
    )
    assert password(nightly, store) == "second"
    with pytest.raises(otp_link.NotFoundError):
        otp_link.open_account(hourly, store=store)


def test_a_record_that_was_rolled_back_is_named_and_mended(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    record = store / ACCOUNT / f"{nightly.id}.otp"
    before = record.read_bytes()
    otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)
    record.write_bytes(before)
    [fault] = otp_link.verify(store=store, ring=ring).faults
    assert (fault.key_id, fault.code) == (nightly.id, 15)
    with pytest.warns(UserWarning, match=nightly.id):
        otp_link.rotate_account(ACCOUNT, password="third", store=store, ring=ring)
    assert password(nightly, store) == "third" and otp_link.verify(store=store, ring=ring)


def test_revoking_without_the_ring_draws_a_warning(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database
) -> None:
    otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)
    with pytest.warns(UserWarning, match="ring"):
        otp_link.revoke_key(ACCOUNT, nightly.id, store=store)
    with pytest.raises(otp_link.NotFoundError):
        otp_link.open_account(nightly, store=store)


def copy_ring(ring: Path, copy: Path, store: Path) -> None:
    # A directory that is private on each system.
    otp_link.init_ring(copy, store=store)
    for path in filter(Path.is_file, ring.rglob("*")):
        target = copy / path.relative_to(ring)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())


def test_a_copied_ring_is_refused_until_it_is_adopted(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    copy_ring(ring, copy, store)
    for call in calls(
        lambda: otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=copy, apply=database.apply),
        lambda: otp_link.add_account("new", password="p", store=store, ring=copy),
        lambda: otp_link.issue_key(account=ACCOUNT, store=store, ring=copy),
        lambda: otp_link.revoke_key(ACCOUNT, nightly.id, store=store, ring=copy),
        lambda: otp_link.remove_account(ACCOUNT, store=store, ring=copy),
        lambda: otp_link.verify(store=store, ring=copy),
        lambda: otp_link.show_ring(store=store, ring=copy),
        lambda: otp_link.export_key(nightly.id, store=store, ring=copy),
        lambda: otp_link.forget_rotation(ACCOUNT, store=store, ring=copy),
    ):
        with pytest.raises(otp_link.StaleRingError) as raised:
            call()
        assert raised.value.code == 16 and "adopt_ring" in (raised.value.hint or "")
    assert database.calls == 0 and password(nightly, store) == "first"
    assert otp_link.list_accounts(store=store) == [ACCOUNT]
    otp_link.adopt_ring(copy)
    otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=copy, apply=database.apply)
    assert password(nightly, store) == "second"


def test_a_key_that_was_handed_out_before_is_put_in(store: Path, ring: Path, database: Database) -> None:
    key = otp_link.add_account(ACCOUNT, username="alice", password="first", pages=3, store=store)
    with pytest.raises(otp_link.NotFoundError) as raised:
        otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)
    assert "put_into_ring" in (raised.value.hint or "")
    otp_link.put_into_ring(key, store=store, ring=ring)
    otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=database.apply)
    assert password(key, store) == "second"
    # Without the ring, the account leaves it behind only if that is said.
    for without in calls(
        lambda: otp_link.rotate_account(ACCOUNT, key, password="third", store=store),
        lambda: otp_link.rotate_account(ACCOUNT, username="a", password="third", store=store),
    ):
        with pytest.raises(otp_link.UsageError) as raised_usage:
            without()
        assert "without_ring=True" in (raised_usage.value.hint or "")
    [new] = otp_link.rotate_account(ACCOUNT, key, password="third", store=store, without_ring=True)
    assert password(new, store) == "third"


def test_the_environment_names_the_ring(
    store: Path, ring: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTP_RING", str(ring))
    monkeypatch.setenv("OTP_STORE", str(store))
    key = otp_link.add_account(ACCOUNT, username="alice", password="first", pages=3)
    assert otp_link.rotate_account(ACCOUNT, password="second", apply=database.apply) == []
    assert password(key, store) == "second"
    hourly = otp_link.issue_key(account=ACCOUNT, pages=3)
    otp_link.revoke_key(ACCOUNT, key.id)
    assert [[each.id for each in held.keys] for held in otp_link.show_ring()] == [[hourly.id]]
    assert otp_link.export_key(hourly.id) == hourly and otp_link.verify()
    otp_link.remove_account(ACCOUNT)
    otp_link.adopt_ring()


def test_a_ring_is_private_and_apart_from_the_store(store: Path, key: otp_link.Key, tmp_path: Path) -> None:
    for place in [store / "ring", tmp_path]:
        with pytest.raises(otp_link.UsageError) as raised:
            otp_link.init_ring(place, store=store)
        assert raised.value.hint
    otp_link.init_ring(tmp_path / "ring", store=store)
    with pytest.raises(otp_link.ExistsError):
        otp_link.init_ring(tmp_path / "ring", store=store)


@pytest.mark.skipif(sys.platform == "win32", reason="it speaks of modes; otp-cli/tests/windows of access lists")
def test_a_ring_that_others_can_use_is_refused(store: Path, tmp_path: Path) -> None:
    otp_link.init_ring(tmp_path / "ring", store=store)
    assert stat.S_IMODE((tmp_path / "ring").stat().st_mode) == 0o700
    (tmp_path / "ring").chmod(0o777)
    with pytest.raises(otp_link.UnsafePermissionsError):
        otp_link.show_ring(store=store, ring=tmp_path / "ring")


def test_what_means_nothing_is_refused_before_anything_happens(
    store: Path, ring: Path, nightly: otp_link.Key, database: Database, tmp_path: Path
) -> None:
    apply: Callable[[str, dict[str, str], dict[str, str]], bool | None] = database.apply
    before = contents(store)
    for call in calls(
        # With a ring.
        lambda: otp_link.rotate_account(ACCOUNT, nightly, password="p", store=store, ring=ring),
        lambda: otp_link.rotate_account(ACCOUNT, password="p", grace=timedelta(1), store=store, ring=ring),
        lambda: otp_link.rotate_account(ACCOUNT, store=store, ring=ring, apply=apply),
        lambda: otp_link.rotate_account(ACCOUNT, password="", store=store, ring=ring, apply=apply),
        lambda: otp_link.rotate_account(ACCOUNT, password=b"\xff", store=store, ring=ring, apply=apply),
        lambda: otp_link.rotate_account(ACCOUNT, password="p", end_unknown="x", store=store, ring=ring),
        lambda: otp_link.issue_key(store=store, ring=ring),
        # Without one.
        lambda: otp_link.rotate_account(ACCOUNT, nightly, password="p", store=store, apply=apply),
        lambda: otp_link.rotate_account(ACCOUNT, nightly, password="p", store=store, new_keys=True),
        lambda: otp_link.rotate_account(ACCOUNT, nightly, password="p", store=store, end_unknown=["a" * 16]),
        lambda: otp_link.resume_rotation(ACCOUNT, store=store),
        lambda: otp_link.abort_rotation(ACCOUNT, apply, store=store),
        lambda: otp_link.forget_rotation(ACCOUNT, store=store),
        lambda: otp_link.show_ring(store=store),
        lambda: otp_link.adopt_ring(),
        lambda: otp_link.export_key(nightly.id, store=store),
        lambda: otp_link.put_into_ring(nightly, store=store),
        lambda: otp_link.show_ring(store=store, ring=tmp_path / "nowhere"),
        # In any case.
        lambda: otp_link.export_key("short", store=store, ring=ring),
        lambda: otp_link.add_account("new", password="p", pages=0, store=store),
        lambda: otp_link.add_account("new", password="p", pages=256, store=store),
        lambda: otp_link.add_account("new", password="p", pages=-1, store=store),
        lambda: otp_link.add_account("new", password="p", pages=255, capacity=512, store=store),
    ):
        with pytest.raises(otp_link.UsageError) as raised:
            call()
        assert raised.value.hint, str(raised.value)
    for wrong in calls(
        lambda: otp_link.rotate_account(ACCOUNT, password="p", store=store, ring=ring, apply="x"),  # type: ignore[arg-type]
        lambda: otp_link.abort_rotation(ACCOUNT, None, store=store, ring=ring),  # type: ignore[arg-type]
        lambda: otp_link.add_account("new", password="p", pages="2", store=store),  # type: ignore[arg-type]
        lambda: otp_link.rotate_account(
            ACCOUNT, password="p", end_unknown=[5], store=store, ring=ring  # type: ignore[list-item]
        ),
    ):
        with pytest.raises(TypeError):
            wrong()
    assert contents(store) == before and database.calls == 0


def test_other_threads_run_while_the_database_changes(store: Path, ring: Path, nightly: otp_link.Key) -> None:
    asked, answered = threading.Event(), threading.Event()
    passwords: list[str] = []

    def reader() -> None:
        assert asked.wait(60)
        # The old password, until the new one is published.
        passwords.append(password(nightly, store))
        answered.set()

    def apply(*_: object) -> None:
        asked.set()
        assert answered.wait(60)

    thread = threading.Thread(target=reader)
    thread.start()
    otp_link.rotate_account(ACCOUNT, password="second", store=store, ring=ring, apply=apply)
    thread.join()
    assert passwords == ["first"] and password(nightly, store) == "second"

"""Adding, issuing, rotating, revoking, removing, listing, verifying."""

from __future__ import annotations

import stat
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import otp_link
from support import calls
from sealed import sealed as sealed_record


def test_a_key_names_its_account_and_holder(key: otp_link.Key) -> None:
    assert (key.account, key.holder, key.replaces) == ("edms/reporting", "nightly", None)
    assert len(key.id) == 16


@pytest.mark.skipif(sys.platform == "win32", reason="it speaks of modes; otp-cli/tests/windows of access lists")
def test_a_key_file_is_its_owners_alone(store: Path, key: otp_link.Key, tmp_path: Path) -> None:
    file = tmp_path / "nightly.key"
    key.write(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == f"{key}\n"
    assert otp_link.open_account(key_file=file, store=store).username == "alice"


def test_each_caller_has_a_key_that_can_be_revoked_alone(store: Path, key: otp_link.Key) -> None:
    second = otp_link.issue_key(key, account="edms/reporting", holder="monthly", store=store)
    assert (second.account, second.holder, second.replaces) == ("edms/reporting", "monthly", None)
    assert otp_link.open_account(second, store=store).password == "correct horse"
    otp_link.revoke_key("edms/reporting", key.id, store=store)
    with pytest.raises(otp_link.NotFoundError):
        otp_link.open_account(key, store=store)
    assert otp_link.open_account(second, store=store).password == "correct horse"


def test_a_rotation_replaces_every_key(store: Path, key: otp_link.Key) -> None:
    second = otp_link.issue_key(key, holder="monthly", store=store)
    new = otp_link.rotate_account("edms/reporting", key, password="new", store=store)
    assert {(each.replaces, each.holder) for each in new} == {(key.id, "nightly"), (second.id, "monthly")}
    for each in new:
        with otp_link.open_account(each, store=store) as account:
            assert dict(account) == {"username": "alice", "password": "new"}
    for old in [key, second]:
        with pytest.raises(otp_link.NotFoundError) as raised:
            otp_link.open_account(old, store=store)
        assert raised.value.hint


def test_without_a_key_all_fields_are_new(store: Path, key: otp_link.Key) -> None:
    [new] = otp_link.rotate_account(
        "edms/reporting", username="bob", password="new", fields={"host": "db"}, store=store
    )
    assert dict(otp_link.open_account(new, store=store)) == {"username": "bob", "password": "new", "host": "db"}


def test_with_grace_the_old_keys_open_the_old_secret_for_a_while(store: Path, key: otp_link.Key) -> None:
    [new] = otp_link.rotate_account(
        "edms/reporting", key, password="new", grace=timedelta(hours=1), store=store
    )
    assert otp_link.open_account(key, store=store).password == "correct horse"
    assert otp_link.open_account(new, store=store).password == "new"
    infos = {info.id: info for info in otp_link.list_keys("edms/reporting", store=store)}
    ends = infos[key.id].grace_ends
    assert ends is not None and ends - infos[new.id].created == 3600
    assert infos[new.id].grace_ends is None


def test_a_key_in_its_grace_period_can_not_rotate(store: Path, key: otp_link.Key) -> None:
    [new] = otp_link.rotate_account("edms/reporting", key, password="new", grace=timedelta(hours=1), store=store)
    before = sorted(store.rglob("*"))

    def hand_over(_: object) -> None:
        raise AssertionError("there is nothing to hand over")

    # Merged with what this key opens, the old password would come back for everybody.
    for call in calls(
        lambda: otp_link.rotate_account("edms/reporting", key, username="bob", store=store),
        lambda: otp_link.rotate_account("edms/reporting", key, username="bob", store=store, hand_over=hand_over),
    ):
        with pytest.raises(otp_link.NotFoundError) as raised:
            call()
        assert raised.value.hint and raised.value.keys is None
    assert dict(otp_link.open_account(new, store=store)) == {"username": "alice", "password": "new"}
    assert otp_link.open_account(key, store=store).password == "correct horse"
    assert {info.id for info in otp_link.list_keys("edms/reporting", store=store)} == {key.id, new.id}
    assert sorted(store.rglob("*")) == before


def test_keys_are_handed_over_while_the_old_ones_open(store: Path, key: otp_link.Key) -> None:
    seen: list[list[otp_link.Key]] = []

    def hand_over(keys: list[otp_link.Key]) -> None:
        assert otp_link.open_account(key, store=store).password == "correct horse"
        assert [otp_link.open_account(each, store=store).password for each in keys] == ["new"]
        seen.append(keys)

    new = otp_link.rotate_account("edms/reporting", key, password="new", store=store, hand_over=hand_over)
    assert seen == [new]
    with pytest.raises(otp_link.NotFoundError):
        otp_link.open_account(key, store=store)


def test_a_hand_over_that_raises_changes_nothing(store: Path, key: otp_link.Key) -> None:
    seen: list[otp_link.Key] = []

    class Full(Exception):
        pass

    def hand_over(keys: list[otp_link.Key]) -> None:
        seen.extend(keys)
        raise Full

    with pytest.raises(Full):
        otp_link.rotate_account("edms/reporting", key, password="new", store=store, hand_over=hand_over)
    assert otp_link.open_account(key, store=store).password == "correct horse"
    with pytest.raises(otp_link.NotFoundError):
        otp_link.open_account(seen[0], store=store)
    assert [info.id for info in otp_link.list_keys("edms/reporting", store=store)] == [key.id]


def test_a_rotation_that_can_not_end_the_old_keys_gives_the_new_ones(store: Path, key: otp_link.Key) -> None:
    account, elsewhere = store / "edms/reporting", store.parent / "elsewhere"

    def hand_over(_: object) -> None:
        account.rename(elsewhere)
        account.touch(0o600)

    with pytest.raises(otp_link.Error) as raised:
        otp_link.rotate_account("edms/reporting", key, password="new", store=store, hand_over=hand_over)
    account.unlink()
    elsewhere.rename(account)
    assert raised.value.keys is not None
    [new] = raised.value.keys
    assert otp_link.open_account(new, store=store).password == "new"
    # As documented: rotating again ends the old key.
    otp_link.rotate_account("edms/reporting", new, password="newer", store=store)
    with pytest.raises(otp_link.NotFoundError):
        otp_link.open_account(key, store=store)


def test_a_key_that_python_can_not_hold_is_taken_back(
    store: Path, key: otp_link.Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(otp_link, "Key", fails)
    with pytest.raises(MemoryError):
        otp_link.add_account("new", password="p", store=store)
    with pytest.raises(MemoryError):
        otp_link.issue_key(key, store=store)
    with pytest.raises(MemoryError):
        otp_link.rotate_account("edms/reporting", key, password="new", store=store)
    assert otp_link.list_accounts(store=store) == ["edms/reporting"]
    assert [info.id for info in otp_link.list_keys("edms/reporting", store=store)] == [key.id]
    assert otp_link.open_account(key, store=store).password == "correct horse"


def test_expiry_comes_as_a_datetime_a_timedelta_or_seconds(store: Path) -> None:
    at = datetime(2199, 12, 31, tzinfo=timezone.utc)
    expiries: list[datetime | timedelta | int] = [at, int(at.timestamp()), at - datetime.now(timezone.utc)]
    for number, expires in enumerate(expiries):
        otp_link.add_account(f"a{number}", password="p", expires=expires, store=store)
        [info] = otp_link.list_keys(f"a{number}", store=store)
        assert info.expires is not None and abs(info.expires - at.timestamp()) < 60
    with pytest.raises(otp_link.UsageError) as raised:
        otp_link.add_account("b", password="p", expires=datetime(2001, 1, 1, tzinfo=timezone.utc), store=store)
    assert "2001-01-01" in str(raised.value) and raised.value.hint


def test_a_key_that_has_expired_is_refused(store: Path) -> None:
    sealed_in_2020, expired_in_2021 = 1_577_836_800, 1_609_459_200
    payload = b"\1\0\5alice\2\0\1p"
    key, id, sealed = sealed_record("old", payload, sealed_in_2020, expired_in_2021)
    (store / "old").mkdir(parents=True, mode=0o700)
    store.chmod(0o700)
    record = store / "old" / f"{id}.otp"
    record.write_bytes(sealed)
    record.chmod(0o600)
    for call in calls(
        lambda: otp_link.open_account(key, store=store),
        lambda: otp_link.open_account(key, record=record),
        lambda: otp_link.issue_key(key, store=store),
        lambda: otp_link.rotate_account("old", username="u", password="p", store=store),
    ):
        with pytest.raises(otp_link.ExpiredError) as raised:
            call()
        assert raised.value.code == 6 and raised.value.hint
    with pytest.raises(otp_link.ExpiredError) as raised:
        otp_link.open_account(key, store=store)
    assert "2021-01-01T00:00:00Z" in str(raised.value)
    # Key and record still fit each other, and new keys with an expiry of their own revive the account.
    assert otp_link.verify(keys=[key], store=store)
    [new] = otp_link.rotate_account(
        "old", username="u", password="p", expires=timedelta(days=1), store=store
    )
    assert otp_link.open_account(new, store=store).username == "u"


def test_what_python_alone_sealed_by_the_specification_opens(tmp_path: Path) -> None:
    key, id, sealed = sealed_record("a/b", b"\1\0\5alice\2\0\1p", 1_577_836_800, 253_402_300_799)
    record = tmp_path / "record"
    record.write_bytes(sealed)
    account = otp_link.open_account(key, record=record)
    assert (dict(account), account.account_name, account.key_id) == ({"username": "alice", "password": "p"}, "a/b", id)


def test_a_capacity_hides_the_length(store: Path) -> None:
    otp_link.add_account("a", password="p", capacity=1024, store=store)
    [info] = otp_link.list_keys("a", store=store)
    assert (info.capacity, info.holder, info.expires, info.grace_ends) == (1024, None, None, None)
    assert "KeyInfo" in repr(info) and info.id in repr(info)


def test_the_hint_for_a_secret_that_is_too_long_names_a_capacity_that_fits(store: Path) -> None:
    with pytest.raises(otp_link.UsageError) as raised:
        otp_link.add_account("a", password="p" * 200, capacity=64, store=store)
    assert raised.value.hint is not None and "capacity=256" in raised.value.hint
    assert otp_link.add_account("a", password="p" * 200, capacity=256, store=store)


def test_accounts_are_listed_by_prefix(store: Path) -> None:
    for name in ["edms/reporting", "edms/import", "crm"]:
        otp_link.add_account(name, password="p", store=store)
    assert otp_link.list_accounts(store=store) == ["crm", "edms/import", "edms/reporting"]
    assert otp_link.list_accounts("edms/", store=store) == ["edms/import", "edms/reporting"]
    assert otp_link.list_accounts("nobody", store=store) == []
    otp_link.remove_account("edms/import", store=store)
    assert otp_link.list_accounts("edms", store=store) == ["edms/reporting"]


def test_verify_finds_what_is_damaged_and_what_does_not_fit(store: Path, key: otp_link.Key, record: Path) -> None:
    file = store.parent / "key"
    key.write(file)
    found = otp_link.verify(keys=[key], key_files=[file], store=store)
    assert found and (found.records, found.keys, found.faults) == (1, 2, [])
    otp_link.add_account("other", password="p", store=store)
    data = bytearray(record.read_bytes())
    data[-5] ^= 1
    record.unlink()
    record.write_bytes(data)
    record.chmod(0o600)
    found = otp_link.verify(store=store)
    assert not found and (found.records, found.keys) == (2, 0)
    [fault] = found.faults
    assert (fault.account, fault.key_id, fault.code) == ("edms/reporting", key.id, 7)
    assert fault.message in repr(fault) and "edms/reporting" in repr(fault) and fault.hint
    assert "1 faulty" in repr(found)
    assert otp_link.verify("other", store=store)
    found = otp_link.verify("other", keys=iter([key]), store=store)
    assert [fault.code for fault in found.faults] == [7]
    with pytest.raises(otp_link.MalformedKeyError):
        otp_link.verify(keys=["nonsense"], store=store)


def test_an_empty_password_takes_a_word_of_its_own(store: Path, key: otp_link.Key) -> None:
    with pytest.raises(otp_link.UsageError) as raised:
        otp_link.add_account("empty", username="u", password="", store=store)
    assert "allow_empty=True" in (raised.value.hint or "")
    with pytest.raises(otp_link.UsageError):
        otp_link.rotate_account("edms/reporting", key, password="", store=store)
    otp_link.add_account("empty", username="u", password="", allow_empty=True, store=store)
    (new,) = otp_link.rotate_account("edms/reporting", key, password="", allow_empty=True, store=store)
    assert otp_link.open_account(new, store=store).password == ""


def test_a_grace_period_of_more_than_a_year_is_refused(store: Path, key: otp_link.Key) -> None:
    with pytest.raises(otp_link.UsageError):
        otp_link.rotate_account("edms/reporting", key, password="new", grace=367 * 86_400, store=store)
    assert otp_link.open_account(key, store=store).password == "correct horse"


def test_a_credential_is_a_place_for_a_key_on_windows_alone(store: Path, key: otp_link.Key) -> None:
    target = f"otp-test-{key.id}"
    if sys.platform != "win32":
        for call in calls(
            lambda: key.write_credential(target),
            lambda: otp_link.open_account(key_credential=target, store=store),
        ):
            with pytest.raises(otp_link.UsageError):
                call()
        return
    key.write_credential(target)
    assert otp_link.open_account(key_credential=target, store=store).username == "alice"
    assert otp_link.issue_key(key_credential=target, store=store).account == "edms/reporting"
    with pytest.raises(otp_link.ExistsError):
        key.write_credential(target)
    with pytest.raises(otp_link.UsageError):
        otp_link.open_account(key, key_credential=target, store=store)
    longer = otp_link.issue_key(key, capacity=4096, store=store)
    with pytest.raises(otp_link.UsageError):
        longer.write_credential(f"{target}-long")

"""An open account: attributes, mapping, bytes, and closing it."""

from __future__ import annotations

import collections.abc
from pathlib import Path

import pytest

import otp_link
from support import calls

ALL_BYTES = bytes(range(256))


def test_two_lines_get_a_credential(store: Path, key: otp_link.Key) -> None:
    with otp_link.open_account(key, store=store) as account:
        assert (account.username, account.password) == ("alice", "correct horse")
        assert account.account_name == "edms/reporting"
        assert account.key_id == key.id


def test_an_account_is_a_mapping_of_its_fields_in_their_order(store: Path) -> None:
    key = otp_link.add_account(
        "a", password="p", username="u", fields={"zebra": "z", "apple": "ä", "host": "h"}, store=store
    )
    with otp_link.open_account(key, store=store) as account:
        assert isinstance(account, collections.abc.Mapping)
        fields = {"username": "u", "password": "p", "host": "h", "apple": "ä", "zebra": "z"}
        assert list(account) == list(account.keys()) == list(fields)
        assert dict(account) == dict(account.items()) == fields
        assert list(account.values()) == list(fields.values())
        assert len(account) == 5
        assert "apple" in account
        assert "pear" not in account
        assert 5 not in account  # type: ignore[comparison-overlap]
        assert account.get("apple") == account.apple == "ä"
        assert account.get("pear") is None
        assert account.get("pear", "default") == "default"
        assert {**account} == fields


def test_values_of_any_bytes_come_back(store: Path) -> None:
    for value in [ALL_BYTES, b"", b"\0", b"\xff" * 3000, "\0\N{ROCKET}".encode()]:
        key = otp_link.add_account("any", password=value, allow_empty=True, store=store)
        with otp_link.open_account(key, store=store) as account:
            assert account.raw["password"] == value
            assert dict(account.raw) == {"password": value}
        otp_link.remove_account("any", store=store)


def test_the_longest_value_fits_and_one_byte_more_does_not(store: Path) -> None:
    # One byte for the name "password", two for the length.
    key = otp_link.add_account("long", password=b"x" * (65_535 - 3), store=store)
    assert len(otp_link.open_account(key, store=store).raw["password"]) == 65_532
    with pytest.raises(otp_link.UsageError) as raised:
        otp_link.add_account("longer", password=b"x" * (65_535 - 2), store=store)
    assert "65536" in str(raised.value) and raised.value.hint
    assert otp_link.list_accounts(store=store) == ["long"]


def test_raw_is_a_mapping_of_bytes(store: Path, key: otp_link.Key) -> None:
    raw = otp_link.open_account(key, store=store).raw
    assert isinstance(raw, collections.abc.Mapping)
    assert list(raw) == list(raw.keys()) == ["username", "password"]
    assert list(raw.values()) == [b"alice", b"correct horse"]
    assert list(raw.items()) == [("username", b"alice"), ("password", b"correct horse")]
    assert len(raw) == 2
    assert "username" in raw
    assert raw.get("username") == b"alice"
    assert raw.get("pear") is None
    assert raw.get("pear", b"default") == b"default"
    with pytest.raises(KeyError):
        raw["pear"]


def test_a_value_that_is_not_text_is_only_given_as_bytes(store: Path) -> None:
    key = otp_link.add_account("a", password=b"\xff\xfesecret", store=store)
    account = otp_link.open_account(key, store=store)
    for take in calls(
        lambda: account.password,
        lambda: account["password"],
        lambda: account.get("password"),
        lambda: account.values(),
        lambda: account.items(),
    ):
        with pytest.raises(otp_link.OtherError) as raised:
            take()
        assert type(raised.value) is otp_link.OtherError
        assert raised.value.hint is not None and 'account.raw["password"]' in raised.value.hint
        # The interpreter's own error would have held the whole value.
        assert raised.value.__cause__ is None and raised.value.__context__ is None
        assert "secret" not in repr(raised.value)
    assert account.raw["password"] == b"\xff\xfesecret"


def test_a_missing_field_is_a_key_error_and_an_attribute_error(store: Path, key: otp_link.Key) -> None:
    account = otp_link.open_account(key, store=store)
    with pytest.raises(KeyError):
        account["token"]
    with pytest.raises(AttributeError):
        account.token
    with pytest.raises(otp_link.NoFieldError) as raised:
        account["token"]
    assert "token" in str(raised.value) and "username" not in str(raised.value)
    hint = raised.value.hint
    assert hint == "list(account) gives the names of those there are"
    assert list(account) == ["username", "password"]
    assert raised.value.code == 1
    assert not hasattr(account, "token")
    with pytest.raises(TypeError):
        account[5]  # type: ignore[index]


def test_a_closed_account_gives_nothing(store: Path, key: otp_link.Key) -> None:
    with otp_link.open_account(key, store=store) as account:
        raw = account.raw
        assert not account.closed
    assert account.closed
    for take in calls(
        lambda: account.username,
        lambda: account["username"],
        lambda: account.get("username"),
        lambda: len(account),
        lambda: list(account),
        lambda: account.keys(),
        lambda: account.values(),
        lambda: account.items(),
        lambda: "username" in account,
        lambda: raw["username"],
        lambda: raw.get("username"),
        lambda: len(raw),
        lambda: list(raw),
        lambda: raw.values(),
        lambda: account.__enter__(),
    ):
        with pytest.raises(otp_link.ClosedError) as raised:
            take()
        assert raised.value.code == 2 and raised.value.hint
    account.close()
    assert (account.account_name, account.key_id) == ("edms/reporting", key.id)


def test_the_block_ends_the_account_when_it_raises_too(store: Path, key: otp_link.Key) -> None:
    with pytest.raises(ZeroDivisionError):
        with otp_link.open_account(key, store=store) as account:
            1 / 0
    assert account.closed


def test_names_that_are_methods_are_reached_as_items(store: Path) -> None:
    key = otp_link.add_account("a", fields={"close": "c", "raw": "r", "keys": "k"}, store=store)
    account = otp_link.open_account(key, store=store)
    assert [account["close"], account["raw"], account["keys"]] == ["c", "r", "k"]
    assert callable(account.close)


def test_a_template_has_the_fields_as_a_client_reads_them(store: Path) -> None:
    fields: dict[str, str | bytes] = {"host": "db", "token": b"\xff"}
    key = otp_link.add_account("a", username="al:ice", password=" p@ss'}ä", fields=fields, store=store)
    with otp_link.open_account(key, store=store) as account:
        url = account.format("x://{username|url}:{password|url}@{host}/{{}}")
        assert url == "x://al%3Aice:%20p%40ss%27%7D%C3%A4@db/{}"
        assert account.raw.format("{token}{password|odbc}") == b"\xff{ p@ss'}}\xc3\xa4}"
        for bad, offset in [("ab{host", "byte 2"), ("{host|html}", "byte 6")]:
            with pytest.raises(otp_link.UsageError, match=offset) as usage:
                account.format(bad)
            assert usage.value.hint
        with pytest.raises(otp_link.NoFieldError):
            account.format("{port}")
        with pytest.raises(otp_link.OtherError, match="json"):
            account.format("{token|json}")
        with pytest.raises(otp_link.OtherError, match="token") as raised:
            account.format("{host}{token}")
        assert raised.value.hint and "account.raw" in raised.value.hint
    with pytest.raises(otp_link.ClosedError):
        account.format("{host}")

"""No text shows a secret or a key, unless it was asked for."""

from __future__ import annotations

import copy
import json
import pickle
import sys
import traceback
from pathlib import Path

import pytest

import otp_link
from support import calls

SECRET = "correct horse"


def test_no_text_of_an_account_shows_its_values(store: Path, key: otp_link.Key) -> None:
    account = otp_link.open_account(key, store=store)
    for shown in [account, account.raw]:
        for text in [repr(shown), str(shown), f"{shown}", f"{shown!r:>200}", "%s %r" % (shown, shown), ascii(shown)]:
            assert SECRET not in text and "alice" not in text
            assert "edms/reporting" in text
        assert SECRET not in repr(dir(shown)) and not hasattr(shown, "__dict__")
    account.close()
    assert "closed" in repr(account)


def test_an_account_can_not_be_pickled_copied_or_serialized(store: Path, key: otp_link.Key) -> None:
    account = otp_link.open_account(key, store=store)
    for shown in [account, account.raw]:
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError):
                pickle.dumps(shown, protocol)
        for refused in [copy.copy, copy.deepcopy, json.dumps, vars]:
            with pytest.raises(TypeError):
                refused(shown)  # type: ignore[operator]


def test_a_traceback_with_its_variables_shows_nothing(store: Path, key: otp_link.Key) -> None:
    account = otp_link.open_account(key, store=store)

    def fails(account: otp_link.Account, given: otp_link.Key) -> None:
        raise RuntimeError(f"{account}")

    try:
        fails(account, key)
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "account = <otp_link.Account" in shown
    assert "given = <otp_link.Key" in shown
    assert SECRET not in shown and "alice" not in shown
    assert str(key) not in shown


def test_a_key_is_text_that_repr_does_not_show(key: otp_link.Key, tmp_path: Path) -> None:
    assert isinstance(key, str) and key.startswith("otpk1_")
    assert repr(key) == f"<otp_link.Key {key.id} of edms/reporting>"
    assert repr([key]) == f"[{key!r}]"
    assert f"{key}" == str(key) == "" + key
    assert type(str(key)) is str
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(key, protocol)
    with pytest.raises(TypeError):
        copy.copy(key)


def test_no_error_shows_a_value_or_a_key(store: Path, key: otp_link.Key) -> None:
    broken = str(key)[:-1] + ("a" if key[-1] != "a" else "b")
    surrogate = SECRET + "\udcff"
    for call in calls(
        lambda: otp_link.open_account(broken, store=store),
        lambda: otp_link.open_account(str(key) + SECRET, store=store),
        lambda: otp_link.open_account(str(key) + "\udcff", store=store),
        lambda: otp_link.add_account("new", password=surrogate, store=store),
        lambda: otp_link.add_account("new", fields={"token": surrogate}, store=store),
        lambda: otp_link.add_account("new", fields={surrogate: "x"}, store=store),
        lambda: otp_link.add_account("edms/reporting", password=SECRET, store=store),
        lambda: otp_link.add_account("new", password=SECRET * 9999, store=store),
        lambda: otp_link.rotate_account("edms/reporting", password=surrogate, store=store),
    ):
        with pytest.raises(otp_link.Error) as raised:
            call()
        chain: BaseException | None = raised.value
        while chain is not None:
            text = f"{chain} {chain!r} {vars(chain)}"
            assert SECRET not in text and str(key)[10:60] not in text
            chain = chain.__cause__ or chain.__context__


def test_a_key_in_the_wrong_place_is_not_shown(
    store: Path, key: otp_link.Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, text = otp_link.open_account(key, store=store), str(key)
    monkeypatch.setenv("OTP_KEY_FILE", text)
    for call in calls(
        lambda: otp_link.open_account(),
        lambda: otp_link.open_account(key_file=text, store=store),
        lambda: otp_link.open_account(key, store=text),
        lambda: otp_link.open_account(key, record=text.upper()),
        lambda: otp_link.open_account(key, account=text, store=store),
        lambda: otp_link.add_account(text, password="p", store=store),
        lambda: otp_link.add_account("new", password="p", holder=text + "\n", store=store),
        lambda: otp_link.add_account("new", fields={text: 5}, store=store),  # type: ignore[dict-item]
        lambda: otp_link.add_account("new", password="p", expires=text, store=store),  # type: ignore[arg-type]
        lambda: otp_link.revoke_key("edms/reporting", text, store=store),
        lambda: otp_link.verify(key_files=[text], store=store),
        lambda: key.write(store / text / "key"),
        lambda: account[text],
        lambda: getattr(account, text),
    ):
        with pytest.raises((otp_link.Error, TypeError)) as raised:
            call()
        shown = f"{raised.value} {raised.value!r} {vars(raised.value)}".lower()
        assert text[10:60] not in shown


@pytest.mark.skipif(sys.platform == "win32", reason="a path there may be any Unicode")
def test_text_without_utf_8_is_refused_without_showing_it(store: Path, key: otp_link.Key) -> None:
    account, text = otp_link.open_account(key, store=store), SECRET + "\udcff"
    for call in calls(
        lambda: otp_link.open_account(key, account=text, store=store),
        lambda: otp_link.add_account(text, password="p", store=store),
        lambda: otp_link.add_account("new", password="p", holder=text, store=store),
        lambda: otp_link.revoke_key("edms/reporting", text, store=store),
        lambda: otp_link.list_accounts(text, store=store),
        lambda: otp_link.list_accounts(store=SECRET + "\ud800"),
        lambda: otp_link.verify(text, store=store),
        lambda: account[text],
        lambda: account.raw.get(text),
    ):
        with pytest.raises(otp_link.UsageError) as raised:
            call()
        assert SECRET not in f"{raised.value} {raised.value!r} {vars(raised.value)}"
        assert raised.value.__cause__ is None and raised.value.__context__ is None
    assert text not in account


def test_values_of_other_types_are_refused_by_the_name_of_their_type(store: Path) -> None:
    for value in [5, 5.0, bytearray(b"x"), object(), ["x"]]:
        with pytest.raises(TypeError) as raised:
            otp_link.add_account("a", password=value, store=store)  # type: ignore[arg-type]
        assert "password" in str(raised.value) and type(value).__name__ in str(raised.value)
    assert not store.exists()

"""The package's main job, with nothing but the standard library: python3 main_job.py, with otp_link on the PYTHONPATH.

It runs where pytest can't be installed. The other tests here go further.
"""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path

import otp_link

PASSWORD = "correct horse"


class MainJob(unittest.TestCase):
    """Each test starts with an account, edms/reporting, and one key to it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.store = self.folder / "store"
        for name in ["OTP_KEY", "OTP_KEY_FILE", "OTP_STORE", "CREDENTIALS_DIRECTORY"]:
            os.environ.pop(name, None)
        self.key = otp_link.add_account(
            "edms/reporting", username="alice", password=PASSWORD, holder="nightly", store=self.store
        )

    def open(self, key: str) -> dict[str, str]:
        with otp_link.open_account(key, store=self.store) as account:
            return dict(account)

    def fails(self, error: type[otp_link.Error], key: str) -> None:
        with self.assertRaises(error) as raised:
            otp_link.open_account(key, store=self.store)
        self.assertNotIn(PASSWORD, str(raised.exception))
        self.assertNotIn(key, str(raised.exception))

    def test_a_key_opens_its_account(self) -> None:
        self.assertEqual(self.open(self.key), {"username": "alice", "password": PASSWORD})
        self.assertEqual((self.key.account, self.key.holder), ("edms/reporting", "nightly"))

    def test_a_key_file_and_a_store_are_found_in_the_environment(self) -> None:
        self.key.write(self.folder / "nightly.key")
        os.environ["OTP_KEY_FILE"] = str(self.folder / "nightly.key")
        os.environ["OTP_STORE"] = str(self.store)
        with otp_link.open_account() as account:
            self.assertEqual((account.username, account.password), ("alice", PASSWORD))

    def test_a_closed_account_gives_nothing(self) -> None:
        account = otp_link.open_account(self.key, store=self.store)
        account.close()
        with self.assertRaises(otp_link.ClosedError):
            account.password

    def test_another_key_opens_the_same_and_ends_alone(self) -> None:
        hourly = otp_link.issue_key(self.key, holder="hourly", store=self.store)
        self.assertEqual(self.open(hourly), self.open(self.key))
        otp_link.revoke_key("edms/reporting", hourly.id, store=self.store)
        self.fails(otp_link.NotFoundError, hourly)
        self.assertEqual(self.open(self.key)["password"], PASSWORD)

    def test_a_rotation_replaces_secret_and_key(self) -> None:
        [new] = otp_link.rotate_account("edms/reporting", self.key, password="battery staple", store=self.store)
        self.assertEqual(self.open(new), {"username": "alice", "password": "battery staple"})
        self.assertEqual((new.holder, new.replaces), ("nightly", self.key.id))
        self.fails(otp_link.NotFoundError, self.key)

    def test_each_failure_has_its_class_and_code(self) -> None:
        self.fails(otp_link.MalformedKeyError, self.key[:-1] + ("a" if self.key[-1] != "a" else "b"))
        other = otp_link.add_account("other", password="x", store=self.folder / "other")
        self.fails(otp_link.NotFoundError, other)
        record = self.store / "edms/reporting" / f"{self.key.id}.otp"
        record.write_bytes(record.read_bytes()[:-1])
        self.fails(otp_link.DamagedError, self.key)
        with self.assertRaises(otp_link.ExistsError) as raised:
            otp_link.add_account("edms/reporting", password="x", store=self.store)
        self.assertEqual((raised.exception.code, raised.exception.code_name), (9, "exists"))
        with self.assertRaises(otp_link.UsageError):
            otp_link.open_account(store=self.store)

    def test_a_store_that_others_can_write_is_refused(self) -> None:
        self.store.chmod(0o777)
        with self.assertRaises(otp_link.UnsafePermissionsError):
            otp_link.add_account("another", password="x", store=self.store)
        self.store.chmod(0o700)
        self.assertEqual(otp_link.list_accounts(store=self.store), ["edms/reporting"])


if __name__ == "__main__":
    unittest.main()

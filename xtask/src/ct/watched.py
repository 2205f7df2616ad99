"""What `cargo xtask ct python` watches: every call of the package that takes or gives a secret."""

import otp_link

PASSWORD = "correct horse"

key = otp_link.add_account("edms/a", username="u", password=PASSWORD, fields={"token": b"battery"})
with otp_link.open_account(f"  {key}\n") as account:
    assert account.password == PASSWORD and account.raw["token"] == b"battery"
key.write("python.key")
with otp_link.open_account(key_file="python.key", account="edms/a") as account:
    assert account.password == PASSWORD
broken = key[:40] + ("a" if key[40] != "a" else "b") + key[41:]
try:
    otp_link.open_account(broken)
except otp_link.MalformedKeyError:
    pass
otp_link.issue_key(key)
otp_link.rotate_account("edms/a", key=key, password="another")

otp_link.init_ring("ring")
held = otp_link.add_account("edms/r", username="u", password=PASSWORD, pages=4, ring="ring")
otp_link.issue_key(account="edms/r", pages=4, ring="ring")
otp_link.rotate_account("edms/r", password="new", ring="ring", apply=lambda account, old, new: None)


def fails(account: str, old: "dict[str, str]", new: "dict[str, str]") -> None:
    raise OSError("no database")


try:
    otp_link.rotate_account("edms/r", password="newer", ring="ring", apply=fails)
except otp_link.InDoubtError:
    pass
otp_link.resume_rotation("edms/r", ring="ring", apply=lambda account, old, new: None)
(shown,) = otp_link.show_ring(ring="ring")
assert otp_link.export_key(shown.keys[0].id, ring="ring")
with otp_link.open_account(held) as account:
    assert account.password == "newer"

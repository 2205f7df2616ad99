"""The callee: it knows no credential, and logs in with what it is handed."""

import hashlib
import os

# A database that knows a hash of the password would check it like this.
username, password = os.environ["OTP_USERNAME"], os.environ["OTP_PASSWORD"]
digest = hashlib.sha256(password.encode()).hexdigest()[:12]
print(f"   report.py: logging in as {username} with a password of {len(password)} characters (sha256 {digest}...)")
assert "OTP_KEY" not in os.environ and "OTP_KEY_FILE" not in os.environ

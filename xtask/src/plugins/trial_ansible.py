"""A real ansible-playbook gets fields by the lookup otp, byte for byte. `cargo xtask plugins` runs it in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import otp_link

FOLDER = Path.cwd()
# Nearly all punctuation, what looks like a template, letters beyond ASCII, and a blank at both ends.
PASSWORD = " p!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~${HOME}%41{{ 7 * 6 }}{% if %}\u00e4\u20ac "

PLAYBOOK = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Log in
      ansible.builtin.copy:
        content: "{{ lookup('otp', 'password', key_file=key_file, store=store) }}"
        dest: "{{ folder }}/seen"
        mode: "0600"
      no_log: true
    - name: Several fields
      ansible.builtin.copy:
        content: "{{ query('otp', 'username', 'token', key_file=key_file, store=store, account='a') | join('-') }}"
        dest: "{{ folder }}/joined"
        mode: "0600"
      no_log: true
"""


def play(key_file: Path, store: Path) -> subprocess.CompletedProcess[str]:
    command: list[object] = [Path(sys.executable).with_name("ansible-playbook"), "-v", "playbook.yml"]
    for name, value in [("folder", FOLDER), ("key_file", key_file), ("store", store)]:
        command += ["-e", f"{name}={value}"]
    return subprocess.run(command, capture_output=True, text=True)  # type: ignore[arg-type]


def main() -> None:
    store, key_file = FOLDER / "store", FOLDER / "reporting.key"
    key = otp_link.add_account("a", username="alice", password=PASSWORD, fields={"token": "t 1"}, store=store)
    key.write(key_file)
    (FOLDER / "playbook.yml").write_text(PLAYBOOK)
    os.environ |= {
        "ANSIBLE_LOOKUP_PLUGINS": str(Path(otp_link.__file__).with_name("ansible")),
        "ANSIBLE_LOCAL_TEMP": str(FOLDER / "tmp"),
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "LC_ALL": "C.UTF-8",
        "HOME": str(FOLDER),
    }
    done = play(key_file, store)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (FOLDER / "seen").read_bytes() == PASSWORD.encode(), (FOLDER / "seen").read_bytes()
    assert (FOLDER / "joined").read_text() == "alice-t 1"
    assert "p!" not in done.stdout + done.stderr, done.stdout

    (FOLDER / "seen").unlink()
    otp_link.revoke_key("a", key.id, store=store)
    done = play(key_file, store)
    assert done.returncode != 0 and not (FOLDER / "seen").exists(), done.stdout
    # With no_log, Ansible itself hides why.
    show = PLAYBOOK.replace("no_log: true", "no_log: false")
    (FOLDER / "playbook.yml").write_text(show)
    done = play(key_file, store)
    assert "otp: not-found (3): there is no key" in done.stdout + done.stderr, done.stdout + done.stderr
    # Its own documentation can be shown.
    doc = [Path(sys.executable).with_name("ansible-doc"), "-t", "lookup", "otp"]
    shown = subprocess.run(doc, capture_output=True, text=True)
    assert shown.returncode == 0 and "no_log" in shown.stdout, shown.stdout + shown.stderr
    print("ansible: every value came through")


if __name__ == "__main__":
    main()

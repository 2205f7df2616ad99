"""What it costs to import otp_link and open an account: whole processes, compared with a bare start of the interpreter.

    pip install ./otp-ffi/python cryptography
    python otp-ffi/python/bench/startup.py [--runs 200] [--secure-python-link FOLDER] [--markdown]

Each run is a process of its own. The ways take turns in random order, so that whatever else the machine does hits them
alike; the output has medians, and their ratios to the bare interpreter. FOLDER contains WorkflowSecurity.py of
Secure-Python-Link, which is public (NeilMaude/Secure-Python-Link) and not part of this package.
"""

from __future__ import annotations

import argparse
import importlib
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import otp_link

WAYS = {
    "bare": "`python3 -c pass`",
    "import": "`import otp_link`",
    "open": "import, and open an account",
    "fernet": "`cryptography.fernet`: import, and decrypt a token",
    "secure-python-link": "Secure-Python-Link: import, and get the details",
}


def scripts(folder: Path, secure_python_link: Path | None) -> dict[str, str]:
    """The script of each way. What it needs is prepared."""
    store, key_file, old = str(folder / "store"), str(folder / "key"), str(folder / "Account1.p")
    otp_link.add_account("bench", username="alice", password="correct horse", store=store).write(key_file)
    made = {
        "bare": "pass",
        "import": "import otp_link",
        "open": f"import otp_link\n"
        f"with otp_link.open_account(key_file={key_file!r}, store={store!r}) as account:\n"
        f"    account.username, account.password",
    }
    try:
        fernet = importlib.import_module("cryptography.fernet").Fernet
        key = fernet.generate_key()
        token = fernet(key).encrypt(b"alice:correct horse")
        made["fernet"] = f"from cryptography.fernet import Fernet\nFernet({key!r}).decrypt({token!r})"
    except ImportError:
        print("cryptography is not installed, so it is left out", file=sys.stderr)
    if secure_python_link is not None:
        sys.path.insert(0, str(secure_python_link))
        _, *keys = importlib.import_module("WorkflowSecurity").secure_account("alice", "correct horse", old)
        made["secure-python-link"] = (
            f"import sys; sys.path.insert(0, {str(secure_python_link)!r})\n"
            f"import WorkflowSecurity\n"
            f"assert WorkflowSecurity.get_account_details(*{keys!r}, {old!r})[0]"
        )
    return made


def measure(commands: dict[str, list[str]], runs: int) -> dict[str, float]:
    """The median of each, in milliseconds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTP_")}
    times: dict[str, list[float]] = {name: [] for name in commands}
    order = list(commands)
    # The first turns fill the caches of files and compiled modules, and don't count.
    for turn in range(-5, runs):
        random.shuffle(order)
        for name in order:
            before = time.perf_counter()
            subprocess.run(commands[name], env=environment, check=True)
            if turn >= 0:
                times[name].append(time.perf_counter() - before)
    return {name: statistics.median(each) * 1000 for name, each in times.items()}


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200, help="how often each way runs [200]")
    parser.add_argument("--secure-python-link", type=Path, metavar="FOLDER", help="where WorkflowSecurity.py is")
    parser.add_argument("--markdown", action="store_true", help="print rows for docs/performance.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = scripts(Path(folder), arguments.secure_python_link)
        medians = measure({name: [sys.executable, "-c", script] for name, script in made.items()}, arguments.runs)
    for name, median in medians.items():
        ratio = median / medians["bare"]
        if arguments.markdown:
            print(f"| {WAYS[name]} | {median:.1f} | {ratio:.2f} |")
        else:
            print(f"{WAYS[name]:52} {median:8.2f} ms {ratio:6.2f} times bare")


if __name__ == "__main__":
    main()

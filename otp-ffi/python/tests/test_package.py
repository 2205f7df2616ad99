"""The package: what it imports, what it documents, and its types."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import otp_link
from otp_link import _native


def python(*arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=300)
    return done.stdout


def test_importing_and_opening_imports_nothing_that_the_interpreter_has_not(store: Path, key: otp_link.Key) -> None:
    script = (
        "import sys; before = set(sys.modules)\n"
        "import otp_link\n"
        f"with otp_link.open_account({str(key)!r}, store={str(store)!r}) as account:\n"
        "    account.username, account.password, account.raw['password'], repr(account)\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    for flags in [[], ["-I"]]:
        loaded = python(*flags, "-c", script).split()
        assert loaded == ["otp_link", "otp_link._native", "otp_link.errors"], flags


def test_the_module_run_as_a_program_is_a_short_guide() -> None:
    guide = python("-m", "otp_link")
    assert guide.startswith(f"otp-link {otp_link.__version__}: ")
    assert "otp_link.open_account()" in guide and guide.count("\n") < 45
    assert all(len(line) <= 100 for line in guide.splitlines())


def test_everything_public_has_a_docstring_and_a_signature() -> None:
    assert sorted(otp_link.__all__) == otp_link.__all__
    for name in otp_link.__all__:
        thing = getattr(otp_link, name)
        if name == "__version__":
            continue
        assert thing.__doc__, name
        if not isinstance(thing, type):
            assert inspect.signature(thing).parameters is not None, name
    for cls in [
        otp_link.Account,
        otp_link.RawFields,
        otp_link.KeyInfo,
        otp_link.Fault,
        otp_link.Verification,
        otp_link.RingAccount,
        otp_link.RingKey,
    ]:
        assert cls.__module__ == "otp_link"
        for name, member in vars(cls).items():
            if not name.startswith("_"):
                assert member.__doc__, f"{cls.__name__}.{name}"


def test_help_shows_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = python("-c", "import pydoc, otp_link; print(pydoc.plain(pydoc.render_doc(otp_link)))")
    for text in ["open_account(", "key_file=None", "class Account", "class WrongKeyError"]:
        assert text in shown, text
    for documented in [otp_link.Account.close, otp_link.rotate_account, otp_link.Key.write, otp_link.Error]:
        assert inspect.getdoc(documented).splitlines()[0] in shown, documented  # type: ignore[union-attr]


def test_the_stub_has_what_the_extension_has() -> None:
    stub = (Path(_native.__file__).parent / "_native.pyi").read_text()
    for name in dir(_native):
        if not name.startswith("__"):
            assert f"def {name}(" in stub or f"class {name}" in stub or f"{name}:" in stub, name


def test_what_is_installed_is_typed_and_alone() -> None:
    folder = Path(otp_link.__file__).parent
    assert (folder / "py.typed").exists()
    assert metadata.version("otp-link") == otp_link.__version__
    assert metadata.requires("otp-link") is None
    assert "site-packages" in str(folder), "the tests are to run on what was installed"
    assert os.path.basename(_native.__file__).startswith("_native.abi3.") or sys.platform == "win32"

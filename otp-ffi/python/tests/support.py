"""What tests share besides fixtures."""

from __future__ import annotations

from typing import Callable


def calls(*given: Callable[[], object]) -> tuple[Callable[[], object], ...]:
    """Calls that must all fail in the same way."""
    return given

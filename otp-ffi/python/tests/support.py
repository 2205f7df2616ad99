"""What tests share that is no fixture."""

from __future__ import annotations

from typing import Callable


def calls(*given: Callable[[], object]) -> tuple[Callable[[], object], ...]:
    """Calls that are all to fail in one way."""
    return given

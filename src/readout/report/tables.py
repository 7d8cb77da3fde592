"""How numbers are written: scores, differences, p values."""

from __future__ import annotations

import re

from readout.report.intervals import Estimate


def round_number(value: float | None) -> float | None:
    """Return a number with six digits after the point: beyond them, platforms differ, and no reader looks."""
    return None if value is None else round(value, 6) + 0.0


def format_score(estimate: Estimate) -> str:
    """Return ``.714 [.601, .827]``; a score's bounds are cut at 0 and 1."""
    if estimate.value is None:
        return "–"
    value = format_number(estimate.value)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{format_number(max(estimate.low, 0))}, {format_number(min(estimate.high, 1))}]"


def format_difference(estimate: Estimate) -> str:
    """Return ``+.042 [−.110, +.194]``."""
    signed = [None if value is None else _sign(value) for value in estimate]
    return signed[0] or "–" if None in signed else f"{signed[0]} [{signed[1]}, {signed[2]}]"


def _sign(value: float) -> str:
    return ("−" if round(value, 3) < 0 else "+") + format_number(abs(value))


def format_number(value: float | None, digits: int = 3) -> str:
    """Return a number between −1 and 1 without its leading zero, or a dash."""
    return "–" if value is None else re.sub(r"^(-?)0\.", r"\1.", f"{value + 0.0:.{digits}f}")


def format_p(value: float | None) -> str:
    """Return a p value with four digits; below them, ``<.0001``."""
    return "<.0001" if value is not None and value < 0.0001 else format_number(value, 4)

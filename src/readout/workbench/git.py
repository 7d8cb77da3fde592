"""Ask git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from readout.problem import RefusedError


def run_git(
    folder: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, and return its exit code and output.

    Raises:
        FileNotFoundError: git is not installed.

    """
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, input=stdin, capture_output=True, check=False)


def is_repository(folder: Path) -> bool:
    """Tell whether a folder is in a git repository.

    Raises:
        FileNotFoundError: git is not installed.

    """
    found = run_git(folder, "rev-parse", "--is-inside-work-tree")
    return found.returncode == 0


def require_repository(folder: Path) -> None:
    """Raise RefusedError if git is missing, or if a folder is in no git repository."""
    try:
        inside = is_repository(folder)
    except FileNotFoundError:
        raise RefusedError("git is not installed.") from None
    if not inside:
        raise RefusedError(f"{str(folder)!r} is in no git repository. Run `git init` first.")

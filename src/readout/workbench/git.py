"""Ask git."""

from __future__ import annotations

import shutil
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
    """Tell whether a folder is in a git repository; without git, none is."""
    try:
        return run_git(folder, "rev-parse", "--is-inside-work-tree").returncode == 0
    except FileNotFoundError:
        return False


def require_repository(folder: Path) -> None:
    """Raise RefusedError if git is missing, or if a folder is in no git repository."""
    if not is_installed():
        raise RefusedError("git is not installed.")
    if not is_repository(folder):
        raise RefusedError(f"{str(folder)!r} is in no git repository. Run `git init` first.")


def is_installed() -> bool:
    """Tell whether there is a program ``git``."""
    return shutil.which("git") is not None

"""A folder replaces another one, in one step or in two renames."""

import shutil
from pathlib import Path

import pytest

from readout.corpus import outputs as swap


@pytest.fixture(params=["exchange", "two renames"])
def target(request, tmp_path, monkeypatch):
    """A folder that was written once, with and without a call that exchanges folders."""
    if request.param == "two renames":
        monkeypatch.setattr(swap, "_exchange", lambda left, right: False)
    with swap.written_folder(tmp_path / "out", "test") as folder:
        (folder / "old").write_bytes(b"old")
    return tmp_path / "out"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def left_beside(target):
    return [
        name for name in names(target.parent) if name not in (target.name, f".{target.name}.lock")
    ]


def test_the_new_folder_replaces_the_old_one(target):
    with swap.written_folder(target, "test") as folder:
        (folder / "new").write_bytes(b"new")
        assert names(target) == ["SHA256SUMS", "old"]
    assert names(target) == ["SHA256SUMS", "new"]
    assert left_beside(target) == []


def write_new(target, then=None):
    with swap.written_folder(target, "test") as folder:
        (folder / "new").write_bytes(b"new")
        if then:
            then(folder)


def test_the_old_folder_stays_if_the_new_one_is_not_finished(target):
    def fail(folder):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_new(target, fail)
    assert names(target) == ["SHA256SUMS", "old"]
    assert left_beside(target) == []


def test_the_old_folder_stays_if_the_new_one_cannot_be_moved(target, monkeypatch):
    rename = Path.rename

    def refuse(folder):
        def fail(self, to):
            if self == folder:
                raise OSError("in use")
            return rename(self, to)

        monkeypatch.setattr(swap, "_exchange", lambda left, right: False)
        monkeypatch.setattr(Path, "rename", fail)

    with pytest.raises(OSError, match="in use"):
        write_new(target, refuse)
    assert names(target) == ["SHA256SUMS", "old"]
    assert left_beside(target) == []


@pytest.mark.parametrize("moved", [True, False])
def test_what_a_killed_process_left_between_two_renames_is_mended(target, moved):
    aside = target.with_name(f".{target.name}.readout-old")
    if moved:
        target.rename(aside)  # killed after the first rename
    else:
        shutil.copytree(target, aside)  # killed after the second one
    with swap.locked(target, "test"):
        assert names(target) == ["SHA256SUMS", "old"]
    assert left_beside(target) == []


def test_a_folder_without_files_is_replaced_too(tmp_path):
    for _ in range(2):
        with swap.written_folder(tmp_path / "empty", "test"):
            pass
    assert names(tmp_path / "empty") == ["SHA256SUMS"]

"""Workers: a failed one is tried again where the engine can, and is never waited for."""

import os

import pytest

from readout.engine import map_tasks


def test_a_worker_that_dies_is_an_error_not_a_hang():
    with pytest.raises(OSError, match="worker"):
        list(map_tasks(os._exit, [1, 1], jobs=2))


@pytest.mark.slow
def test_dask_tries_failed_tasks_again(tmp_path):
    pytest.importorskip("distributed")
    failed = tmp_path / "failed"

    def double(number):
        if not failed.exists():
            failed.touch()
            raise OSError("a passing fault")
        return 2 * number

    assert dict(map_tasks(double, [1, 2, 3], jobs=1, engine="dask")) == {0: 2, 1: 4, 2: 6}

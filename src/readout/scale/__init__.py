"""Incremental and parallel work on a corpus: shards, cache, worker processes."""

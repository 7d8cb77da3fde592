"""How much of a corpus is worked on anew, and where: shards, the cache of an earlier run, worker processes."""

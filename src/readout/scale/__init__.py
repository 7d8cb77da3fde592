"""How much of a corpus is worked on anew, and where: shards, cache, worker processes."""

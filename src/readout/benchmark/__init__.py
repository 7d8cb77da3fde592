"""The benchmark: tasks and folds, predictions, scores, statistics. Written for corpora of a handful of documents."""

"""The benchmark: tasks, folds, predictions, scores and statistics for small corpora."""

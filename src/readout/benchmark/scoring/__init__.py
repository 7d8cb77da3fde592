"""Counts, measures, statistics and reports of scores."""

"""Measure the agreement between annotators on spans and on labels.

Every measure is computed from counts per document, which can be added. Intervals are jackknifed
over documents.
"""

"""Agreement between annotators, from their layers: on spans, on labels, and on both.

Everything is computed from counts of one document that can be added; an interval is a jackknife over documents.
"""

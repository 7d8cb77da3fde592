"""The work on a corpus: add texts and entries, format, reanchor, compare, preview, start anew."""

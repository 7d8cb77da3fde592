"""Merge files of records: annotation by annotation, as nbdime merges notebooks cell by cell."""

"""Importers of published corpora, one per module."""

"""Artefacts, baselines and adapters."""

"""Artefacts, baselines, and adapters for models."""

"""Converters for the formats of annotation tools and for general file formats, one per module."""

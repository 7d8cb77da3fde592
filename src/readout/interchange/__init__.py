"""Converters between a corpus and the formats of other tools and corpora.

:mod:`readout.interchange.formats` lists the formats by name.
"""

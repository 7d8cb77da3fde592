"""Corpora in the formats of other tools: each module one format, with what it loses on the way.

:mod:`readout.interchange.formats` lists them by name.
"""

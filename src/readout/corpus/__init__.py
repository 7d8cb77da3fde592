"""A corpus folder in and out: schema, syntax, reading, canonical form, safe writing."""

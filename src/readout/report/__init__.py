"""How results look: tables, problems, intervals."""

"""Commands for people who change a corpus."""

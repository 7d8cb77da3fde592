"""Annotate a corpus in the browser: the files stay those of the corpus, and every edit is saved."""

"""The Hugging Face dataset: features, Arrow columns, Parquet, cards, build, load."""

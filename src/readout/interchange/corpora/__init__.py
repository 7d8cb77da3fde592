"""One module per published corpus."""

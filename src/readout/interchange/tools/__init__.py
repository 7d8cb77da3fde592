"""One module per annotation tool or file format."""

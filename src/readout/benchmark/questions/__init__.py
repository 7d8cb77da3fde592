"""The questions of each task, built from the annotations."""

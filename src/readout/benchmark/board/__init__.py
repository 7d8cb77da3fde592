"""Submissions, the leaderboard, and its output formats."""

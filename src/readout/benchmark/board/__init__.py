"""Submissions, the leaderboard and its renderings."""

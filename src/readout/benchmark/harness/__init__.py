"""The benchmark in evaluation harnesses: prompts, replies, tasks, and the logs of their runs."""

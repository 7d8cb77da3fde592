"""Text and spans: finding, tokens, matching, alignment. No I/O."""

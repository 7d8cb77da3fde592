"""The differences between gold and layers: found place by place, and shown side by side."""

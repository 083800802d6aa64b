"""From the text of `orchestra.yaml` to frozen declarations, and back for edits. All mistakes are found at once."""

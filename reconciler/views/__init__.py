"""Values become text, JSON or Markdown. A view decides nothing, reads nothing, and knows only the model."""

"""An area as each agent's own permission settings. One small module for each agent; pure.

The rule: what an agent cannot express is told as a gap, never guessed; other layers hold it.
"""

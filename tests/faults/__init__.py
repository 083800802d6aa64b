"""The fault campaign: commands that are killed, starved, refused, raced and interrupted, and what is left of them."""

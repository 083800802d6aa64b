"""The vault: what is saved comes back byte for byte, and nothing is removed before that was seen."""

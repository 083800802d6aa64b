"""Dependencies, installed by the real tools from a registry on this machine."""

"""The only code that touches the world: programs, git, files, locks. No decisions beyond what an error means."""

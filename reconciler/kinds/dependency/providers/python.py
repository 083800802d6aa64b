"""What the package managers of Python have in common."""

VENV = (".venv",)
INTERPRETER = (".venv/bin/python",)
"""What a virtual environment is of no use without: the link breaks when its Python is removed."""

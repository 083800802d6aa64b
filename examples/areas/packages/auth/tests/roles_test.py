def test_roles() -> None:
    pass

ROLES = ("admin",)

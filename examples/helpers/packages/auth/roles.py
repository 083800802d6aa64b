ROLES = ()

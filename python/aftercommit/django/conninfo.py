"""A database of Django's settings in the words of libpq."""

# Of the driver or of Django, and nothing to libpq.
_NOT_OF_LIBPQ = {"assume_role", "autocommit", "connection_factory", "context", "cursor_factory", "isolation_level", "pool",
                 "prepare_threshold", "row_factory", "server_side_binding"}


def conninfo_of(connection):
    """keyword=value, password included: for the environment of a command, never for its command line or a log."""
    told = connection.settings_dict
    options = dict(told.get("OPTIONS") or {})
    words = {"dbname": told["NAME"], "user": told["USER"], "password": told["PASSWORD"], "host": told["HOST"],
             "port": told["PORT"]}
    words.update({key: value for key, value in options.items() if key not in _NOT_OF_LIBPQ})
    return " ".join(f"{key}={_quoted(value)}" for key, value in words.items() if value not in (None, ""))


def _quoted(value):
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"

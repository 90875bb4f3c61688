"""The settings of a Django site of the tests: two names for one database, and one that is no PostgreSQL."""
import os

import psycopg2.extensions

DSN = psycopg2.extensions.parse_dsn(os.environ["SITE_DATABASE_URL"])
POSTGRESQL = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": DSN["dbname"], "USER": DSN["user"], "PASSWORD": DSN.get("password", ""), "HOST": DSN["host"], "PORT": DSN["port"],
    "OPTIONS": {"options": DSN.get("options", ""), "isolation_level": psycopg2.extensions.ISOLATION_LEVEL_READ_COMMITTED},
}
DATABASES = {"default": POSTGRESQL, "reports": {**POSTGRESQL, "OPTIONS": dict(POSTGRESQL["OPTIONS"])},
             "local": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = ["aftercommit.django"]
SECRET_KEY = "of a test"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AFTERCOMMIT = {"SCHEMA": os.environ["SITE_SCHEMA"], "COMMAND": os.path.join(os.environ["AFTERCOMMIT_BIN"], "aftercommit")}

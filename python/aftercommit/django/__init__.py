"""aftercommit in Django: an app with its management command, and a backend of Django 6's Tasks.

    INSTALLED_APPS = [..., "aftercommit.django"]
    TASKS = {"default": {"BACKEND": "aftercommit.django.Backend"}}      # Django 6
    AFTERCOMMIT = {"SCHEMA": "aftercommit", "ALIASES": {"reports": "reports"}}  # both may be left out
"""


def __getattr__(name):
    if name == "Backend":  # which needs Django 6; the rest does not
        from .backend import Backend
        return Backend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

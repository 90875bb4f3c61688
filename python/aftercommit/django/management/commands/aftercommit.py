"""manage.py aftercommit migrate, stats, dead list ...: the command `aftercommit` with the databases of the settings."""
import argparse
import os
import shutil
import subprocess
import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS, connections

from aftercommit.django.conninfo import conninfo_of


class Command(BaseCommand):
    help = ("Runs the command `aftercommit` with the databases of the settings: manage.py aftercommit migrate.  Its own options "
            "stand behind its first word; --using ALIAS before it leaves one database alone.")
    requires_system_checks = []  # the tables of jobs may be what is missing

    def add_arguments(self, parser):
        parser.add_argument("--using", metavar="ALIAS", help="only this database; without it all that are PostgreSQL")
        parser.add_argument("words", nargs=argparse.REMAINDER, metavar="...", help="what the command is told: migrate, stats ...")

    def handle(self, *args, using=None, words=(), **options):
        told = getattr(settings, "AFTERCOMMIT", {})
        program = shutil.which(told.get("COMMAND", "aftercommit"))
        if program is None:
            raise CommandError("the command `aftercommit` is not found: install its package, or say where it is by "
                               "AFTERCOMMIT = {'COMMAND': '/path/to/aftercommit'} in the settings")
        # In the environment, which other users cannot read, and not on a command line, which they can.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_URL")}
        for alias in [using] if using else connections:
            if connections[alias].vendor != "postgresql":
                continue
            known_as = told.get("ALIASES", {}).get(alias) or alias
            variable = "DATABASE_URL" if known_as == DEFAULT_DB_ALIAS else f"DATABASE_URL_{known_as.upper()}"
            environment[variable] = conninfo_of(connections[alias])
        if told.get("REDIS_URL"):
            environment["REDIS_URL"] = told["REDIS_URL"]
        words = list(words) or ["--help"]
        if "SCHEMA" in told and not any(word.split("=")[0] == "--schema" for word in words):
            words += ["--schema", told["SCHEMA"]]
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        code = subprocess.run([program, *words], env=environment, check=False).returncode
        if code != 0:
            sys.exit(code)

"""The scripts of sql/ with the statements of client/sql in them, so that the limit keeps doing what we do."""

import re
from pathlib import Path

from programs import ROOT, ProgramFailed

# Of the n-th job of a client. Ids ascend over all clients, nearly, as those of jobs do.
NUMBER = "100000000000 + {i} * 16 + {client}"
ID_STEM = "019a0000-0000-7000-8000-"

# What stands in the places of our statements. The simple protocol puts values into the text, within quotes;
# the other makes parameters of them, which cannot stand there.
PLACES = {
    "simple": {"id": f"'{ID_STEM}:n'", "xact": "':pg_current_xact_id'", "envelope": "':envelope'"},
    "prepared": {
        "id": f"('{ID_STEM}' || :n)::uuid",
        "xact": "pg_current_xact_id_if_assigned()",  # which pgbench cannot keep: a pipeline has no answers
        "envelope": ":envelope",
    },
}


def script_text(script: str, protocol: str) -> str:
    """The script for this protocol, or else the one for both."""
    folder = Path(__file__).with_name("sql")
    file = folder / f"{script}.{protocol}.sql"
    text = (file if file.exists() else folder / f"{script}.sql").read_text()
    places = PLACES[protocol]
    row = our_sql("insert_row", id=places["id"], queue="'default'", eta_ms="NULL", countdown_ms="NULL",
                  envelope=places["envelope"])
    filled = fill(
        text,
        number=NUMBER.format(i=":i", client=":client_id"),
        guard_job=our_sql("guard_job", id=places["id"], attempt="1"),
        proof=our_sql("proof", xact=places["xact"]),
        insert_jobs=our_sql("insert_jobs", rows=row),
    )
    if place := re.search(r"\{\w+\}", filled):
        raise ProgramFailed(f"client/sql has a place {place[0]} that {Path(__file__).name} does not know")
    return filled


def our_sql(name: str, **places: str) -> str:
    """A statement of ours on one line, without its comment and its semicolon."""
    text = next((ROOT / "client/sql").rglob(f"{name}.sql")).read_text()
    lines = [line.strip() for line in text.splitlines() if not line.startswith("--")]
    return fill(" ".join(lines).rstrip("; "), schema="aftercommit", **places)


def fill(text: str, **places: str) -> str:
    """With SQL in the {places}."""
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text

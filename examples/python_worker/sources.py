"""Scripts and statements of aftercommit itself, made ready for this worker."""
import re
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]


def lua(*names):
    """A script behind the pieces that it uses; a flag has to stand first."""
    texts = [(SOURCES / "broker/redis/lua" / f"{name}.lua").read_text() for name in names]
    flag = next((line for line in texts[-1].splitlines() if line.startswith("#!")), "")
    return (flag + "\n" if flag else "") + "\n".join(text.removeprefix(flag) for text in texts)


def statement(path, schema):
    """With {schema} and what else its own pieces are; places for values are left."""
    text = (SOURCES / "client/sql" / path).read_text().rstrip().rstrip(";")
    while text.startswith("--"):
        text = text.split("\n", 1)[1]
    if "{instance}" in text:
        text = text.replace("{instance}", statement("home/home_instance.sql", schema))
    quoted = '"' + schema.replace('"', '""') + '"'
    return text.replace("{schema}", quoted).replace("{schema_name}", "'" + schema.replace("'", "''") + "'")


def sql(path, schema):
    """The same with the places of psycopg2: {id} by its name, $1 as p1."""
    text = statement(path, schema).replace("%", "%%")
    return re.sub(r"\{(id|attempt|xact|value)\}", r"%(\1)s", re.sub(r"\$(\d+)", r"%(p\1)s", text))

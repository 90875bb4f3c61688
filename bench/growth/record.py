"""The samples as JSON, and back."""

import json
from dataclasses import asdict
from pathlib import Path

from charts import Results, Sample


def write(file: Path, machine: dict, results: Results) -> None:
    found = {
        "machine": machine,
        "samples": [asdict(sample) for sample in results.samples],
        "failures": results.failures,
        "others": [round(share, 3) for share in results.others],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n")


def read(file: Path) -> tuple[dict, Results]:
    found = json.loads(file.read_text())
    samples = [Sample(**sample) for sample in found["samples"]]
    return found["machine"], Results(samples, found["failures"], found.get("others", []))

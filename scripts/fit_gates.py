"""Fit the gate's constants again, after the articles, the gate's questions and texts, or the evidence have changed.

It prints what belongs into GATES of agent/engine/gate_constants.py, and changes nothing. Run it with the product's Python:
.venv/bin/python scripts/fit_gates.py
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.update({"ENV_FILE": os.devnull, "DATABASE_URL": "", "REDIS_URL": ""})
os.environ["DJANGO_SETTINGS_MODULE"] = "supportagent.settings"

import django  # noqa: E402  (the environment comes first)

django.setup()

from agent.engine.gate_fitting import fit_gates  # noqa: E402  (needs the settings)
from agent.evaluation.business import Workshop  # noqa: E402


def main() -> int:
    """Fit and print; 1 if an encoder is missing, for then a part of the gates would be."""
    workshop = Workshop(lambda line: print(line, file=sys.stderr))
    if not workshop.encoder.has_english:
        sys.stderr.write("The English weights are missing: make models, then again.\n")
        return 1
    gates = fit_gates(workshop.seeds, workshop.encoder, workshop.shipped.engine.heads, workshop.vectors)
    for name, gate in gates.items():
        sys.stdout.write(f'    "{name}": {gate},\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Work out agent/seeds/vectors.npz again, after the seed files or the encoders have changed.

It makes a product of its own in a temporary folder, lets it load release 1 with both encoders, and keeps what it
worked out. Run it with the product's Python: .venv/bin/python scripts/seed_vectors.py
"""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = tempfile.TemporaryDirectory(prefix="seed-vectors-")
sys.path.insert(0, str(ROOT))
os.environ.update({"ENV_FILE": os.devnull, "VAR_DIR": FOLDER.name, "DEMO": "0", "DATABASE_URL": "", "REDIS_URL": ""})
os.environ["DJANGO_SETTINGS_MODULE"] = "supportagent.settings"

import django  # noqa: E402  (the environment comes first)

django.setup()

from django.core.management import call_command  # noqa: E402  (needs the apps)

from agent import runtime  # noqa: E402
from agent.engine.encoder import Encoder  # noqa: E402
from agent.models import TextVector  # noqa: E402
from agent.releases import shipped  # noqa: E402
from agent.releases.first import ensure_first_release  # noqa: E402


def main() -> int:
    """Encode everything the first release holds, and write the file; 1 if an encoder is missing."""
    encoder = Encoder.load()
    if not encoder.has_english:
        sys.stderr.write("The English weights are missing: make models, then again.\n")
        return 1
    call_command("migrate", verbosity=0)
    shipped.FILE.unlink(missing_ok=True)
    runtime.load_release(ensure_first_release().pk, encoder)
    vectors = {row.key: bytes(row.vector) for row in TextVector.objects.all()}
    size = shipped.write(vectors)
    sys.stdout.write(f"{len(vectors)} vectors, {size / 1_000_000:.1f} MB in {shipped.FILE.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Where the files that travel with rnnterm lie: `corpora/` and `checkpoints/`."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def bundled_folder(name: str) -> Path:
    """The bundled folder `name`: inside an installed wheel, or beside the package in a checkout."""
    installed = _PACKAGE / "bundled" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name

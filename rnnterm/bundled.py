"""What travels with rnnterm: `corpora/`, `checkpoints/`, and the names of the models."""

from pathlib import Path

_PACKAGE = Path(__file__).parent

MODEL_SUFFIX = ".safetensors"
TINY = "tiny"
"""The network of two units that `rnnterm explore` computes by hand; it has no file."""


def bundled_folder(name: str) -> Path:
    """The bundled folder `name`: inside an installed wheel, or beside the package in a checkout."""
    installed = _PACKAGE / "bundled" / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def bundled_models() -> list[str]:
    """The names of the models that travel with rnnterm."""
    return sorted(path.stem for path in bundled_folder("checkpoints").glob(f"*{MODEL_SUFFIX}"))


def is_built_in(name: str) -> bool:
    """Whether a command that takes a model's name means one of rnnterm's own by it."""
    return name.casefold() in {TINY, *map(str.casefold, bundled_models())}

"""What an installed rnnterm carries along."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_wheel_holds_texts_models_recipes_and_types(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        packed.extractall(tmp_path / "site")
    assert "rnnterm/py.typed" in names
    assert "rnnterm/training/recipes/tutorial.toml" in names
    assert "rnnterm/bundled/checkpoints/shakespeare.safetensors" in names
    assert not any(name.startswith("tests") for name in names)
    code = (
        "from rnnterm.text.catalog import catalog; from rnnterm.bundled import bundled_models\n"
        "print(all(entry.make or entry.file.is_file() for entry in catalog().values()))\n"
        "print(bundled_models())"
    )
    told = subprocess.check_output(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, 'site'); {code}"],
        cwd=tmp_path,
        text=True,
    )
    assert told.splitlines() == ["True", "['shakespeare']"]

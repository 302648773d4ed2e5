"""The person's settings: one TOML file, checked by name.

theme = "textual-dark"
fps = 30

[keys]
"training.pause" = "f6"
"""

import difflib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from rnnterm.errors import RnntermError, UsageError
from rnnterm.files import read_regular, user_path

_LARGEST = 1 << 20  # bytes


@dataclass(frozen=True)
class Settings:
    """What a settings file may say; each value's metadata explains it.

    Attributes:
        keys: other keys for actions, by the action's name.
    """

    theme: str = field(default="textual-dark", metadata={"help": "colour theme of the app"})
    fps: int = field(
        default=0, metadata={"help": "frames a second at most; 0: 30, and 15 over SSH"}
    )
    animation: bool = field(default=True, metadata={"help": "smooth movements; never over SSH"})
    ascii: bool = field(
        default=False, metadata={"help": "a screen of ASCII alone, charts among it"}
    )
    writing_speed: int = field(
        default=0,
        metadata={
            "help": "characters a second that a sample grows by; 0: 90, 30 over SSH, "
            "and 20 beside a training on this processor"
        },
    )
    corpus: str = field(
        default="pride-and-prejudice", metadata={"help": "the text that the app opens first"}
    )
    keys: dict[str, str] = field(default_factory=dict, metadata={"help": "other keys for actions"})


def settings_path() -> Path:
    """The settings file: `RNNTERM_CONFIG`, or `config.toml` in the user's configuration folder."""
    named = os.environ.get("RNNTERM_CONFIG")
    if named:
        return user_path(named)
    import platformdirs

    return platformdirs.user_config_path("rnnterm") / "config.toml"


def read_settings(path: Path | None = None) -> Settings:
    """The settings; defaults where there is no file.

    Raises UsageError naming what is wrong, RnntermError for a file that cannot be read.
    """
    path = path or settings_path()
    if str(path) == os.devnull:  # how people say that there are to be none
        return Settings()
    try:
        # A link is followed, as people keep such files elsewhere; a pipe would be waited for.
        values = tomllib.loads(read_regular(path, _LARGEST, follow=True).decode())
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        reason = error.strerror or error
        raise RnntermError(f"cannot read the settings {path}: {reason}") from None
    except UnicodeDecodeError as error:
        raise RnntermError(f"cannot read the settings {path}: {error}") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"the settings {path} are not TOML: {error}") from None
    try:
        return _checked(values)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def explain_settings(settings: Settings) -> list[str]:
    """The settings as lines of TOML, each with its explanation, up to the table of keys."""
    lines = []
    for each in fields(Settings):
        if each.name != "keys":
            value = getattr(settings, each.name)
            spelled = json.dumps(value)  # for texts, numbers and flags the same in TOML
            lines.append(f"{each.name} = {spelled:<30} # {each.metadata['help']}")
    return [*lines, "", "[keys]"]


def _checked(values: Mapping[str, Any]) -> Settings:
    known = {each.name: each for each in fields(Settings)}
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"there is no setting {name!r}{_near(name, list(known))}")
        kind = type(getattr(Settings(), name))
        if type(value) is not kind:
            raise UsageError(f"{name} must be a {kind.__name__}, not {value!r}")
    settings = Settings(**values)
    if not 0 <= settings.fps <= 120:
        raise UsageError(f"fps must be from 0 to 120, not {settings.fps}")
    if not 0 <= settings.writing_speed <= 10_000:
        raise UsageError(f"writing_speed must be from 0 to 10000, not {settings.writing_speed}")
    for name, keys in settings.keys.items():
        if not isinstance(keys, str) or not keys.strip():
            raise UsageError(f'the keys of {name} must be a text such as "f6", not {keys!r}')
    return settings


def _near(name: str, known: list[str]) -> str:
    matches = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {matches[0]}?" if matches else f"; there are {', '.join(known)}"

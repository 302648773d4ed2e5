"""Whether the keys that a settings file gives to actions can work.

It imports nothing of Textual, as `actions` does not; the names are Textual's.
"""

import difflib
import itertools

from rnnterm.errors import UsageError
from rnnterm.tui.action import Action
from rnnterm.tui.actions import ACTIONS, tab_of

_MODIFIERS = {"ctrl", "alt", "shift"}
_CHARACTERS = {
    " ": "space", "!": "exclamation_mark", '"': "quotation_mark", "#": "number_sign",
    "$": "dollar_sign", "%": "percent_sign", "&": "ampersand", "'": "apostrophe",
    "(": "left_parenthesis", ")": "right_parenthesis", "*": "asterisk", "+": "plus",
    "-": "minus", ".": "full_stop", "/": "slash", ":": "colon", ";": "semicolon",
    "<": "less_than_sign", "=": "equals_sign", ">": "greater_than_sign", "?": "question_mark",
    "@": "at", "[": "left_square_bracket", "\\": "backslash", "]": "right_square_bracket",
    "^": "circumflex_accent", "_": "underscore", "`": "grave_accent", "{": "left_curly_bracket",
    "|": "vertical_line", "}": "right_curly_bracket", "~": "tilde",
}  # fmt: skip
_KEY_NAMES = [
    *_CHARACTERS.values(), "comma", "enter", "escape", "tab", "backspace", "delete", "insert",
    "home", "end", "pageup", "pagedown", "left", "right", "up", "down",
    *(f"f{number}" for number in range(1, 25)),
]  # fmt: skip
_TAKEN = {
    "ctrl+b": "tmux takes it",
    "ctrl+c": "it copies",
    "ctrl+i": "for a terminal it is tab",
    "ctrl+j": "for a terminal it is enter",
    "ctrl+m": "for a terminal it is enter",
    "ctrl+o": "some terminals take it",
    "ctrl+p": "it opens the palette",
    "ctrl+s": "it stops some terminals",
}


def check_keys(keys: dict[str, str]) -> None:
    """Raise UsageError for keys of an action that is not there, and for keys that cannot work.

    `keys` are by the action's name. A key works once in a scope; what is everywhere, or on the
    whole tab, leaves its keys to no panel.
    """
    names = [action.name for action in ACTIONS]
    for name, spelled in keys.items():
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"there is no action {name!r} to give keys to{meant}")
        for key in _split(spelled):
            _check_key(name, key)
    given = [
        (action, key) for action in ACTIONS for key in _split(keys.get(action.name, action.keys))
    ]
    for (one, key), (other, other_key) in itertools.combinations(given, 2):
        changed = one.name in keys or other.name in keys
        if changed and key == other_key and _share_focus(one, other):
            raise UsageError(f"{one.name} and {other.name} have the same key {key}: change one")


def _split(keys: str) -> list[str]:
    """The names of keys, characters among them spelled as Textual does."""
    names = (key.strip() for key in keys.split(","))
    return [_CHARACTERS.get(key, key) for key in names]


def _share_focus(one: Action, other: Action) -> bool:
    """Whether a key may reach both, so that one of them would hide the other."""
    if "sample.pick" in (one.name, other.name) and one.scope != other.scope:
        return False  # digits choose a tab again when the sample goes on
    scopes = {one.scope, other.scope}
    nested = one.scope == tab_of(other.scope) or other.scope == tab_of(one.scope)
    return len(scopes) == 1 or "app" in scopes or nested


def _check_key(name: str, key: str) -> None:
    if key in _TAKEN:
        raise UsageError(f"{name} cannot have {key}: {_TAKEN[key]}")
    *modifiers, last = key.split("+")
    is_known = (len(last) == 1 and last.isprintable()) or last in _KEY_NAMES
    if not is_known or not set(modifiers) <= _MODIFIERS:
        near = difflib.get_close_matches(last, _KEY_NAMES, n=1)
        meant = f"did you mean {near[0]}?" if near else "write a character, f6, home or ctrl+k"
        raise UsageError(f"{name} cannot have {key!r}, which is no key: {meant}")

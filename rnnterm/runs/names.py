"""Names for runs: easy to say, easy to type, safe as folder names."""

import random
import re

from rnnterm.bundled import MODEL_SUFFIX, is_built_in
from rnnterm.errors import UsageError

_ADJECTIVES = """
    amber bold brave bright brisk calm clever cosy crisp curious daring eager early fair fleet
    fond gentle glad golden grand happy hardy honest jolly keen kind late light lively lucid
    lucky mellow merry mild modest neat nimble noble patient plain proud quick quiet rapid
    ready sage sharp shy silent silver sleek smart snug solid steady still stout subtle sunny
    swift tidy tranquil true vivid warm wise witty young zesty
""".split()
_ANIMALS = """
    badger bear beaver bison buck civet crane crow deer dove duck eagle egret elk falcon
    ferret finch fox gecko goose gull hare hawk heron hound ibex ibis jay kestrel kite koala
    lark lemur lion llama lynx marten mole moose moth newt ocelot oriole osprey otter owl
    panda parrot perch pigeon pike plover puffin quail rabbit raven robin salmon seal shrew
    snipe sparrow stoat stork swan swift tapir tern thrush tiger toad trout turtle vole walrus
    weasel whale wolf wren yak
""".split()
_ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def fresh_name(taken: set[str]) -> str:
    """A name such as `bold-otter` that is not among those taken."""
    # Names are not part of a run's results, so they come from the system's randomness, not from
    # the run's seed: two runs of one recipe would else want the same name.
    chooser = random.SystemRandom()
    for _ in range(1000):
        name = f"{chooser.choice(_ADJECTIVES)}-{chooser.choice(_ANIMALS)}"
        if name not in taken:
            return name
    return f"{name}-{chooser.randrange(1 << 32)}"


def check_name(name: str) -> str:
    """The name itself; raises UsageError for one that could not be a run's folder.

    Nor may it mean something else where a model is named: a file, or a model of rnnterm's own.
    Case makes no difference, as there are file systems to which it makes none.
    """
    if is_built_in(name):
        raise UsageError(f"{name!r} is a model of rnnterm's own: choose another name for the run")
    if not _ALLOWED.fullmatch(name) or name.casefold().endswith(MODEL_SUFFIX):
        raise UsageError(
            f"{name!r} cannot name a run: use letters, digits, '-', '_' and '.', "
            "at most 64 of them, and no .safetensors"
        )
    return name

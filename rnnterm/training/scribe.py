"""What a network in training writes, for people to see what it has learnt."""

import numpy as np

from rnnterm.nn.modelfile import Model
from rnnterm.nn.network import RunawayError
from rnnterm.runs.events import Listener, Sampled, Troubled
from rnnterm.sampling.generator import sample
from rnnterm.sampling.strategies import Strategy
from rnnterm.text.corpus import Corpus
from rnnterm.training.recipe import Recipe


class Scribe:
    """Lets networks write as the recipe wants it; the same weights at one step, the same text."""

    def __init__(self, recipe: Recipe, corpus: Corpus, report: Listener) -> None:
        self._recipe, self._corpus, self._report = recipe, corpus, report

    def write(self, model: Model, step: int) -> None:
        """Report what `model`, of that step, writes."""
        recipe, seed = self._recipe, self._seed(step)
        strategy = Strategy(recipe.sample_temperature)
        try:
            text = sample(model, seed, recipe.sample_length, strategy, recipe.rng_seed)
        except RunawayError as error:  # as of linear cells: the loss may yet recover, or will tell
            self._report(Troubled(step, f"no sample: {error}"))
            return
        self._report(Sampled(step, seed, text))

    def _seed(self, step: int) -> str:
        """A network of cold windows continues a window of the text; any other begins a line."""
        recipe = self._recipe
        if recipe.batching != "windows":
            return ""
        last = max(1, len(self._corpus) - recipe.window)
        start = int(np.random.default_rng((recipe.rng_seed, step)).integers(last))
        return self._corpus.excerpt(start, start + recipe.window)

"""How well a model expects a text: losses, surprisals, copies."""

"""Texts as a network sees them: characters, indices, windows."""

"""The full-screen app: one folder a tab, shared widgets, one action table, one styles file."""

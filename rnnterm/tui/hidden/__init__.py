"""The tab Hidden state: a network opened up, step by step."""

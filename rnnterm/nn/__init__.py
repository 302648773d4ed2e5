"""Networks in numpy: what they are, their equations, their files."""

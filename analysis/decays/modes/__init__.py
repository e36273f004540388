"""One module a decay mode or a family of them: its tree, its amplitude."""

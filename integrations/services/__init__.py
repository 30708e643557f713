"""The verbs: the only floor that joins rows, wire and keys. Imported as modules: ``secrets.set(...)``."""

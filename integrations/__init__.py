"""The Django app; its folders are its floors, and imports only point down (docs/architecture.md)."""

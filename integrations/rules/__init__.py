"""Decisions: values in, values out. No database, no network, no settings."""

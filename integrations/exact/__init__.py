"""Exact Online as Exact publishes it: no Django, no models, no settings."""

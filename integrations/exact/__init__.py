"""Exact Online as published: what its pages say about OAuth, its API, its limits and its answers.

Knows no Django, no settings and no rows. `oauth`, `api` and `reads` are the calls, `errors` what can go
wrong, `limits` the headers; `wire` is the only way out of the house.
"""

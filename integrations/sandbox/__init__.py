"""A local stand-in of Exact Online: the other side of the wire, to practise and to test against.

It shares no code, no settings and no tables with the portal. What it does follows Exact's public
documentation and what owners of apps observed; where those leave a choice, the stricter reading was
taken and the docstring says so.

Modules, from the socket inwards: server (HTTP), app (routes, one transaction a request), authorize and
consent (the pages of the OAuth flow), tokens (token endpoint), api with access, limits, budget and odata
(REST), faults with spoil and delivery (ordered failures), ledger (what was received), appcenter and
control (pages), registry, people and chains (rows), schema, seed and store (SQLite).
"""

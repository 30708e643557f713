"""Words of Exact's App Center in other languages than English, as far as they are known.

Of the others pages say nothing, rather than to invent them. A language is no country: which one a sandbox speaks is
its `Config.language`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """`code` is that of HTML's `lang`; `levels` are None, Read and Manage."""

    code: str
    levels: str
    request: str
    in_review: str


WORDS = {"Dutch": Words("nl", "Ongebruikt, Lezen, Beheren", "Toestemmingsverzoek", "Wordt beoordeeld")}

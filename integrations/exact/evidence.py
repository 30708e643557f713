"""What was asked and what came back, in a form that pages and logs may show."""

from dataclasses import dataclass, replace
from typing import Self

from integrations.exact.redaction import visible

_PATH_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Evidence:
    """One request at Exact. `path` is without query (filters hold customers' data, and a code is a secret);
    `status` is None when no answer came; `milliseconds` from before connecting to the last byte."""

    method: str
    path: str
    status: int | None = None
    milliseconds: int | None = None

    @classmethod
    def of(cls, method: str, target: str) -> Self:
        """From a method and a URL or path."""
        bare = target.partition("?")[0].partition("#")[0]
        _, scheme, rest = bare.partition("://")
        path = "/" + rest.partition("/")[2] if scheme else bare
        return cls(method=visible(method, 10), path=visible(path, _PATH_LENGTH))

    def answered(self, status: int | None, milliseconds: int) -> Self:
        return replace(self, status=status, milliseconds=milliseconds)

    @property
    def asked(self) -> str:
        return f"{self.method} {self.path}"

    def __str__(self) -> str:
        if self.milliseconds is None:
            return f"{self.asked}: not sent"
        came = "no answer" if self.status is None else str(self.status)
        return f"{self.asked}: {came} after {self.milliseconds} ms"

"""What a look at the portal's own health found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what it is, whether it is well, what was seen, and what to do where it is not."""

    check: str
    ok: bool
    detail: str
    mend: str = ""

    @property
    def warns(self) -> bool:
        """Tell whether it is well for now, and something had better be done."""
        return self.ok and bool(self.mend)


def well(check: str, detail: str) -> Finding:
    return Finding(check, ok=True, detail=detail)


def ill(check: str, detail: str, mend: str) -> Finding:
    return Finding(check, ok=False, detail=detail, mend=mend)


def warning(check: str, detail: str, mend: str) -> Finding:
    return Finding(check, ok=True, detail=detail, mend=mend)

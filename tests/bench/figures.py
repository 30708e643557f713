"""What a bench answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured: in words, as a number, and against its goal."""

    name: str
    measured: str
    value: float
    most: float
    unit: str

    @property
    def met(self) -> bool:
        return self.value <= self.most

    def __str__(self) -> str:
        verdict = "met" if self.met else "MISSED"
        goal = f"goal: {self.most:g}{self.unit} at most; {verdict}"
        return f"{self.name}: {self.value:.2f}{self.unit} ({goal}). {self.measured}"

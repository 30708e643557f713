"""What a bench answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured: in words, as a number, and against its goal."""

    name: str
    measured: str
    value: float
    goal: float
    unit: str
    at_least: bool = False
    """More is better: the goal is the least."""

    @property
    def met(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def __str__(self) -> str:
        verdict = "met" if self.met else "MISSED"
        goal = f"goal: {self.goal:g}{self.unit} at {'least' if self.at_least else 'most'}; {verdict}"
        return f"{self.name}: {self.value:.2f}{self.unit} ({goal}). {self.measured}"

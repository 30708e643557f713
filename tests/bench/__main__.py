"""Run every bench and print its figures. A missed goal is said, not failed: machines differ."""

from typing import Final

from tests.bench import idle, refresh, seal, start, usage

BENCHES: Final = (start, idle, usage, refresh, seal)


def main() -> None:
    for bench in BENCHES:
        for figure in bench.measure():
            print(figure, flush=True)


if __name__ == "__main__":
    main()

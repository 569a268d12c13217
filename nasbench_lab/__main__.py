"""The console script: `nasbench-lab compare`, `nasbench-lab figures`, `nasbench-lab data`."""

import sys
from importlib import import_module

COMMANDS = {
    "compare": "run a comparison to its report",
    "figures": "draw every table, figure and report again from stored runs",
    "data": "fetch, list, describe and verify the benchmarks' tables",
}


def main() -> int:
    """Run the command that the first argument names, with the other arguments."""
    arguments = sys.argv[1:]
    if arguments and arguments[0] in COMMANDS:
        code: int = import_module(f"nasbench_lab.{arguments[0]}").main(arguments[1:])
        return code
    asked = not arguments or arguments[0] in ("-h", "--help")
    stream = sys.stdout if asked else sys.stderr
    if not asked:
        print(f"error: unknown command {arguments[0]!r}", file=stream)
    print("usage: nasbench-lab COMMAND ...", file=stream)
    for name, purpose in COMMANDS.items():
        print(f"  {name:<8} {purpose}", file=stream)
    return 0 if asked else 2


if __name__ == "__main__":
    sys.exit(main())

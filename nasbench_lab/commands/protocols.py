"""Output of `protocols`: all published protocols, or one with its settings."""

from dataclasses import asdict

from nasbench_lab.commands.help import Line, entry, paragraphs, wrapped
from nasbench_lab.comparison.protocols import PROTOCOLS, SOURCES, find_protocol


def print_protocols() -> None:
    """Print every protocol and its source."""
    for name in PROTOCOLS:
        print(name)
        print(wrapped(SOURCES[name], "    ", "    "))
    print("\n" + paragraphs("python -m nasbench_lab.protocols NAME shows the settings of one."))


def print_protocol(name: str) -> None:
    """Print the source of a protocol, its settings, and the command that follows it."""
    settings = asdict(find_protocol(name))
    print(f"{name}\n\n{paragraphs(SOURCES[name])}\n\nSettings:")
    for key, value in settings.items():
        if key != "protocol" and value not in (None, (), "", False):
            values = value if isinstance(value, tuple) else (value,)
            shown = " ".join(f"{each:.15g}" if isinstance(each, float) else str(each) for each in values)
            print(entry(Line(key, shown), text_at=26))
    print(f"\nTo follow it: python -m nasbench_lab.compare --protocol {name}")
    print(paragraphs("Another option changes it, and the report says so."))

"""A command: reads its arguments, prints its help, and gives one line for each mistake."""

import sys
from argparse import SUPPRESS, ArgumentParser, BooleanOptionalAction
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any, Generic, NoReturn, TypeVar, get_type_hints

from nasbench_lab.commands.arguments import Option, documented, options_of
from nasbench_lab.commands.help import Group, Line, print_commands, print_help
from nasbench_lab.commands.versions import version_line
from nasbench_lab.errors import UsageError, unknown_name

Made = TypeVar("Made")
GENERAL = Group("General", [Line("-h, --help", "print this text"), Line("--version", "print versions")])


@dataclass(frozen=True)
class Program(Generic[Made]):
    """A command that fills a dataclass, or the parameters of a function.

    Attributes:
        prog: the command as it is typed.
        target: the dataclass or the function. Fields that are dataclasses themselves are spread out.
        groups: the titles of the help, each with the parameters under it and their metavars. An empty
            metavar stands for the one of the parameter's type.
    """

    prog: str
    target: Callable[..., Made]
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The text of the target's docstring before the list of its parameters."""
        return documented(self.target.__doc__ or "")[0]

    def options(self, default: Made | None = None) -> list[Option]:
        """Every option, with the defaults of an instance of the target if one is given."""
        metavars = {name: metavar for names in self.groups.values() for name, metavar in names.items()}
        return [
            option._replace(metavar=metavars.get(option.parameter) or option.metavar)
            for option in options_of(self.target, default)
        ]

    def read(self, arguments: Sequence[str], default: Made | None = None) -> Made:
        """Return the target as the arguments fill it: the instance, or the result of the function.

        `default` is an instance that has the values of what is not given. If the help or the versions are
        asked, they are printed, and the process exits. Raises `UsageError` on an argument that is unknown,
        missing or of another type.
        """
        options = self.options(default)
        given = self._given(arguments, options)
        values = {
            each.parameter: each.read(given[each.parameter]) for each in options if each.parameter in given
        }
        made: Made = _filled(self.target, values, default)
        return made

    def _given(self, arguments: Sequence[str], options: list[Option]) -> dict[str, Any]:
        """The texts that are given for each parameter."""
        parser = _Parser(self.prog)
        for option in options:
            if option.flag:
                parser.add_option(option)
        end = arguments.index("--") if "--" in arguments else len(arguments)
        known, others = parser.parse_known_args([_hyphenated(each) for each in arguments[:end]])
        given = vars(known)
        if given.pop("help", False):
            print_help(self.prog, self.summary, self._help(options))
            sys.exit()
        if given.pop("version", False):
            print(version_line())
            sys.exit()
        for other in others:
            if other.startswith("-") and other != "-":
                raise self._unknown(
                    other.partition("=")[0], [option.flag for option in options if option.flag]
                )
        placed = self._placed([*others, *arguments[end + 1 :]], [each for each in options if not each.flag])
        return given | placed

    def _placed(self, values: list[str], options: list[Option]) -> dict[str, Any]:
        """Give the values without a name to the parameters that take their value by its place."""
        placed: dict[str, Any] = {}
        for option in options:
            if option.many:
                placed[option.parameter], values = values, []
            elif values:
                placed[option.parameter], *values = values
            elif option.default is Parameter.empty:
                raise UsageError(f"{option.metavar} is missing; see {self.prog} --help")
        if values:
            raise UsageError(f"unexpected {values[0]!r}; see {self.prog} --help")
        return placed

    def _unknown(self, received: str, flags: list[str]) -> UsageError:
        nearest = get_close_matches(received, flags, n=3, cutoff=0.6)
        meant = f"did you mean {' or '.join(nearest)}? See" if nearest else "see"
        return UsageError(f"unknown option {received}; {meant} {self.prog} --help")

    def _help(self, options: list[Option]) -> list[Group]:
        lines = {option.parameter: Line(option.form, option.text) for option in options}
        by_place = Group("", [lines.pop(option.parameter) for option in options if not option.flag])
        groups = [
            Group(title, [lines.pop(name) for name in names if name in lines])
            for title, names in self.groups.items()
        ]
        return [by_place, *groups, Group("Options", list(lines.values())), GENERAL]


class Programs:
    """A command with commands of its own, each of them a function.

    Attributes:
        prog: the command as it is typed.
        summary: its text in the help.
        programs: its commands by name.
    """

    def __init__(self, prog: str, summary: str) -> None:
        self.prog, self.summary = prog, summary
        self.programs: dict[str, Program[int]] = {}

    def command(self, name: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
        """Add the decorated function as the command `name`."""

        def add(function: Callable[..., int]) -> Callable[..., int]:
            self.programs[name] = Program(f"{self.prog} {name}", function)
            return function

        return add

    def read(self, arguments: Sequence[str]) -> int:
        """Run the command that the first argument names, and return its exit code."""
        if not arguments:
            raise UsageError(f"a command is missing: {', '.join(self.programs)}; see {self.prog} --help")
        first = arguments[0]
        if first in ("-h", "--help"):
            print_commands(
                self.prog, self.summary, {name: each.summary for name, each in self.programs.items()}
            )
            return 0
        if first == "--version":
            print(version_line())
            return 0
        if first not in self.programs:
            raise unknown_name("command", first, self.programs)
        return self.programs[first].read(arguments[1:])


class _Parser(ArgumentParser):
    """Splits arguments into options and their texts; its errors are ours."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog=prog, add_help=False, allow_abbrev=False, argument_default=SUPPRESS)
        self.add_argument("-h", "--help", action="store_true")
        self.add_argument("--version", action="store_true")

    def add_option(self, option: Option) -> None:
        """Let the parser know an option."""
        if option.kind is bool:
            self.add_argument(option.flag, dest=option.parameter, action=BooleanOptionalAction)
        elif option.many:
            self.add_argument(option.flag, dest=option.parameter, action="extend", nargs="*")
        else:
            self.add_argument(option.flag, dest=option.parameter)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`; argparse would print the usage and exit."""
        raise UsageError(f"{message.removeprefix('argument ')}; see {self.prog} --help")


def _filled(target: Any, values: Mapping[str, Any], default: Any) -> Any:
    """The target with the values for it; a dataclass in it gets those with its own names."""
    own = {}
    hints = get_type_hints(target)
    for name in signature(target).parameters:
        if is_dataclass(hints[name]):
            own[name] = _filled(hints[name], values, default and getattr(default, name))
        elif name in values:
            own[name] = values[name]
    return target(**own) if default is None else replace(default, **own)


def _hyphenated(argument: str) -> str:
    """`--budget_seconds` means `--budget-seconds`."""
    flag, equals, value = argument.partition("=")
    return flag.replace("_", "-") + equals + value if flag.startswith("--") else argument

"""The options that a dataclass or a function has on the command line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, is_dataclass
from inspect import Parameter, cleandoc, signature
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from nasbench_lab.errors import UsageError
from nasbench_lab.lists import separate, separated
from nasbench_lab.settings import read_value

METAVARS: dict[Any, str] = {int: "N", float: "X", Path: "PATH", str: "NAME"}


@dataclass(frozen=True, kw_only=True)
class Argument:
    """The form of a parameter on the command line, given as `Annotated[type, Argument(...)]`.

    Attributes:
        help: its text in the help; by default the one in the docstring of the function or class.
        metavar: the word that stands for its value; by default one for its type.
        name: the name of the option, if it is not that of the parameter.
        positional: whether it is given by its place, without a name.
    """

    help: str = ""
    metavar: str = ""
    name: str = ""
    positional: bool = False


class Option(NamedTuple):
    """One parameter on the command line.

    Attributes:
        parameter: the name of the parameter.
        flag: `--name`; empty if it is given by its place.
        kind: the type of its value, or of each of its values if there are many.
        many: whether there may be any number of values.
        default: its value if it is not given; `Parameter.empty` if it has to be given.
        metavar: the word that stands for one value; empty for a switch.
        help: its text in the help.
    """

    parameter: str
    flag: str
    kind: Any
    many: bool
    default: Any
    metavar: str
    help: str

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that are allowed; empty if they are not listed."""
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()

    @property
    def form(self) -> str:
        """The option as it is typed."""
        if self.kind is bool:
            return self.flag.replace("--", "--[no-]")
        form = f"{self.flag} {self.metavar}".strip() + " ..." * self.many
        return form if self.flag or self.default is Parameter.empty else f"[{form}]"

    @property
    def text(self) -> str:
        """Its text in the help, with the default if there is one."""
        values = self.default if isinstance(self.default, tuple) else (self.default,)
        none = (None, "", False, Parameter.empty)
        default = " ".join(str(each) for each in values if not any(each is nothing for nothing in none))
        return self.help + f" [default: {default}]" * bool(default)

    def read(self, given: str | bool | Sequence[str]) -> Any:
        """The value that was given; raises `UsageError` if a text stands for no value of the type."""
        if isinstance(given, bool):
            return given
        return self._read(given) if isinstance(given, str) else tuple(map(self._read, given))

    def _read(self, text: str) -> Any:
        # A text is taken as it is: quotes in it are part of it.
        if self.kind is str:
            return text
        try:
            return read_value(self.flag or self.metavar, text, self.kind)
        except UsageError as error:
            if not self.many or "," not in text:
                raise
            raise UsageError(f"{error}; {separate(self.parameter, separated(text), 'numbers')}") from None


def options_of(target: Any, default: Any = None) -> Iterator[Option]:
    """The options of a dataclass or a function, those of a dataclass in it among them.

    The texts come from the docstring, and the defaults from `default`, an instance, if it is given.
    """
    texts = documented(target.__doc__ or "")[1]
    hints = get_type_hints(target, include_extras=True)
    for name, parameter in signature(target).parameters.items():
        kind, form = hints[name], Argument()
        if get_origin(kind) is Annotated:
            kind, form = get_args(kind)
        value = parameter.default if default is None else getattr(default, name)
        if is_dataclass(kind):
            yield from options_of(kind, None if default is None else value)
            continue
        many = get_origin(kind) is tuple
        kind = get_args(kind)[0] if many else kind
        yield Option(
            parameter=name,
            flag="" if form.positional else f"--{(form.name or name).replace('_', '-')}",
            kind=kind,
            many=many,
            default=value,
            metavar=form.metavar or _metavar(kind),
            help=form.help or texts.get(name, ""),
        )


def documented(docstring: str) -> tuple[str, dict[str, str]]:
    """The text of a docstring before the list of parameters, and the text of each parameter."""
    summary, *rest = re.split(r"^(?:Args|Attributes):\n", cleandoc(docstring), maxsplit=1, flags=re.M)
    texts: dict[str, str] = {}
    for names, text in re.findall(r"^    (\w[\w, ]*): (.*(?:\n {8}.*)*)", "".join(rest), re.M):
        texts |= dict.fromkeys(names.split(", "), " ".join(text.split()))
    return summary.strip(), texts


def _metavar(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "|".join(get_args(kind))
    alternatives = get_args(kind) or (kind,)
    return "" if kind is bool else next(METAVARS[each] for each in alternatives if each in METAVARS)

"""Rules and the error for one that is broken: a rule is a function that raises it."""

from collections.abc import Callable

from nasbench_lab.errors import ConformanceError, place_of

Rule = Callable[..., None]
"""A function whose name says the rule. It raises `ConformanceError` with an example if the rule is broken."""


def require(kept: object, example: str) -> None:
    """Raise `ConformanceError` unless a rule is kept."""
    if not kept:
        raise ConformanceError(example)


def require_refused(
    kind: type[Exception], function: Callable[..., object], *arguments: object, message: str = ""
) -> None:
    """Raise `ConformanceError` unless a call raises an error of a kind, with `message` in its text."""
    call = f"{function.__name__}({', '.join(map(shown, arguments))})"
    try:
        answer = function(*arguments)
    except kind as error:
        require(message in str(error), f"{call} says {str(error)!r}; expected {message!r}")
    else:
        require(False, f"{call} gave {shown(answer)}; expected {kind.__name__}")


def check_rule(rule: Rule, subject: str, *arguments: object) -> None:
    """Call a rule with its arguments.

    Raises `ConformanceError`: one line with the name of the subject, the rule, and an example. An error of
    another kind, raised by the code under test, becomes one, too.
    """
    try:
        rule(*arguments)
    except ConformanceError as error:
        raise ConformanceError(f"{_heading(rule, subject)}: {error}") from error.__cause__
    except Exception as error:
        raised = f"{type(error).__name__}: {error}"
        raise ConformanceError(f"{_heading(rule, subject)}: {raised:.500}{place_of(error)}") from error


def shown(value: object) -> str:
    """A value as one short line."""
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


def _heading(rule: Rule, subject: str) -> str:
    return f"{subject} breaks the rule {rule.__name__.replace('_', ' ')!r}"

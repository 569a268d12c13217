"""Join two comparisons of one protocol: more seeds, algorithms or tasks beside those that are stored.

The runs of a comparison depend on the root seed, the task, the algorithm's label and their number. So runs
that were added later are those that would have been made at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NamedTuple

from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.errors import UsageError

# Settings that may differ between comparisons that are joined. All others are the protocol.
GROWING = ("benchmark", "algorithms", "seeds", "budget_seconds", "target_accuracy")
Header = Mapping[str, Any]
"""The content of a `comparison.json`, in plain JSON values."""


class Further(NamedTuple):
    """Tasks and algorithms beside those asked for, by the texts that find them."""

    benchmark: tuple[str, ...]
    algorithms: tuple[str, ...]


NOTHING = Further((), ())


class Different(Exception):  # noqa: N818 -- a reason; the caller knows the folders and raises the error
    """The first difference that keeps two comparisons apart."""


@dataclass(frozen=True)
class Plan:
    """A comparison, and its parts by name.

    Attributes:
        comparison: the settings.
        references: the text by which each task is found, by the task's name.
        texts: the text by which each algorithm is found, by its label.
    """

    comparison: Comparison
    references: Mapping[str, str]
    texts: Mapping[str, str]


def plan_of(header: Header) -> Plan:
    """The plan of a stored comparison; raises `Different` if its `comparison.json` is damaged."""
    try:
        comparison = Comparison.from_json(header["comparison"], "its comparison.json")
        known = header.get("references", {})
        references = {task["name"]: known.get(task["name"], task["name"]) for task in header["tasks"]}
        labels = [algorithm["label"] for algorithm in header["algorithms"]]
        return Plan(comparison, references, dict(zip(labels, comparison.algorithms, strict=False)))
    except (AttributeError, KeyError, TypeError) as error:
        raise Different(f"its comparison.json is damaged ({error})") from None
    except UsageError as error:
        raise Different(str(error)) from None


def joined(first: Plan, second: Plan) -> Plan:
    """The plan with all tasks, algorithms and seeds of two; those of the first come first.

    Raises `Different` if their settings differ in anything else.
    """
    one, two = first.comparison, second.comparison
    for field in fields(Comparison):
        before, now = getattr(one, field.name), getattr(two, field.name)
        if field.name not in GROWING and before != now:
            raise Different(f"its {field.name} is {_text(before)}, this one's {_text(now)}")
    references = {**second.references, **first.references}
    names = list(dict.fromkeys([*first.references, *second.references]))
    texts = {**first.texts, **second.texts}
    labels = list(dict.fromkeys([*first.texts, *second.texts]))
    if names == list(first.references):
        benchmark = one.benchmark
    elif names == list(second.references):
        benchmark = two.benchmark
    else:
        benchmark = (*one.benchmark, *(references[name] for name in names[len(first.references) :]))
    comparison = replace(
        one,
        benchmark=benchmark,
        algorithms=tuple(texts[label] for label in labels),
        seeds=max(one.seeds, two.seeds),
        budget_seconds=_per_task("budget_seconds", first, second, names),
        target_accuracy=_per_task("target_accuracy", first, second, names),
    )
    return Plan(
        comparison, {name: references[name] for name in names}, {label: texts[label] for label in labels}
    )


def further_needed(stored: Plan, asked: Plan, grown: Plan, finished: bool) -> Further:
    """The stored tasks and algorithms that new runs need, beside those asked for.

    New algorithms run on all tasks, all algorithms on new tasks, and more seeds need them all.

    Args:
        stored, asked: the two plans.
        grown: both of them joined.
        finished: whether all stored runs are there.
    """
    everything = not finished or grown.comparison.seeds > stored.comparison.seeds
    on_all_tasks = everything or grown.texts.keys() > stored.texts.keys()
    by_all_algorithms = everything or grown.references.keys() > stored.references.keys()
    return Further(
        tuple(
            text for name, text in stored.references.items() if on_all_tasks and name not in asked.references
        ),
        tuple(text for label, text in stored.texts.items() if by_all_algorithms and label not in asked.texts),
    )


def _per_task(
    setting: Literal["budget_seconds", "target_accuracy"], first: Plan, second: Plan, names: Sequence[str]
) -> tuple[float, ...]:
    """A setting that may have one value per task, for all tasks of both."""
    values: dict[str, float | None] = {}
    for plan in (first, second):
        of_plan = plan.comparison.per_task(setting, len(plan.references))
        for name, value in zip(plan.references, of_plan, strict=True):
            if values.setdefault(name, value) != value:
                raise Different(
                    f"its {setting} of {name} is {_text(values[name])}, this one's {_text(value)}"
                )
    for plan in (first, second):
        if list(plan.references) == list(names):
            return tuple(getattr(plan.comparison, setting))
    given = [value for value in values.values() if value is not None]
    if len(given) not in (0, len(names)):
        lacking = next(name for name in names if values[name] is None)
        raise Different(f"{setting} is set for some tasks only, not for {lacking}")
    return tuple(given) if len(set(given)) > 1 else tuple(given[:1])


def joined_headers(stored: Header, now: Header) -> dict[str, Any]:
    """The header of a stored comparison that has grown; the stored one itself if nothing is added.

    Raises `Different` if the two are not of one protocol, or if a table or the code of an algorithm that
    both have is not the same.
    """
    plan = joined(plan_of(stored), plan_of(now))
    try:
        tasks = _entries(stored["tasks"], now["tasks"], "name", ("digest",), "table or the code")
        algorithms = _entries(
            stored["algorithms"], now["algorithms"], "label", ("hyperparameters", "source_sha256"), "code"
        )
        # Another version may search differently; another machine or day makes no difference.
        versions = [side["environment"].get("nasbench_lab") for side in (stored, now)]
        if versions[0] != versions[1]:
            raise Different("it was begun with nasbench_lab {}, this is {}".format(*versions))
        before = len(stored["tasks"]), len(stored["algorithms"]), stored["comparison"]["seeds"]
    except (AttributeError, KeyError, TypeError) as error:
        raise Different(f"its comparison.json is damaged ({error})") from None
    if before == (len(tasks), len(algorithms), plan.comparison.seeds):
        return dict(stored)
    return {
        **now,
        "comparison": plan.comparison.to_json(),
        "tasks": tasks,
        "references": dict(plan.references),
        "algorithms": algorithms,
        "environment": _environment(stored["environment"], now["environment"]),
    }


def _entries(
    stored: Iterable[Header], now: Iterable[Header], key: str, digests: Sequence[str], what: str
) -> list[Header]:
    """The stored tasks or algorithms, then the new ones; raises `Different` if one of both has changed."""
    entries = {entry[key]: entry for entry in stored}
    for entry in now:
        before = entries.setdefault(entry[key], entry)
        for each in digests:
            if before[each] == entry[each]:
                continue
            if each == "hyperparameters":
                was, is_now = (f"{side['function']}({_settings(side[each])})" for side in (before, entry))
                raise Different(f"its {entry[key]} is {was}, this one's {is_now}, which needs another label")
            raise Different(
                f"the {what} of {entry[key]} has changed since ({_short(before[each])} was"
                f" {_short(entry[each])})"
            )
    return list(entries.values())


def _environment(stored: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The environment of the first runs, and all that was another one when runs were added."""
    changed = {name: value for name, value in now.items() if name == "started" or stored.get(name) != value}
    return {**stored, "added": [*stored.get("added", []), changed]}


def _settings(hyperparameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in hyperparameters.items())


def _text(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)


def _short(digests: str) -> str:
    """Shorten each digest of a chain to 12 characters."""
    return "+".join(digest[:12] for digest in digests.split("+"))

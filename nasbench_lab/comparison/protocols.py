"""Published protocols by name: the settings that make a result comparable with a paper's."""

from dataclasses import fields, replace

from nasbench_lab.comparison.specification import Comparison
from nasbench_lab.errors import UsageError, unknown_name

SOURCES = {
    "nats-bench": 'Dong, Liu, Musial & Gabrys, "NATS-Bench: Benchmarking NAS Algorithms for Architecture'
    ' Topology and Size", TPAMI 2021: 500 runs; simulated budgets; the search sees the validation accuracy at'
    " the end of the 12-epoch training; the evaluation that overshoots counts."
}
PROTOCOLS = {
    "nats-bench": Comparison(
        protocol="nats-bench",
        benchmark=("nasbench201/cifar10", "nasbench201/cifar100", "nasbench201/imagenet16-120"),
        algorithms=(
            "random_search",
            "local_search",
            "regularized_evolution:population_size=10,sample_size=3",
            "genetic_algorithm",
            "reinforce",
        ),
        seeds=500,
        budget_seconds=(20_000, 40_000, 120_000),
        over_budget="include",
        promotions="restart",
        epochs=12,
        training_seed="random",
    )
}


def find_protocol(name: str) -> Comparison:
    """Return the settings of a published protocol; raises `UsageError` with the nearest names if unknown."""
    if name not in PROTOCOLS:
        raise unknown_name("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]


def on_fewer_tasks(comparison: Comparison) -> Comparison:
    """Give each task its own published budget if a comparison uses only some tasks of its protocol.

    Raises `UsageError` if the protocol has no budget for a task and none was set.
    """
    if not comparison.protocol:
        return comparison
    published = find_protocol(comparison.protocol)
    tasks, budgets = comparison.benchmark, published.budget_seconds
    if tasks == published.benchmark or comparison.budget_seconds != budgets or len(budgets) < 2:
        return comparison
    by_task = dict(zip(published.benchmark, budgets, strict=True))
    for task in tasks:
        if task not in by_task:
            raise UsageError(
                f"protocol {comparison.protocol} has no budget for {task}, only for {', '.join(by_task)};"
                " set budget_seconds"
            )
    return replace(comparison, budget_seconds=tuple(by_task[task] for task in tasks))


def describe_protocol(comparison: Comparison) -> str:
    """Return the protocol's name and every changed setting, so that a mixture is always labelled.

    The algorithms and the root seed are not part of a protocol.
    """
    if not comparison.protocol:
        return ""
    published = find_protocol(comparison.protocol)
    changed = [
        f"{field.name} {_plain(getattr(comparison, field.name))} instead of"
        f" {_plain(getattr(published, field.name))}"
        for field in fields(Comparison)
        if field.name not in ("algorithms", "root_seed", "protocol")
        and getattr(comparison, field.name) != getattr(published, field.name)
    ]
    return comparison.protocol + (f" (changed: {'; '.join(changed)})" if changed else "")


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_plain(item) for item in value) or "none"
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)

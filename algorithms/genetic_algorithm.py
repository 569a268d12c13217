"""A generational genetic algorithm (Holland 1975; Xie & Yuille 2017 for architectures)."""

import numpy as np

from nasbench_lab.search import SearchProcess
from nasbench_lab.spaces import Architecture, SearchSpace

Member = tuple[float, Architecture]


def genetic_algorithm(
    space: SearchSpace,
    rng: np.random.Generator,
    *,
    population_size: int = 20,
    selection: str = "tournament",
    tournament_size: int = 3,
    crossover: str = "uniform",
    crossover_rate: float = 0.9,
    mutation_rate: float = 0.1,
    elitism: int = 1,
) -> SearchProcess:
    """Selection, crossover and mutation, one generation at a time.

    Holland, "Adaptation in Natural and Artificial Systems", 1975; the encoding of an architecture as a
    string of decisions follows Xie & Yuille, "Genetic CNN", ICCV 2017.

    Args:
        space: the search space.
        rng: the only source of randomness.
        population_size: number of members in a generation.
        selection: `tournament` (best of `tournament_size` drawn with replacement) or `roulette`
            (probability proportional to the accuracy above the generation's worst).
        tournament_size: number of contestants in a tournament.
        crossover: `one_point`, `two_point` or `uniform`.
        crossover_rate: probability that two parents are crossed; otherwise the first is copied.
        mutation_rate: probability that a decision mutates. The number of mutations per child is binomial.
        elitism: number of best members that survive unchanged; they are not evaluated again.
    """
    _check(population_size, selection, tournament_size, crossover, crossover_rate, mutation_rate, elitism)
    decisions = len(space.cardinalities)
    candidates = [space.sample(rng) for _ in range(population_size)]
    elite: list[Member] = []
    while True:
        evaluations = yield candidates
        accuracies = [evaluation.valid_accuracy for evaluation in evaluations]
        population = elite + list(zip(accuracies, candidates, strict=True))
        population.sort(key=lambda member: member[0], reverse=True)
        elite = population[:elitism]

        def parent(population: list[Member] = population) -> Architecture:
            if selection == "tournament":
                return population[_tournament(len(population), tournament_size, rng)][1]
            return population[_roulette(population, rng)][1]

        candidates = []
        while len(candidates) < population_size - elitism:
            child = parent()
            if rng.random() < crossover_rate:
                crossed = _cross(child, parent(), crossover, rng)
                # In some spaces not every tuple is an architecture, so a cross may be invalid.
                child = crossed if space.is_valid(crossed) else child
            for _ in range(rng.binomial(decisions, mutation_rate)):
                child = space.mutate(child, rng)
            candidates.append(child)


def _tournament(size: int, contestants: int, rng: np.random.Generator) -> int:
    # The population is sorted, best first, so the smallest index wins.
    return int(rng.random(contestants).min() * size)


def _roulette(population: list[Member], rng: np.random.Generator) -> int:
    fitness = np.array([accuracy for accuracy, _ in population])
    fitness -= fitness.min()
    if fitness.sum() == 0:
        return int(rng.random() * len(population))
    wheel = np.cumsum(fitness)
    return int(np.searchsorted(wheel, rng.random() * wheel[-1], side="right"))


def _cross(
    first: Architecture, second: Architecture, crossover: str, rng: np.random.Generator
) -> Architecture:
    decisions = len(first)
    if crossover == "uniform":
        coins = rng.random(decisions).tolist()
        return tuple([a if coin < 0.5 else b for a, b, coin in zip(first, second, coins, strict=True)])
    if crossover == "one_point":
        # The cut falls between two decisions, so both parents contribute (if there are two or more).
        cut = 1 + int(rng.random() * (decisions - 1))
        return first[:cut] + second[cut:]
    # If the two cuts fall on the same place or on both ends, the child is one of its parents.
    start, end = sorted((rng.random(2) * (decisions + 1)).astype(int).tolist())
    return first[:start] + second[start:end] + first[end:]


def _check(
    population_size: int,
    selection: str,
    tournament_size: int,
    crossover: str,
    crossover_rate: float,
    mutation_rate: float,
    elitism: int,
) -> None:
    if selection not in ("tournament", "roulette"):
        raise ValueError(f"selection is 'tournament' or 'roulette'; received {selection!r}")
    if crossover not in ("one_point", "two_point", "uniform"):
        raise ValueError(f"crossover is 'one_point', 'two_point' or 'uniform'; received {crossover!r}")
    if population_size < 2 or tournament_size < 1:
        raise ValueError(
            "population_size is 2 or more and tournament_size 1 or more;"
            f" received {population_size} and {tournament_size}"
        )
    if not 0 <= elitism < population_size:
        raise ValueError(f"elitism lies between 0 and population_size - 1; received {elitism}")
    for name, rate in (("crossover_rate", crossover_rate), ("mutation_rate", mutation_rate)):
        if not 0 <= rate <= 1:
            raise ValueError(f"{name} lies between 0 and 1; received {rate:g}")

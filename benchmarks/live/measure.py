"""Measurement of the embedded table: a real training of every distinct cell of NAS-Bench-201."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.pack import Protocol, pack
from nasbench_lab.benchmarks.live.task import LiveTask
from nasbench_lab.benchmarks.tables.contents import Contents, DataSet, FloatArray, Measurement, Training
from nasbench_lab.benchmarks.tables.embedded import embedded_path, unfinished_path
from nasbench_lab.benchmarks.tables.file import Table
from nasbench_lab.benchmarks.training.images import ImageSet, open_images
from nasbench_lab.benchmarks.training.recipes import MINI
from nasbench_lab.errors import TableError
from nasbench_lab.processes import closing_quietly, leave_interrupts_to_parent
from nasbench_lab.spaces import find_space

NAME = MINI.name
TITLE = "Mini NAS-Bench-201"
SPACE = "nasbench201"
IMAGES = "cifar10"
SEEDS = 3


@dataclass(frozen=True)
class Workplace:
    """The images to train on, the folder for finished trainings, and the device.

    Attributes:
        images: a folder or an archive, see `nasbench_lab.benchmarks.training.images.open_images`.
        cache: folder of the evaluation cache.
        device: the device, as PyTorch names it; None for the fastest.
    """

    images: Path | None
    cache: Path
    device: str | None = None


def measure(
    workplace: Workplace, seeds: int = SEEDS, jobs: int = 1
) -> Generator[tuple[int, int], None, None]:
    """Do all trainings that are neither in the cache nor in the embedded table.

    Yields the number of finished trainings and the total number, at the start and after each training.

    All cells are trained with seed 0, then all with seed 1, and so on. The order of the cells is random
    for each seed. So the finished cells are always a random sample, and machines that share a cache
    rarely train the same cell at once. If it is stopped, the next call continues from there.
    """
    from joblib import Parallel, delayed

    task = _task(workplace)
    listed = _listed(task.protocol)
    rng = np.random.default_rng()
    all_work = [(int(cell), seed) for seed in range(seeds) for cell in rng.permutation(_distinct())]
    left = [
        (cell, seed)
        for cell, seed in all_work
        if (cell, seed) not in listed and not task.is_known(task.space.architecture(cell), seed)
    ]
    done = len(all_work) - len(left)
    yield done, len(all_work)
    parallel = Parallel(n_jobs=jobs, return_as="generator_unordered")
    finished = parallel(delayed(_train)(workplace, cell, seed, jobs > 1) for cell, seed in left)
    with closing_quietly(finished):
        for _ in finished:
            done += 1
            yield done, len(all_work)


def tables(workplace: Workplace, pixels: str = "") -> tuple[Contents, Contents | None]:
    """The measurements so far, as two tables: the main table and the rest.

    Both have a row for each of the 15,625 cells. Equal cells share one training. The main table has the
    seeds that every cell was trained with. If there is no such seed yet, it has the first seed, and its
    title says that cells are missing. The rest has the other seeds; it is None if there are none. Values
    that the embedded table and its rest already list are kept.

    Args:
        workplace: the workplace with the trainings.
        pixels: a description of the images, if they are not the official ones. If it is empty, the
            description in the embedded table is kept.

    Raises `TableError` if nothing was measured, or if every training failed in its first epoch.
    """
    protocol = _task(workplace).protocol
    entries = [
        entry for entry in EvaluationCache(workplace.cache).entries() if Protocol.of(entry) == protocol
    ]
    before = _before(protocol)
    if not entries:
        listed = {seed for table in before for seed in _trained(table.data_set(IMAGES))[0]}
        beyond = (
            f" beyond the {len(listed)} seeds that the embedded table lists; raise --seeds to measure more"
        )
        raise TableError(f"nothing was measured{beyond if before else ' yet'}")
    packed = pack(entries, NAME, TITLE)
    known = [table.provenance for table in before]
    devices = {device for each in (packed.provenance, *known) for device in each["devices"].split("; ")}
    everything = replace(
        packed,
        citation="measured by nasbench_lab; its README says how",
        licence="Apache-2.0",
        data_sets={
            IMAGES: _every_cell([*(table.data_set(IMAGES) for table in before), packed.data_sets[IMAGES]])
        },
        provenance={
            **packed.provenance,
            "devices": "; ".join(sorted(devices)),
            "pixels": pixels or (known[0]["pixels"] if known else "as in the official files"),
        },
    )
    measured = _measured(everything)
    if not measured:
        raise TableError("every training failed in its first epoch, so there is nothing to make a table of")
    finished = [seed for seed, count in measured.items() if count == len(_distinct())] or [min(measured)]
    rest = [seed for seed in measured if seed not in finished]
    return _of_seeds(everything, finished), _of_seeds(everything, rest) if rest else None


def _measured(contents: Contents) -> dict[str, int]:
    """Number of distinct cells that were trained, by seed; seeds with no trained cell are left out."""
    seeds, trained = _trained(contents.data_sets[IMAGES])
    counts = trained[_distinct()].sum(axis=0)
    return {seed: int(count) for seed, count in zip(seeds, counts, strict=True) if count}


def _trained(data_set: DataSet) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """Training seeds, and whether each cell was trained with each seed, shape `(cells, seeds)`.

    A cell counts as trained if its first epoch has an accuracy, even if the training diverged later.
    """
    valid = data_set.trainings[MINI.epochs].valid_accuracy
    assert valid is not None
    return valid.seeds, np.isfinite(valid.values[:, 0])


def _of_seeds(contents: Contents, seeds: list[str]) -> Contents:
    """The contents with only these seeds. If cells are missing, the title of the table says so."""
    data_set = contents.data_sets[IMAGES]

    def chosen(measurement: Measurement) -> Measurement:
        places = [measurement.seeds.index(seed) for seed in seeds]
        return replace(measurement, values=measurement.values[..., places], seeds=tuple(seeds))

    training = data_set.trainings[MINI.epochs]
    part = Training(**{field.name: chosen(getattr(training, field.name)) for field in fields(Training)})
    fewest = min(_measured(contents)[seed] for seed in seeds)
    so_far = "" if fewest == len(_distinct()) else f" ({fewest:,} of {len(_distinct()):,} cells so far)"
    return replace(
        contents,
        title=TITLE + so_far,
        data_sets={IMAGES: replace(data_set, trainings={MINI.epochs: part})},
    )


def _every_cell(sources: Sequence[DataSet]) -> DataSet:
    """A row for each cell of the space, filled from the sources' rows of that cell or an equal one."""
    space = find_space(SPACE)
    cells = np.array([space.architecture(index) for index in range(space.size)])
    rows = [source.rows(cells) for source in sources]
    labels = _seeds(sources)

    def column(name: str) -> FloatArray:
        values: FloatArray = np.full(space.size, np.nan)
        for source, row in zip(sources, rows, strict=True):
            values = np.where(np.isnan(values) & (row >= 0), getattr(source, name)[row], values)
        return values

    def measurement(name: str) -> Measurement:
        measurements = [getattr(source.trainings[MINI.epochs], name) for source in sources]
        epochs: tuple[int, ...] = measurements[0].epochs
        values = np.full((space.size, len(epochs), len(labels)), np.nan, np.float32)
        for source, row in zip(measurements, rows, strict=True):
            for position, label in enumerate(source.seeds):
                old, new = values[..., labels.index(label)], source.values[row, :, position]
                old[:] = np.where(np.isnan(old) & (row >= 0)[:, None], new, old)
        return Measurement(values, epochs, labels)

    training = Training(**{field.name: measurement(field.name) for field in fields(Training)})
    return replace(
        sources[-1],
        keys=None,
        trainings={MINI.epochs: training},
        parameters=column("parameters"),
        flops=column("flops"),
    )


def _seeds(sources: Sequence[DataSet]) -> tuple[str, ...]:
    tests = [source.trainings[MINI.epochs].test_accuracy for source in sources]
    return tuple(sorted({seed for test in tests if test is not None for seed in test.seeds}, key=int))


@cache
def _images(folder: Path | None) -> ImageSet:
    return open_images(IMAGES, folder)


def _task(workplace: Workplace) -> LiveTask:
    return LiveTask(
        find_space(SPACE),
        MINI,
        _images(workplace.images),
        EvaluationCache(workplace.cache),
        seeds=SEEDS,
        device=workplace.device,
    )


def _train(workplace: Workplace, cell: int, seed: int, in_worker: bool) -> None:
    if in_worker:
        leave_interrupts_to_parent()
    task = _task(workplace)
    architecture = task.space.architecture(cell)
    # Another machine may have trained it in the meantime.
    if not task.is_known(architecture, seed):
        task.train(architecture, seed)


def _distinct() -> NDArray[np.int64]:
    space = find_space(SPACE)
    return np.unique(space.canonical_indices(np.arange(space.size)))


def _before(protocol: Protocol) -> list[Table]:
    """The embedded table and its rest, if they exist and were measured by this protocol."""
    path = embedded_path(NAME)
    tables = [Table(each) for each in (path, unfinished_path(path)) if each.exists()]
    wanted = (protocol.recipe, protocol.images)
    return [
        table
        for table in tables
        if (table.provenance.get("recipe digest"), table.provenance.get("images digest")) == wanted
    ]


def _listed(protocol: Protocol) -> set[tuple[int, int]]:
    """Cells and seeds that the embedded table and its rest list."""
    listed = set()
    for table in _before(protocol):
        seeds, trained = _trained(table.data_set(IMAGES))
        listed |= {(int(cell), int(seeds[at])) for cell, at in np.argwhere(trained)}
    return listed

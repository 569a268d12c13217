"""Whether a good and a poor cell of NAS-Bench-201 come out in the published order when trained here.

    python -m tests.performance.published_order --data-dir FOLDER --recipe nasbench201-12:train_images=2500

Both are trained on the images of CIFAR-10 by the same recipe, which may take fewer images than the
published 25,000: an hour of training on a GPU is days on a CPU. Outcomes are kept in the evaluation cache.
"""

import argparse
import time
from pathlib import Path

from nasbench_lab.benchmarks.folders import cache_folder
from nasbench_lab.benchmarks.live.cache import EvaluationCache
from nasbench_lab.benchmarks.live.task import LiveTask
from nasbench_lab.benchmarks.training.images import open_images
from nasbench_lab.benchmarks.training.outcome import Epoch
from nasbench_lab.benchmarks.training.recipes import find_recipe
from nasbench_lab.spaces import find_space

# Published test accuracy after 200 epochs, mean over seeds, in percent.
CELLS = {
    "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|nor_conv_1x1~2|": 94.31,
    "|avg_pool_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|avg_pool_3x3~1|none~2|": 79.99,
}


def main() -> None:
    """Train both, and print the accuracies side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--recipe", default="nasbench201-12")
    parser.add_argument("--cache", type=Path, default=cache_folder())
    given = parser.parse_args()
    space = find_space("nasbench201")
    task = LiveTask(
        space,
        find_recipe(given.recipe),
        open_images("cifar10", given.data_dir),
        EvaluationCache(given.cache),
        progress=_say,
    )
    for text, published in CELLS.items():
        start = time.perf_counter()
        outcome = task.train(space.parse(text), 0)
        assert outcome.test is not None, outcome.failure
        print(
            f"{text}\n  published {published} %; here validation {outcome.epochs[-1].valid_accuracy:.2f} %,"
            f" test {outcome.test.accuracy:.2f} %, {time.perf_counter() - start:.0f} s, {outcome.device}",
            flush=True,
        )


def _say(_architecture: str, number: int, epoch: Epoch) -> None:
    print(f"  epoch {number}: {epoch.valid_accuracy:.2f} %, {epoch.train_seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()

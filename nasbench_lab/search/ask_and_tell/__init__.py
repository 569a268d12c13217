"""Optimisers with `ask` and `tell` as algorithms of ours: your own, those of Optuna, those of nevergrad.

    import optuna
    from nasbench_lab.search.ask_and_tell import ask_and_tell, from_nevergrad, from_optuna

    optuna_tpe = from_optuna(lambda seed: optuna.samplers.TPESampler(seed=seed))
    one_plus_one = from_nevergrad("PortfolioDiscreteOnePlusOne")
    mine = ask_and_tell(MyOptimiser)  # a class, or a function, of space and rng

In a file `mine.py`, the first one takes part in a comparison as `mine.py:optuna_tpe`. The keyword-only
parameters of the function that makes an optimiser are hyperparameters:

    @from_optuna
    def optuna_tpe(seed, *, n_startup_trials: int = 10):
        "Tree-structured Parzen estimators (Bergstra et al. 2011)."
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=n_startup_trials)
"""

from nasbench_lab.search.ask_and_tell.nevergrad_optimiser import from_nevergrad
from nasbench_lab.search.ask_and_tell.optimiser import AskAndTell, ask_and_tell
from nasbench_lab.search.ask_and_tell.optuna_study import from_optuna

__all__ = ["AskAndTell", "ask_and_tell", "from_nevergrad", "from_optuna"]

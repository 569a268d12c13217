"""The help of `compare` in groups: titles, the options under them, most used first, and their metavars.

An empty metavar stands for the one of the option's type. The texts of the options are in the docstrings of
`Comparison` and of the command.
"""

COMPARE = {
    "What to compare": {"benchmark": "NAME", "algorithms": "NAME", "seeds": "N"},
    "Runs and output": {"out": "FOLDER", "jobs": "N"},
    "Budget of a run": {
        "budget_evaluations": "N",
        "budget_trainings": "N",
        "budget_seconds": "SECONDS",
        "budget_real_seconds": "SECONDS",
        "target_accuracy": "ACCURACY",
        "over_budget": "",
    },
    "Evaluations and their cost": {
        "epochs": "N",
        "training_seed": "SEED",
        "cost": "",
        "promotions": "",
        "incumbent": "",
        "learn_from": "NAME",
        "learn_from_evaluations": "N",
    },
    "Several objectives, simulated workers": {"objectives": "METRIC", "workers": "N"},
    "Architectures that no table lists": {"only_listed": "", "fallback": "SOURCE", "recipe": "RECIPE"},
    "Live training": {"data_dir": "FOLDER", "device": "DEVICE", "cache": "FOLDER"},
    "Reproduce": {"protocol": "NAME", "config": "FILE", "root_seed": "N"},
}

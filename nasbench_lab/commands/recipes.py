"""Output of `recipes`: all recipes of live training, or one with its settings."""

from dataclasses import fields

from nasbench_lab.benchmarks.training.recipes import RECIPES, SOURCES, Recipe, find_recipe
from nasbench_lab.commands.arguments import documented
from nasbench_lab.commands.help import Line, entry, paragraphs, wrapped
from nasbench_lab.errors import NasbenchLabError
from nasbench_lab.installed import installed_names


def print_recipes() -> None:
    """Print every recipe: its spaces, its epochs and its source."""
    names = [*(recipe.name for recipe in RECIPES), *installed_names("recipes")]
    column = max(map(len, names)) + 2
    for name in names:
        try:
            recipe = find_recipe(name)
        except NasbenchLabError as error:  # of somebody's package
            print(f"{name}\n{wrapped(str(error), '    ', '    ')}")
            continue
        print(f"{name:<{column}}{_spaces(recipe)}, {recipe.epochs} epochs")
        print(wrapped(_source(name), "    ", "    "))
    print("\n" + paragraphs("python -m nasbench_lab.recipes NAME shows the settings of one."))


def print_recipe(text: str) -> None:
    """Print the source of a recipe, its settings, and the way to change them."""
    recipe = find_recipe(text)
    name = text.partition(":")[0]
    texts = documented(Recipe.__doc__ or "")[1]
    print(f"{recipe.name}, {_spaces(recipe)}\n\n{paragraphs(_source(name))}\n\nSettings:")
    for field in fields(Recipe):
        if field.name not in ("name", "spaces"):
            value = getattr(recipe, field.name)
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            print(entry(Line(f"{field.name} = {shown}", texts[field.name])))
    print("\nTo train by it:     python -m nasbench_lab.compare --benchmark SPACE --recipe " + name)
    print(f"To change settings: --recipe {name}:epochs={recipe.epochs},batch_size={recipe.batch_size}")


def _spaces(recipe: Recipe) -> str:
    return f"for {' and '.join(recipe.spaces) or 'every search space'}"


def _source(name: str) -> str:
    return SOURCES.get(name, "Of an installed package.")

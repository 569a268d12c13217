"""The script that lets a shell complete the commands and options of `nasbench-lab`."""

from collections.abc import Mapping
from typing import Any

from nasbench_lab.commands.arguments import Option
from nasbench_lab.commands.program import Program, Programs

# Without a word that fits, the shell completes the names of files.
SCRIPT = """\
_nasbench_lab() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} command= words=
    COMPREPLY=()
    (( COMP_CWORD > 1 )) && command=${{COMP_WORDS[1]}}
    case $command in {nested}) (( COMP_CWORD > 2 )) && command="$command ${{COMP_WORDS[2]}}" ;; esac
    case "$command $before" in
{values}
        *" --"*) case $word in -*) ;; *) return ;; esac ;;
    esac
    [ -n "$words" ] || case $command in
{words}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _nasbench_lab nasbench-lab
"""
FOR_ZSH = "autoload -U +X compinit bashcompinit && compinit && bashcompinit\n"


def completion_script(shell: str, commands: Mapping[str, Program[Any] | Programs]) -> str:
    """The script for `bash` or `zsh`; `commands` are those of `nasbench-lab`."""
    nested = {name: each for name, each in commands.items() if isinstance(each, Programs)}
    programs = {name: each for name, each in commands.items() if isinstance(each, Program)}
    for outer, each in nested.items():
        programs |= {f"{outer} {name}": program for name, program in each.programs.items()}
    words = {"": " ".join(commands)} | {name: " ".join(each.programs) for name, each in nested.items()}
    values: dict[str, str] = {}
    for name, program in programs.items():
        options = program.options()
        words[name] = " ".join([*(word for each in options for word in _words(each)), "--help", "--version"])
        values |= {
            f"{name} {each.flag}": " ".join(each.choices) for each in options if each.flag and each.choices
        }
    script = SCRIPT.format(nested="|".join(nested), values=_cases(values), words=_cases(words))
    return FOR_ZSH * (shell == "zsh") + script


def _words(option: Option) -> tuple[str, ...]:
    """The words that begin an option, or stand for a value without a name."""
    if not option.flag:
        return option.choices
    return (option.flag, option.flag.replace("--", "--no-")) if option.kind is bool else (option.flag,)


def _cases(words: Mapping[str, str]) -> str:
    return "\n".join(f'        "{name}") words="{each}" ;;' for name, each in words.items())

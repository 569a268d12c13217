"""Call a function in a new process, whose hashes of texts differ from those of this one."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import cloudpickle

from nasbench_lab.errors import ConformanceError

PROGRAM = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
function, arguments = pickle.load(sys.stdin.buffer)
pickle.dump(function(*arguments), sys.stdout.buffer)
"""


def in_another_process(owner: object, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns in a new process.

    Args:
        owner: the class or function under test. Its module is sent along, because a new process cannot
            always import it.
        function, arguments: of this package.

    Raises `ConformanceError` if the arguments cannot be sent, or the function fails there.
    """
    named = sys.modules.get(getattr(owner, "__module__", ""))
    by_value = [named] if named and not named.__name__.startswith(("nasbench_lab", "__main__")) else []
    try:
        for module in by_value:
            cloudpickle.register_pickle_by_value(module)
        sent = pickle.dumps(sys.path) + cloudpickle.dumps((function, arguments))
    except Exception as error:
        raise ConformanceError(
            f"it cannot be sent to another process: {type(error).__name__}: {error}"
        ) from error
    finally:
        for module in by_value:
            cloudpickle.unregister_pickle_by_value(module)
    hashes = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=sent,
        capture_output=True,
        env={**os.environ, "PYTHONHASHSEED": hashes},
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ConformanceError(f"it fails in another process: {last}")
    return pickle.loads(done.stdout)

"""What a server does not load before it is used: libraries that many servers never need.

Without this, each of them would be loaded by every start: the engine and the modules of ours that
use them import them at their top, as is usual and as type checkers want it.
"""

import sys
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import Any

from pydantic import BaseModel, ConfigDict

OF_POSTGRESQL = ("asyncpg", "psycopg", "psycopg.errors")
"""What only that database needs; the engine imports the last two whatever it works on."""
SELDOM_USED = (
    "click",  # commands of the engine's
    "h11",  # doors of simulated clusters
    "httpx",  # webhooks, real clusters
    "jwt",  # identities of pods
    "yaml",  # charts, files of faults
)

_lock = Lock()


class _Later(ModuleType):
    """Stands for a module until an attribute of it is asked for.

    Modules that import it go on to hold this one, so it takes the attributes over. Whoever imports
    a name *from* it loads it at once. Nobody can import what is *below* it: that would be loaded
    twice, so it is refused, and by the first test that would do it.
    """

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":
            raise AttributeError(name)
        inner = sys.modules.get(f"{self.__name__}.{name}")
        return inner if isinstance(inner, _Later) else getattr(self._load(), name)

    def _load(self) -> ModuleType:
        top = self.__name__.partition(".")[0]
        with _lock:  # and not while it is imported, which has locks of its own
            waiting = {
                name: module
                for name, module in sys.modules.items()
                if isinstance(module, _Later) and name.partition(".")[0] == top
            }
            for name in waiting:
                del sys.modules[name]
        module = import_module(self.__name__)
        for name, stand_in in waiting.items():
            vars(stand_in).update(vars(import_module(name)))
        return module


def postpone(*libraries: str) -> None:
    """Let these libraries be loaded when first used, and every pydantic model be built then.

    To be called before they are imported; what is there already stays.
    """
    # The framework has 45 models, all of them for the description of the API.
    BaseModel.model_config = ConfigDict(defer_build=True)
    for name in libraries:
        if name not in sys.modules:
            sys.modules[name] = _Later(name)

"""What a server does not load before it is used: libraries that many servers never need.

Without this, each of them would be loaded by every start: the engine and the modules of ours that
use them import them at their top, as is usual and as type checkers want it.
"""

import sys
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from clusterwright.settings import Settings

OF_POSTGRESQL = ("asyncpg", "psycopg", "psycopg.errors")
"""What only that database needs; the engine imports the last two whatever it works on."""
ONLY_NAMED = ("sqlalchemy.ext.asyncio", "sqlalchemy.orm")
"""Of what the engine, and on SQLite we, take names and nothing else: for annotations, and to ask
whether something is an object of these classes, which nothing is.
"""
SELDOM_USED = (
    "click",  # commands of the engine's
    "cryptography.x509",  # clusters' certificates
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


class _Named(ModuleType):
    """Stands for a module that is never loaded, with an empty class for each name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        kind = type(name, (_Nothing,), {"__module__": self.__name__})
        setattr(self, name, kind)
        return kind


class _Nothing:
    def __new__(cls, *_: object, **__: object) -> Self:
        raise RuntimeError(f"{cls.__module__} was thought to be needed for its names only.")

    def __class_getitem__(cls, _: object) -> type[Self]:
        return cls


def postpone(settings: Settings) -> None:
    """Let libraries be loaded when first used, if ever, and every pydantic model be built then.

    To be called before they are imported; what is there already stays.
    """
    # The framework has 45 models, all of them for the description of the API.
    BaseModel.model_config = ConfigDict(defer_build=True)
    is_sqlite = settings.database_url.startswith("sqlite")
    for name in SELDOM_USED + (OF_POSTGRESQL if is_sqlite else ()):
        sys.modules.setdefault(name, _Later(name))
    for name in ONLY_NAMED if is_sqlite else ():
        sys.modules.setdefault(name, _Named(name))

"""The adversarial core: objectives, games, trainer, runs, models and measures. It knows no art."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("gansuite")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

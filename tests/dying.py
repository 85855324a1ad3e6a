"""A hub in a process of its own that kills itself at a step, before it or after it, where nothing can clean up."""

# arguments: the folder of the tests, the hub's, module, what is called there, "before" or "after"
DIE = """
import importlib, os, signal, sys
from pathlib import Path

tests, home, module, name, when = sys.argv[1:]
sys.path.insert(0, tests)
import given, hubs

hub = hubs.reopened(Path(home))
*owner, name = name.split(".")
place = importlib.import_module(module)
for each in owner:
    place = getattr(place, each)
real = getattr(place, name)

def dying(*args, **kwargs):
    if when == "after":
        real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(place, name, dying)
hub.post(Path(home, "post").read_text().split())
"""

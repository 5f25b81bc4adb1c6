"""A small org that runs on this machine: what `python main.py demo` and the tests download from."""

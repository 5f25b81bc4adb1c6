"""Starts sfr and nothing else; guarded, because spawned worker processes import this file."""

if __name__ == "__main__":
    from sfr.__main__ import main

    main()

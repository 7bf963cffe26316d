"""``python -m ansflow``: the same as the command."""

from ansflow.cli import main

if __name__ == "__main__":
    main(prog_name="ansflow")

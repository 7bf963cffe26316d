"""Runs the command again and again in forks of one process, with descriptors as they are told.

Lines of standard input are jobs in JSON: arguments, and what descriptors 1 and 2 are: "open" (to
files), "closed" or "full". The first is closed. For each, a line of the exit code, or of what else
became of it.
"""

import gc
import io
import json
import os
import sys
import warnings
from pathlib import Path

import ansflow
from ansflow.cli import main

STREAMS = ("stdin", "stdout", "stderr")


def put(descriptor, state):
    """What the process would have found if it had been started so."""
    name = STREAMS[descriptor]
    if state == "closed":
        os.close(descriptor)
        setattr(sys, name, None)
        setattr(sys, f"__{name}__", None)
        return
    path = "/dev/full" if state == "full" else name
    opened = os.open(path, os.O_WRONLY)
    os.dup2(opened, descriptor)
    os.close(opened)


def run(arguments, stdout, stderr):
    try:
        for descriptor, state in ((2, stderr), (1, stdout), (0, "closed")):
            put(descriptor, state)
        main(arguments, prog_name="ansflow")
    except SystemExit as end:
        os._exit(end.code or 0)
    except BaseException:
        os._exit(99)
    os._exit(98)


if __name__ == "__main__":
    jobs = [json.loads(line) for line in sys.stdin]
    # So that no fork has to load what all need for this file.
    frame = Path("data.ans").read_bytes()
    ansflow.compress(ansflow.decompress(frame, threads=1), threads=1)
    ansflow.describe(io.BytesIO(frame))
    gc.freeze()  # or each fork would copy what it looks at there
    warnings.simplefilter("ignore")
    for job in jobs:
        for name in STREAMS[1:]:
            Path(name).write_bytes(b"")
        child = os.fork()
        if not child:
            run(*job)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        seen = {name: Path(name).read_text("latin-1") for name in STREAMS[1:]}
        print(json.dumps({"code": code, **seen}), flush=True)

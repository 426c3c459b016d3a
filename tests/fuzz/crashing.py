"""A worker that does to itself what a damaged video might do, by number."""

import os
import signal
import sys
import time

ENDS = {1: "kill", 2: "hang", 3: "exit"}

if __name__ == "__main__":
    for line in sys.stdin:
        match ENDS.get(int(line)):
            case "kill":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "hang":
                time.sleep(1000)
            case "exit":
                sys.exit(7)
        sys.stdout.write('{"number": 0, "seed": "a", "outcome": "ok", "wrong": []}\n')
        sys.stdout.flush()

"""What tests/why says of logs as ctest, unittest and node's test runner write them. Argument: tests/why."""
import subprocess
import sys
import tempfile
from pathlib import Path

CTEST = """\
1/3 Test #1: store_tip ........................   Passed    5.93 sec
2/3 Test #2: store_forget .....................***Failed    5.62 sec
[ RUN      ] a_time_is_forgotten
[       OK ] a_time_is_forgotten
[ RUN      ] nothing_is_left
[  ERROR   ] --- 0x2 != 0x1
[   LINE   ] --- ../test_store_forget.c:303: error: Failure!
[  FAILED  ] nothing_is_left
[  FAILED  ] 1 test(s), listed below:

      Start 3: store_head
3/3 Test #3: store_head .......Subprocess aborted***Exception:   0.10 sec
    #0 0x55 in settle /settle.c:7

33% tests passed, 2 tests failed out of 3
"""
UNITTEST = """\
ok    test_poll.Poll.test_other (0.1 s)
FAIL  test_poll.Poll.test_comes (0.1 s)
======================================================================
FAIL: test_comes (test_poll.Poll.test_comes)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/tests/live/test_poll.py", line 4, in test_comes
    self.wait()
  File "/tests/live/case.py", line 9, in wait
    raise AssertionError(what)
AssertionError: it

 : never came
1 passed, 1 failed
"""
TAP = """\
not ok 1 - record.test.mjs
  ---
  failureType: 'subtestsFailed'
  ...
    not ok 2 - each act is proved
      ---
      duration_ms: 4.9
      error: |-
        1 !== 2
      ...
"""
EXPECTED = """\
ctest: store_forget ***Failed
    [  ERROR   ] --- 0x2 != 0x1
    [   LINE   ] --- ../test_store_forget.c:303: error: Failure!
    [  FAILED  ] nothing_is_left
ctest: store_head Subprocess aborted***Exception:
        #0 0x55 in settle /settle.c:7
live: FAIL: test_comes (test_poll.Poll.test_comes)
      File "/tests/live/case.py", line 9, in wait
        raise AssertionError(what)
    AssertionError: it
     : never came
portal: not ok 2 - each act is proved
          error: |-
            1 !== 2
build:
    broker/x.c:1: error: expected ';'
"""
MANY = "".join(f"1/9 Test #{n}: test_{n} ....***Failed 0.1 sec\n" + "[  ERROR   ] --- no\n" * 60 for n in range(20))


def why(folder, logs):
    for name, text in logs.items():
        Path(folder, f"{name}.log").write_text(text)
    command = [sys.argv[1], *(f"{folder}/{name}.log" for name in logs)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


with tempfile.TemporaryDirectory() as folder:
    said = why(
        folder, {"ctest": CTEST, "live": UNITTEST, "portal": TAP, "build": "[1/2] cc x.c\nbroker/x.c:1: error: expected ';'\n"}
    )
    if said != EXPECTED:
        sys.exit(f"said:\n{said}expected:\n{EXPECTED}")
    many = why(folder, {"ctest": MANY}).splitlines()
    if len(many) > 60 or "test_19" not in many[-1]:
        sys.exit("of many failures it says too much, or not their names:\n" + "\n".join(many))

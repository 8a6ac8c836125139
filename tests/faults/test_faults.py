"""A sample of the faults loses nothing; and what finds them finds each kind on a product that was damaged for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
PROGRAM = ["main.py"]
AS_IT_IS = {"FAULTS_MOUNTS": "", "OMP_NUM_THREADS": "1"}  # where the program does not arrange that itself
SAMPLE = ("kill by-hand 12", "tear by-hand 7 500", "full by-hand 4096", "pair by-hand 10 0.2")  # none trains
# What stands in for a part of the product, the count that must see it, and a case in which it does: one or several,
# where it depends on the epoch.
DAMAGES = {
    "files are written in place": (
        "half_written",
        ["tear reservoir 20 100"],
        """
import circuits.storage as storage
storage.write_atomically = lambda path, write: (storage.make_folder(path.parent), write(path))
""",
    ),
    "a lock refuses nobody": (
        "lost",
        ["pair reservoir 3 3"],
        """
from contextlib import nullcontext
import snn.folder_lock as locks
locks.writing = nullcontext
""",
    ),
    "an optimiser forgets its moments": (
        "resume_differs",
        [f"kill spotter {event}" for event in (40, 52, 64)],
        """
import torch
torch.optim.AdamW.load_state_dict = lambda self, state: None
""",
    ),
    "a folder is moved into place file by file": (
        "published_partial",
        ["kill embedded 60"],
        """
import shutil
from pathlib import Path
replace = Path.replace
Path.replace = lambda path, to: shutil.copytree(path, to, dirs_exist_ok=True) if path.is_dir() else replace(path, to)
""",
    ),
    "temporary files stay": (
        "left_over",
        ["full reservoir 0"],
        """
from pathlib import Path
unlink = Path.unlink
Path.unlink = lambda path, missing_ok=False: None if path.name.endswith("part") else unlink(path, missing_ok)
""",
    ),
    "a full disk is bad input": (
        "badly_told",
        ["full reservoir 0"],
        """
import snn.cli.exit_code as exit_code
exit_code._judged = lambda error: (str(error), 2)
""",
    ),
}


def counted(command, *cases):
    """Exit code, counts, and what was told, of the faults in these cases."""
    environment = os.environ | ({} if command == PROGRAM else AS_IT_IS)
    flags = [part for case in cases for part in ("--case", case)]
    done = subprocess.run(
        [sys.executable, *command, *flags], cwd=FOLDER, capture_output=True, text=True, timeout=300, env=environment
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def test_a_sample_of_faults_loses_nothing():
    code, counts, told = counted(PROGRAM, *SAMPLE)
    assert {name: n for name, n in counts.items() if n} == {"kills": 2, "full_disks": 1, "pairs": 1}, told
    assert code == 0


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_product_is_seen(damage):
    """The case is named, so that it can be repeated alone."""
    count, cases, change = DAMAGES[damage]
    code, counts, told = counted(["-c", f"import main\n{change}\nraise SystemExit(main.main())"], *cases)
    assert code == 1
    assert counts[count], told
    assert any(f'--case "{case}"' in told for case in cases)

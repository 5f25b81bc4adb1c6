"""The master key: where it comes from, how it is changed, and what a kill or a second writer does meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sfr.credentials.sealed_file import SealedFile
from sfr.errors import ConfigError
from tests.command_line import ROOT
from tests.credential_places import KEY, NAME, SERVER, credentials

SECRET = "hunter2-s3cret"
NEW = "the new master key, longer"


def keep(folder: Path, key: str = KEY) -> None:
    credentials(folder, key=key).keep(NAME, SERVER, SECRET, may_ask=False)


def value(folder: Path, key: str = KEY) -> str:
    return credentials(folder, key=key).values([NAME])[NAME]


def key_file(folder: Path) -> Path:
    return folder / "config" / "master.key"


def test_without_a_setting_a_key_file_is_made_once(tmp_path: Path) -> None:
    keep(tmp_path, key="")
    made = key_file(tmp_path).read_bytes()
    assert len(made) > 40
    keep(tmp_path, key="")
    assert key_file(tmp_path).read_bytes() == made
    assert value(tmp_path, key="") == SECRET
    assert value(tmp_path, key=made.decode()) == SECRET  # the line end of a file does not count


def test_a_lost_key_file_is_not_made_again(tmp_path: Path) -> None:
    keep(tmp_path, key="")
    key_file(tmp_path).unlink()
    with pytest.raises(ConfigError, match="there is no key file"):
        keep(tmp_path, key="")
    assert not key_file(tmp_path).exists()


def test_a_changed_setting_takes_the_old_key_once(tmp_path: Path) -> None:
    keep(tmp_path)
    found = credentials(tmp_path, key=NEW)
    assert found.needs_old_key()
    before = (tmp_path / "credentials.sealed").read_bytes()
    with pytest.raises(ConfigError, match="the old key does not open"):
        found.rotate("not the old key at all")
    assert (tmp_path / "credentials.sealed").read_bytes() == before
    assert found.rotate(f"{KEY}\n") == 1
    assert value(tmp_path, NEW) == SECRET
    with pytest.raises(ConfigError, match="does not open"):
        value(tmp_path, KEY)
    with pytest.raises(ConfigError, match="sealed with this SFR_MASTER_KEY already"):
        found.needs_old_key()


def test_a_key_file_is_changed_without_a_question(tmp_path: Path) -> None:
    keep(tmp_path, key="")
    first = key_file(tmp_path).read_bytes()
    found = credentials(tmp_path, key="")
    assert not found.needs_old_key()
    assert found.rotate("") == 1
    assert key_file(tmp_path).read_bytes() != first
    assert value(tmp_path, key="") == SECRET
    assert [path.name for path in key_file(tmp_path).parent.iterdir()] == ["master.key"]
    with pytest.raises(ConfigError, match="does not open"):
        value(tmp_path, key=first.decode())


def test_the_key_moves_from_its_file_into_the_setting_and_back(tmp_path: Path) -> None:
    keep(tmp_path, key="")
    given = credentials(tmp_path, key=NEW)
    assert not given.needs_old_key()
    given.rotate("")
    key_file(tmp_path).unlink()
    assert value(tmp_path, NEW) == SECRET
    back = credentials(tmp_path, key="")
    assert back.needs_old_key()
    back.rotate(NEW)
    assert value(tmp_path, key="") == SECRET


def test_there_must_be_a_file_to_seal_anew(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no encrypted file"):
        credentials(tmp_path).needs_old_key()


KILLED = """
import os, sys
from pathlib import Path
import sfr.credentials.private_files as files
from sfr.credentials import Credentials

steps, move = int(sys.argv[2]), files.move_into_place

def dying_move(new, path):
    global steps
    if steps == 0:
        os._exit(9)
    steps -= 1
    move(new, path)

files.move_into_place = dying_move
folder = Path(sys.argv[1])
Credentials(folder, "file", "", folder / "config" / "master.key").rotate("")
"""


def rotate_until_killed(folder: Path, steps: int) -> int:
    command = [sys.executable, "-c", KILLED, str(folder), str(steps)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 3)])
def test_a_rotation_that_is_killed_at_any_step_loses_nothing_nor_when_the_next_one_is(
    tmp_path: Path, first: int, second: int
) -> None:
    """The steps: the next key is written, the file is sealed with it, the key takes its place. After a kill before the
    last step a rotation has that one to do first."""
    keep(tmp_path, key="")
    assert rotate_until_killed(tmp_path, first) == 9
    assert rotate_until_killed(tmp_path, second) == 9
    assert value(tmp_path, key="") == SECRET
    keep(tmp_path, key="")
    assert credentials(tmp_path, key="").rotate("") == 1
    assert value(tmp_path, key="") == SECRET


WRITER = """
import sys
from pathlib import Path
from sfr.credentials import Credentials
folder, number = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for turn in range(4):
    Credentials(folder, "file", "", folder / "config" / "master.key").keep(
        f"s{number}.f{turn}", "link", f"{number}-{turn}", may_ask=False)
"""


@pytest.mark.slow
def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """From the first moment on: neither the file nor its key is there when they begin."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(number)],
            cwd=ROOT,
            env=os.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("go\n", timeout=60)
        assert writer.returncode == 0
    wanted = {f"s{number}.f{turn}": f"{number}-{turn}" for number in range(2) for turn in range(4)}
    assert credentials(tmp_path, key="").values(wanted) == wanted


def test_a_reader_between_two_steps_of_a_rotation_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(tmp_path, key="")
    read, turns = SealedFile._read, iter([True])

    def overtaken(self: SealedFile) -> object:
        found = read(self)
        if next(turns, False):
            monkeypatch.setattr(SealedFile, "_read", read)
            credentials(tmp_path, key="").rotate("")
        return found

    # `values` alone: asking which values there are is another look at the file.
    file = credentials(tmp_path, key="")._file
    monkeypatch.setattr(SealedFile, "_read", overtaken)
    assert file.values() == {NAME: SECRET}

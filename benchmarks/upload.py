"""Compares the delivery of 1 GB into S3 with the AWS command line and with boto3, on a real S3 server on this machine.

    python benchmarks/upload.py [--rounds 3] [--megabytes 1000]

It starts the Ceph gateway of the tests (Debian: ceph-mon ceph-osd ceph-mgr radosgw), installs the AWS command line
into a virtual environment of its own at the first run, and prints a table; nothing is written. Tools take turns, the
first round is not counted, and each object is compared with the file.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from measure import Measurement, adopt_orphans, measure
from peers import CHECKOUT, environment_with

from tests.buckets import client_of
from tests.servers import radosgw

AWSCLI = "awscli~=1.45"
BUCKET, KEY = "uploads", "large.csv"
MEBIBYTE = 1 << 20
TIMEOUT_SECONDS = 600.0
TOOLS = ("aws", "boto3", "sfr")

# What a worker of sfr does with a file that is staged and proven. Its sum is known by then.
DELIVER = """
import sys
from pathlib import Path
from sfr.connector import Parcel
from sfr.destinations.s3.destination import S3
endpoint, bucket, key, file, sha256 = sys.argv[1:]
staged = Path(file)
destination = S3(S3.Config(bucket=bucket, endpoint_url=endpoint))
(told,) = destination.deliver([Parcel(staged, key, bytes=staged.stat().st_size, sha256=sha256)])
assert told.link
"""
PLAIN = """
import sys, boto3
endpoint, bucket, key, file, _ = sys.argv[1:]
boto3.client("s3", endpoint_url=endpoint).upload_file(file, bucket, key)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rounds", 3), ("megabytes", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--work", type=Path, default=CHECKOUT / "benchmarks" / "work")
    arguments = parser.parse_args()
    adopt_orphans()
    aws = command_line(arguments.work / "awscli-venv")
    print(subprocess.run([aws, "--version"], capture_output=True, text=True, check=True).stdout.strip())
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch), aws, arguments.megabytes)
        with radosgw.running(Path(scratch), memory_bytes=8 * arguments.megabytes * MEBIBYTE) as gateway:
            client_of(gateway.url, radosgw.ACCESS_KEY, radosgw.SECRET_KEY).create_bucket(Bucket=BUCKET)
            walls: dict[str, list[float]] = {tool: [] for tool in TOOLS}
            for number in range(arguments.rounds + 1):
                for tool in TOOLS[number % len(TOOLS) :] + TOOLS[: number % len(TOOLS)]:
                    found = bench.upload(tool, gateway)
                    if number:
                        walls[tool].append(found.wall_seconds)
                    print(
                        f"round {number}  {tool:5}  {found.wall_seconds:6.2f} s  processor {found.cpu_seconds:5.2f} s  "
                        f"peak {found.peak_pss_bytes / 1e6:4.0f} MB",
                        flush=True,
                    )
    medians = {tool: statistics.median(times) for tool, times in walls.items()}
    print("medians", {tool: round(seconds, 2) for tool, seconds in medians.items()})
    ratios = [ours / theirs for ours, theirs in zip(walls["sfr"], walls["aws"], strict=True)]
    print(f"sfr / AWS command line: {statistics.median(ratios):.2f}")


class Bench:
    """The file that all tools upload, and how each is called."""

    def __init__(self, folder: Path, aws: str, megabytes: int) -> None:
        self._folder, self._aws = folder, aws
        self._file = folder / "large.csv"
        known = hashlib.sha256()
        with self._file.open("wb") as file:
            for _ in range(megabytes):
                piece = os.urandom(1_000_000)
                known.update(piece)
                file.write(piece)
        self._sha256 = known.hexdigest()

    def upload(self, tool: str, gateway: radosgw.Gateway) -> Measurement:
        """Delete the object, give its room back, let the tool upload it, and compare."""
        client = client_of(gateway.url, radosgw.ACCESS_KEY, radosgw.SECRET_KEY)
        client.delete_object(Bucket=BUCKET, Key=KEY)
        gateway.admin("gc", "process", "--include-all")
        place = [gateway.url, BUCKET, KEY, str(self._file), self._sha256]
        command = {
            "aws": [self._aws, "s3", "cp", str(self._file), f"s3://{BUCKET}/{KEY}", "--endpoint-url", gateway.url],
            "boto3": [sys.executable, "-c", PLAIN, *place],
            "sfr": [sys.executable, "-c", DELIVER, *place],
        }[tool]
        settings = {
            "AWS_ACCESS_KEY_ID": radosgw.ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": radosgw.SECRET_KEY,
            "AWS_DEFAULT_REGION": radosgw.REGION,
            "PYTHONPATH": str(CHECKOUT) if tool == "sfr" else "",
        }
        log = self._folder / "log"
        found = measure(
            command,
            environment=environment_with(settings),
            folder=self._folder,
            log=log,
            timeout_seconds=TIMEOUT_SECONDS,
        )
        if found.exit_code:
            raise SystemExit(f"{tool} ended with {found.exit_code}:\n{log.read_text('utf-8', 'replace')}")
        there = hashlib.sha256()
        for piece in client.get_object(Bucket=BUCKET, Key=KEY)["Body"].iter_chunks(MEBIBYTE):
            there.update(piece)
        if there.hexdigest() != self._sha256:
            raise SystemExit(f"{tool} uploaded other bytes")
        return found


def command_line(folder: Path) -> str:
    """The AWS command line in a virtual environment of its own: its botocore is another one than ours."""
    program = folder / "bin" / "aws"
    if not program.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", AWSCLI], check=True)
    return str(program)


if __name__ == "__main__":
    main()

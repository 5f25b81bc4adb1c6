"""A real S3 server for the tests: Ceph's gateway over a store in memory, on loopback ports, in a folder of its own."""

from __future__ import annotations

import atexit
import functools
import json
import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers.listening import free_port, listens
from tests.services import require

PROGRAMS = ("ceph", "ceph-mgr", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin", "setpriv")
START_SECONDS, STARTS = 30, 3  # it takes 12, and now and then stands still for ever; a test may take 120
ACCESS_KEY, SECRET_KEY = "AKIASFRTESTS00000001", "sfr/tests+secret0000000000000000000000001"
REGION = "us-east-1"

# One machine, one store in memory, no passwords between the parts: only the gateway faces the tests.
CONFIGURATION = """\
[global]
fsid = {fsid}
mon_host = v1:127.0.0.1:{mon_port}
ms_bind_msgr2 = false
ms_bind_port_min = {lowest_port}
ms_bind_port_max = {highest_port}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
run_dir = {folder}
admin_socket = {folder}/$name.asok
pid_file = {folder}/$name.pid
log_file = {folder}/$name.log
crash_dir = {folder}
mon_data = {folder}/mon
mgr_data = {folder}/mgr
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = {memory_bytes}
osd_crush_chooseleaf_type = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_op_num_shards = 2
mon_allow_pool_size_one = true
mon_data_avail_crit = 0
mon_data_avail_warn = 0
mon_osd_full_ratio = 0.99
mgr_initial_modules =
rgw_data = {folder}/rgw
rgw_thread_pool_size = 32
rgw_enable_usage_log = false
rgw_gc_obj_min_wait = 1
rgw_gc_processor_period = 5
rgw_gc_processor_max_time = 5
rgw_bucket_quota_ttl = 0
rgw_sts_key = abcdefghijklmnop
rgw_verify_ssl = false
"""


@dataclass(frozen=True)
class Gateway:
    """A running server; `url` is its endpoint."""

    url: str
    configuration: Path
    cluster: _Cluster

    def user(self, name: str, access_key: str, secret_key: str) -> None:
        """Make one more account."""
        keys = ("--access-key", access_key, "--secret-key", secret_key)
        self.admin("user", "create", "--uid", name, "--display-name", name, *keys)

    def with_roles(self) -> str:
        """The endpoint of another gateway to the same buckets, where roles can be assumed. Such a one no longer tells a
        wrong key from a missing right."""
        return self.cluster.start_gateway("roles", "--rgw_s3_auth_use_sts", "true")

    def admin(self, *words: str) -> Any:
        """What `radosgw-admin` answers."""
        told = _said(["radosgw-admin", "--conf", str(self.configuration), *words])
        return json.loads(told) if told.lstrip().startswith(("{", "[")) else told


@contextmanager
def running(folder: Path, *, memory_bytes: int = 3 << 30) -> Iterator[Gateway]:
    """A gateway with an account (`ACCESS_KEY`), everything it writes in `folder`. Skips the test without Ceph."""
    missing = sorted({name for name in PROGRAMS if _path_of(name) is None})
    require(not missing, f"Ceph's S3 gateway ({', '.join(missing)}); Debian: ceph-mon ceph-osd ceph-mgr radosgw")
    with ExitStack() as stack:
        yield _started(folder, memory_bytes, stack)


def _started(folder: Path, memory_bytes: int, stack: ExitStack) -> Gateway:
    """A gateway that lives as long as `stack`."""
    for number in range(1, STARTS + 1):
        with ExitStack() as attempt:
            try:
                gateway = _start(folder / f"ceph{number}", memory_bytes, attempt)
            except (RuntimeError, subprocess.TimeoutExpired):
                if number == STARTS:
                    raise
                continue
            stack.push(attempt.pop_all())
            return gateway
    raise AssertionError


def _start(folder: Path, memory_bytes: int, stack: ExitStack) -> Gateway:
    folder.mkdir(parents=True)
    mon_port, lowest, highest = _free_ports()
    fsid = str(uuid.uuid4())
    configuration = folder / "ceph.conf"
    configuration.write_text(
        CONFIGURATION.format(
            fsid=fsid,
            folder=folder,
            mon_port=mon_port,
            lowest_port=lowest,
            highest_port=highest,
            memory_bytes=memory_bytes,
        ),
        encoding="utf-8",
    )
    cluster = _Cluster(folder, configuration, stack)
    cluster.start_store(fsid, mon_port)
    # Before the gateway starts: two programs that make the same pools at once may wait for each other.
    Gateway("", configuration, cluster).user("reports", ACCESS_KEY, SECRET_KEY)
    return Gateway(cluster.start_gateway("rgw"), configuration, cluster)


@functools.cache
def shared() -> Gateway:
    """The gateway of this process, started when the first test asks, stopped at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="s3-")))
        gateway = stack.enter_context(running(folder))
        atexit.register(stack.pop_all().close)
    return gateway


class _Cluster:
    """The processes behind a gateway; they end with `stack`."""

    def __init__(self, folder: Path, configuration: Path, stack: ExitStack) -> None:
        self._folder, self._configuration, self._stack = folder, configuration, stack
        self._processes: list[subprocess.Popen[bytes]] = []

    def start_store(self, fsid: str, mon_port: int) -> None:
        """The monitor, the store, and the one who watches both."""
        for name in ("mon", "mgr", "osd", "rgw"):
            (self._folder / name).mkdir()
        monitors = str(self._folder / "monmap")
        address = f"[v1:127.0.0.1:{mon_port}]"
        _said([str(_path_of("monmaptool")), "--create", "--addv", "a", address, "--fsid", fsid, monitors])
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors)
        self.start("ceph-mon", "-i", "a")
        store = str(uuid.uuid4())
        self._run("ceph", "--connect-timeout", str(START_SECONDS), "osd", "new", store)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store)
        self.start("ceph-osd", "-i", "0")
        self.start("ceph-mgr", "-i", "x")
        deadline = time.monotonic() + START_SECONDS
        while not json.loads(self._run("ceph", "osd", "stat", "--format", "json"))["num_up_osds"]:
            self._look(deadline)  # who asks for a pool before there is a store may wait for ever

    def start_gateway(self, name: str, *more: str) -> str:
        """Its endpoint, when it answers."""
        port, deadline = free_port(), time.monotonic() + START_SECONDS
        frontend = f"beast endpoint=127.0.0.1:{port}"
        self.start("radosgw", "-n", f"client.{name}", "--rgw_frontends", frontend, *more)
        while not listens(port):
            self._look(deadline)
            time.sleep(0.1)
        return f"http://127.0.0.1:{port}"

    def start(self, program: str, *words: str) -> None:
        """A part in the foreground, so that it is ours to end; it also ends when the tests are killed."""
        alone = [str(_path_of("setpriv")), "--pdeathsig", "KILL"]
        command = [*alone, str(_path_of(program)), "--conf", str(self._configuration), "--foreground", *words]
        log = self._stack.enter_context((self._folder / f"{program}.output").open("wb"))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CEPH_")}
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        self._processes.append(process)
        self._stack.callback(_end, process)

    def _look(self, deadline: float) -> None:
        """Fails when a part has ended, or nothing answers in time."""
        ended = [process for process in self._processes if process.poll() is not None]
        if ended or time.monotonic() > deadline:
            said = "".join(path.read_text("utf-8", "replace")[-1500:] for path in sorted(self._folder.glob("*.output")))
            raise RuntimeError(f"Ceph did not start ({[process.args for process in ended]}):\n{said}")

    def _run(self, program: str, *words: str) -> str:
        return _said([str(_path_of(program)), "--conf", str(self._configuration), *words])


def _path_of(program: str) -> str | None:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=START_SECONDS)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _free_ports() -> tuple[int, int, int]:
    """A free port, and the borders of a span for those that the parts take themselves."""
    lowest = 20_000 + os.getpid() % 500 * 20
    return free_port(), lowest, lowest + 2_000


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of it is kept, so there is nothing to wait for."""
    process.kill()
    process.wait()

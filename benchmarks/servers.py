"""Knows how to start and stop the two servers the tools download from: an nginx of its own, and the slow one."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

START_SECONDS = 10

NGINX_CONFIGURATION = """\
daemon off;
worker_processes 1;
{user}pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    gzip off;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        add_header Cache-Control private;
        location = / {{
            if ($cookie_sid = "") {{ return 302 /login?ec=302; }}
            return 302 /lightning/page/home;
        }}
        location = /lightning/page/home {{
            default_type "text/html; charset=UTF-8";
            return 200 "<html><title>Home | Salesforce</title></html>";
        }}
        location /services/data {{
            default_type application/json;
            return 200 "{{}}";
        }}
        location = /login {{
            default_type "text/html; charset=UTF-8";
            return 200 "<html><form id='Login'><input id='username'></form></html>";
        }}
        location ~ "^/(?<report>00O[0-9A-Za-z]{{12}})(?:[A-Z0-5]{{3}})?$" {{
            if ($cookie_sid = "") {{ return 302 /login?ec=302; }}
            add_header Cache-Control private;
            add_header Content-Disposition "attachment; filename=report1700000000123.csv";
            types {{ }}
            default_type "text/csv; charset=UTF-8";
            alias {data}/$report.csv;
        }}
    }}
}}
"""


class Missing(Exception):
    """A program the benchmark needs is not here; the message says what to do."""


def nginx_path() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if found is None:
        raise Missing("nginx is missing. Install it (Debian: apt-get install nginx-light); it need not be running.")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def nginx(folder: Path, data: Path) -> Iterator[str]:
    """Serve `data` by report id from an own instance with everything it writes in `folder`; yields the base URL."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    port = _free_port()
    # Started by root, workers would become "nobody", who may not be allowed to read a checkout.
    user = f"user {getpass.getuser()};\n" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX_CONFIGURATION.format(user=user, folder=folder, port=port, data=data), "utf-8")
    command = [nginx_path(), "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)]
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        _wait_until_it_answers(process, port, folder)
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(process)


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            said = "".join((folder / name).read_text("utf-8", "replace") for name in ("output.log", "error.log"))
            raise Missing(f"nginx did not start: {said.strip() or 'it said nothing'}")
        time.sleep(0.05)


@contextlib.contextmanager
def slow(data: Path) -> Iterator[str]:
    """Serve `data` like nginx, each report after two seconds of silence; yields the base URL."""
    command = [sys.executable, str(Path(__file__).with_name("slow_server.py")), str(data)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().decode().strip()
        if not port:
            raise Missing("the slow server did not start; its own message is above")
        yield f"http://127.0.0.1:{port}"
    finally:
        _stop(process)

"""What a person reads when lists, servers or surroundings are odd: one clear line that does no harm to a terminal."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sfr.catalog import read_list
from sfr.errors import ConfigError, SfrError, TransientError
from sfr.history import History
from sfr.http import Client, Timeouts
from sfr.model import Status
from sfr.redaction import RedactingFormatter
from sfr.settings import default_settings
from sfr.transfer import RetryPolicy
from tests.command_line import MAIN, Person, report_id
from tests.runs import START
from tests.surroundings import Room, transfer
from tests.wire import Speaker

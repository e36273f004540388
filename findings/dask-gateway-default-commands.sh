#!/usr/bin/env bash
# dask-gateway-server 2026.3.0 with distributed 2026.8.0: the server cannot start a cluster as it is configured out of the box.
#
# Behaviour: its default commands are `dask-scheduler` and `dask-worker`; distributed has dropped both names for
#   `dask scheduler` and `dask worker`.  Nothing in the requirements of the two packages excludes the pair.
# Seen: the defaults are ["dask-scheduler"] and ["dask-worker"], and neither program is installed; the server starts,
#   takes a request for a cluster and answers that it failed to start.
# Guess: the newest server and the newest distributed work together.
# Why it matters: whoever sets a gateway up for an analysis sees "failed to start, see logs", and needs
#   c.ClusterConfig.scheduler_cmd = ["dask", "scheduler"] and c.ClusterConfig.worker_cmd = ["dask", "worker"].
# rarekaon sets both in the gateway that its tests start.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q "dask-gateway-server==2026.3.0" "dask-gateway==2026.3.0" "distributed==2026.8.0"
cd "$place"
venv/bin/python -W ignore - <<'PY'
import sys
from pathlib import Path

from dask_gateway_server.backends.base import ClusterConfig

config = ClusterConfig()
commands = [config.scheduler_cmd, config.worker_cmd]
programs = Path(sys.executable).parent
there = {name: (programs / name).exists() for name in ("dask", "dask-scheduler", "dask-worker", "dask-gateway-server")}
print("default commands:", commands)
print("installed:", there)
expected = {"dask": True, "dask-scheduler": False, "dask-worker": False, "dask-gateway-server": True}
gone = commands == [["dask-scheduler"], ["dask-worker"]] and there == expected
sys.exit(0 if gone else "the behaviour changed")
PY

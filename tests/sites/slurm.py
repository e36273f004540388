"""A real SLURM with one node: munged, slurmctld and slurmd of this user on loopback (Debian: slurm-wlm, munge).

`python -m tests.sites.slurm COMMAND...` runs a command with such a SLURM around it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.sites._process import LOOPBACK, answers, free_port, running, wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "scontrol", "sinfo", "squeue")
PATHS = ("/usr/sbin", "/usr/local/sbin")
PARTITION = "main"
CPUS = 4
"""More than the machine may have: the jobs of tests mostly wait."""


def find(program: str) -> str | None:
    """Where a program is, in the folders of daemons, too."""
    return shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), *PATHS)))


def missing() -> list[str]:
    """Programs that this machine lacks."""
    return [program for program in PROGRAMS if find(program) is None]


def _settings(place: Path, host: str, ports: tuple[int, int]) -> str:
    user = os.environ.get("USER") or "root"
    return f"""
ClusterName=one
SlurmctldHost={host}({LOOPBACK})
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={place}/munge/socket
CredType=cred/munge
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_interval=2,bf_interval=2
KillWait=10
OverTimeLimit=0
SlurmdParameters=config_overrides
NodeName={host} NodeAddr={LOOPBACK} CPUs={CPUS} RealMemory=20000 State=UNKNOWN
PartitionName={PARTITION} Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def one_node_slurm() -> Iterator[Path]:
    """A SLURM that `sbatch` and its like find in this process's environment; yields the folder of its logs.

    RuntimeError names the programs that are missing.
    """
    if missing():
        raise RuntimeError(f"no {', '.join(missing())} on this machine: apt-get install slurm-wlm munge")
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder, ExitStack() as stack:
        place = Path(folder)
        host = socket.gethostname().partition(".")[0]
        for name in ("munge", "state", "spool"):
            (place / name).mkdir(mode=0o755)
        place.chmod(0o755)
        key = place / "munge" / "key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        settings = place / "slurm.conf"
        settings.write_text(_settings(place, host, (free_port(), free_port())))
        os.environ["SLURM_CONF"] = str(settings)
        os.environ["DASK_JOBQUEUE__SLURM__INTERFACE"] = "lo"
        stack.callback(_restore, before)
        _start(stack, place, key)
        stack.callback(_cancel_all)
        yield place


def _start(stack: ExitStack, place: Path, key: Path) -> None:
    munge = place / "munge"
    own = (f"--{kind}-file={munge}/{kind}" for kind in ("pid", "log", "seed"))
    stack.enter_context(
        running(
            [find("munged") or "", "--foreground", "--force", f"--socket={munge}/socket", f"--key-file={key}", *own],
            place / "munged.out",
        )
    )
    wait_until((munge / "socket").exists, "munged opened no socket")
    port = int((place / "slurm.conf").read_text().partition("SlurmctldPort=")[2].split()[0])
    stack.enter_context(running([find("slurmctld") or "", "-D"], place / "slurmctld.out"))
    wait_until(lambda: answers(port), "slurmctld does not listen")
    stack.enter_context(running([find("slurmd") or "", "-D"], place / "slurmd.out"))
    wait_until(lambda: "idle" in said("sinfo", "--noheader", "--format=%t"), "the node of SLURM is not ready")


def said(*command: str) -> str:
    """What a command prints, whether it succeeds or not."""
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout


def cancel_all() -> None:
    """End all jobs of this user."""
    subprocess.run(["scancel", "--me"], check=True, timeout=60)


def partition(state: str) -> None:
    """Set the partition UP or DOWN, as an administrator does."""
    subprocess.run(["scontrol", "update", f"PartitionName={PARTITION}", f"State={state}"], check=True, timeout=60)


def _cancel_all() -> None:
    cancel_all()
    wait_until(lambda: not said("squeue", "--noheader"), "jobs do not end")


def _restore(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


if __name__ == "__main__":
    with one_node_slurm():
        sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)

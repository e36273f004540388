"""What a batch system says about our jobs, in its own words."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

SECONDS = 20
"""Longest wait for an answer of a batch system's command."""
HOPELESS = (
    "PartitionDown", "PartitionInactive", "PartitionNodeLimit", "PartitionTimeLimit", "JobHeldAdmin", "JobHeldUser",
    "BadConstraints", "InvalidAccount", "InvalidQOS", "DependencyNeverSatisfied", "JobLaunchFailure",
    "launch failed requeued held", "user env retrieval failed requeued held",
)  # fmt: skip
"""SLURM's reasons for waiting that no waiting ends."""


class QueueError(Exception):
    """A command of the batch system failed; the message is what it said."""


class State(NamedTuple):
    """A job in the queue: `waits` or runs; `reason` is the batch system's, `hopeless` if waiting does not help."""

    waits: bool
    reason: str = ""
    hopeless: bool = False


class Queue(Protocol):
    """Asks one batch system."""

    def states(self, jobs: Iterable[str]) -> Mapping[str, State]:
        """Those of the jobs that wait or run; QueueError where the batch system does not answer."""
        ...

    def ended(self, job: str) -> str:
        """How a job ended; "" where that is not known."""
        ...


class Slurm:
    """`squeue` and, for jobs that ended a little while ago, `scontrol`."""

    def states(self, jobs: Iterable[str]) -> Mapping[str, State]:
        mine, found = set(jobs), {}
        for line in _said("squeue", "--me", "--noheader", "--format=%i|%t|%r").splitlines():
            job, state, reason = line.strip().split("|", 2)
            if job in mine and state in ("PD", "CF", "R", "S", "CG"):
                waits = state in ("PD", "CF")
                found[job] = State(waits, reason if waits else "", waits and reason in HOPELESS)
        return {job: state for job, state in found.items() if job in mine}

    def ended(self, job: str) -> str:
        try:
            words = dict(w.split("=", 1) for w in _said("scontrol", "show", "job", "-o", job).split() if "=" in w)
        except QueueError:
            return ""
        return (
            f"{words.get('JobState', '?')}, reason {words.get('Reason', '?')}, exit code {words.get('ExitCode', '?')}"
        )


class HTCondor:
    """`condor_q`: 1 idle, 2 running, 5 held, 6 sending its output, 7 suspended."""

    def states(self, jobs: Iterable[str]) -> Mapping[str, State]:
        numbers = {job.partition(".")[0]: job for job in jobs}
        if not numbers:
            return {}
        found = {}
        for line in _said("condor_q", *numbers, "-af", "ClusterId", "JobStatus", "HoldReason").splitlines():
            number, status, reason = (*line.split(maxsplit=2), "")[:3]
            if number in numbers and status in ("1", "2", "5", "6", "7"):
                held = status == "5"
                found[numbers[number]] = State(status in ("1", "5"), f"held: {reason}" if held else "idle", held)
        return found

    def ended(self, job: str) -> str:
        return ""


QUEUES: Mapping[str, Queue] = {"slurm": Slurm(), "htcondor": HTCondor()}


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QueueError(str(error)) from error
    if done.returncode:
        raise QueueError(done.stderr.strip() or f"{command[0]} failed with exit code {done.returncode}")
    return done.stdout

"""The right file in the right slot: what a file holds against what its sample is in the catalogue."""

from __future__ import annotations

from collections.abc import Iterable

from rarekaon.analysis.decays import mode
from rarekaon.analysis.execution.errors import InputFileError
from rarekaon.analysis.execution.inputs import InputFile
from rarekaon.analysis.execution.layouts import decay_code
from rarekaon.analysis.search.catalogue import catalogue


def check_slots(files: Iterable[InputFile]) -> None:
    """InputFileError for a file that cannot be of its sample; samples that no catalogue knows are taken as they are."""
    known = catalogue()
    for file in files:
        if file.sample in known.simulation:
            _check_simulation(file)
        elif file.sample in known.simulation_files:
            _check_declared(file)
        elif file.sample in known.names and file.simulated:
            raise InputFileError(
                f"{file.path} holds simulated events but {file.sample} is a sample of data: give it the file of data, "
                f"or name the sample that was simulated"
            )


def _check_declared(file: InputFile) -> None:
    decay = catalogue().simulation_files[file.sample].decay
    codes = sorted({block[0] for block in file.blocks})
    if codes not in ([], [decay_code(decay)]):
        raise InputFileError(
            f"{file.path} holds decays of code {', '.join(map(str, codes))} but {file.sample} is {decay} "
            f"(code {decay_code(decay)}): correct the decay in your catalogue, or name the right file"
        )


def _check_simulation(file: InputFile) -> None:
    sample = catalogue().simulation[file.sample]
    remedy = f"make it with `kaon simulate {file.sample}`, or name the sample it is of"
    if not file.simulated:
        raise InputFileError(f"{file.path} holds data but {file.sample} is a simulated sample: {remedy}")
    codes = sorted({block[0] for block in file.blocks})
    wanted = mode(sample.decay).code
    if codes not in ([], [wanted]):
        raise InputFileError(
            f"{file.path} holds decays of code {', '.join(map(str, codes))} but {file.sample} is {sample.decay} "
            f"(code {wanted}; `kaon simulate --list`): {remedy}"
        )
    if file.seeds not in ((), (sample.seed,)):
        raise InputFileError(
            f"{file.path} was simulated with seed {', '.join(map(str, file.seeds))} but {file.sample} has "
            f"{sample.seed}: it is another sample's; {remedy}"
        )

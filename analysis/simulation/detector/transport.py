"""Charged particles through the spectrometer: hits, scattering, bremsstrahlung, decays in flight.

Straight lines between planes, the magnet as a kick at its centre.  A particle of the event is a row of a work array
(columns below); daughters and photons are appended as further rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.contract.particles import CTAU_MU, CTAU_PI, MASS_E, MASS_MU, MASS_PI
from rarekaon.analysis.decays.phase_space import boost
from rarekaon.analysis.kernels.compiled import kernel
from rarekaon.analysis.simulation.ground.constants import Constants

Floats = npt.NDArray[np.float64]

PDG, CHARGE, PX, PY, PZ, ENERGY, X, Y, Z, Z_END, PARENT, SPIN = range(12)
COLUMNS = 12
"""The last is 0 for particles without polarisation, or one more than the row of the particle whose momentum a muon's
spin points along, seen from the muon."""
CAPACITY = 24
"""Rows of the work array: products, their daughters and photons of one event."""

ELECTRON, MUON, PION, PHOTON = 11, 13, 211, 22

SOFTEST_TRACK = 100.0
"""Momentum (MeV) below which a charged particle is not followed: the magnet sweeps it out."""

AT_RICH, AT_CHOD, AT_LKR, AT_MUV3 = 0, 1, 2, 3
IMPACT_X, IMPACT_Y, IMPACT_PDG, IMPACT_P, IMPACT_SLOPE_X, IMPACT_SLOPE_Y = range(6)

PION_TO_ELECTRON = 1.230e-4
"""Branching fraction of pi -> e nu (PDG)."""


@kernel
def momentum_of(row: Floats) -> float:
    return np.sqrt(row[PX] ** 2 + row[PY] ** 2 + row[PZ] ** 2)


@kernel
def copy(source: Floats, target: Floats) -> None:
    """Copy a row."""
    for k in range(source.size):
        target[k] = source[k]


@kernel
def append(particles: Floats, count: int, pdg: int, charge: float, state: Floats) -> int:
    """Add a particle that starts where the moving `state` is; returns its row, or -1 if the array is full.

    The PARENT column of a moving state is the row of the particle it is the state of.
    """
    if count >= particles.shape[0]:
        return -1
    row = particles[count]
    copy(state, row)
    row[PDG], row[CHARGE] = pdg, charge
    return count


@kernel
def decay_length(rng: np.random.Generator, row: Floats) -> float:
    """Path (mm along z) to the decay of a pion or muon; infinite for others."""
    pdg = abs(int(row[PDG]))
    if pdg == PION:
        scale = CTAU_PI / MASS_PI
    elif pdg == MUON:
        scale = CTAU_MU / MASS_MU
    else:
        return np.inf
    return rng.standard_exponential() * scale * row[PZ]


@kernel
def forced_path(rng: np.random.Generator, row: Floats, forced: float, reach: float) -> tuple[float, float]:
    """Path (mm along z) to the decay of a pion or muon whose lifetime is divided by `forced`, and the weight of the
    draw.

    What happens beyond `reach` (mm) is the same for all: such a draw weighs what its probability is too small by.
    """
    length = (CTAU_PI / MASS_PI if abs(row[PDG]) == PION else CTAU_MU / MASS_MU) * row[PZ]
    left = rng.standard_exponential() * length / forced
    seen = min(left, max(reach, 0.0))
    weight = np.exp((forced - 1) * seen / length)
    return left, weight / forced if left < reach else weight


@kernel
def _daughter_energy(rng: np.random.Generator, pdg: int) -> tuple[int, float, float]:
    """PDG code (unsigned), mass and rest-frame energy of the charged daughter of a pion or muon.

    Muon decays: the Michel spectrum x^2 (3 - 2 x), by accept-reject.
    """
    if pdg == PION:
        if rng.random() < PION_TO_ELECTRON:
            return ELECTRON, MASS_E, (MASS_PI**2 + MASS_E**2) / (2 * MASS_PI)
        return MUON, MASS_MU, (MASS_PI**2 + MASS_MU**2) / (2 * MASS_PI)
    while True:
        x = rng.random()
        if rng.random() < x * x * (3 - 2 * x):
            return ELECTRON, MASS_E, max(MASS_E, x * MASS_MU / 2)


@kernel
def asymmetric_cosine(u: float, asymmetry: float) -> float:
    """A cosine c of density (1 + asymmetry c) / 2 from a uniform number."""
    rest = 2 - asymmetry - 4 * u
    return -rest / (1 + np.sqrt(max(0.0, 1 - asymmetry * rest)))


@kernel
def spin_of(particles: Floats, muon: Floats) -> tuple[float, float, float]:
    """The direction of a polarised muon's spin in its rest frame, on the laboratory's axes."""
    other = particles[int(muon[SPIN]) - 1]
    along = other[PX] * muon[PX] + other[PY] * muon[PY] + other[PZ] * muon[PZ]
    energy = (other[ENERGY] * muon[ENERGY] - along) / MASS_MU
    factor = (other[ENERGY] + energy) / (muon[ENERGY] + MASS_MU)
    x, y, z = (other[PX] - factor * muon[PX], other[PY] - factor * muon[PY], other[PZ] - factor * muon[PZ])
    size = np.sqrt(x * x + y * y + z * z)
    return x / size, y / size, z / size


@kernel
def turn(direction: Floats, x: float, y: float, z: float) -> None:
    """Turn a vector (3,) given beside the z axis so that it stands so beside the unit vector (x, y, z)."""
    across = np.sqrt(x * x + y * y)
    if across < 1e-9:
        direction[2] *= 1.0 if z > 0 else -1.0
        return
    first, second, third = direction[0], direction[1], direction[2]
    direction[0] = first * y / across + second * x * z / across + third * x
    direction[1] = -first * x / across + second * y * z / across + third * y
    direction[2] = -second * across + third * z


@kernel
def decay_in_flight(rng: np.random.Generator, particles: Floats, count: int, state: Floats) -> bool:
    """Turn a moving pion or muon into its charged daughter (row `count`); False if there is no room.

    A positron of energy x in units of half the muon's mass has the density 1 + (2 x - 1)/(3 - 2 x) cos theta around the
    spin of a polarised muon (PDG review, muon decay parameters).
    """
    pdg = abs(int(state[PDG]))
    sign = 1 if state[PDG] > 0 else -1
    mass = MASS_PI if pdg == PION else MASS_MU
    kind, light, energy = _daughter_energy(rng, pdg)
    row = append(particles, count, -sign * kind if pdg == PION else sign * kind, state[CHARGE], state)
    if row < 0:
        return False
    p = np.sqrt(max(0.0, energy * energy - light * light))
    polarised = pdg == MUON and state[SPIN] > 0
    asymmetry = 0.0
    if polarised:  # the positron's, which prefers the spin's direction
        share = 2 * energy / MASS_MU
        asymmetry = (2 * share - 1) / (3 - 2 * share)
    cosine, phi = asymmetric_cosine(rng.random(), asymmetry), 2 * np.pi * rng.random()
    sine = np.sqrt(max(0.0, 1 - cosine * cosine))
    daughter = particles[row, PX : ENERGY + 1]
    daughter[0], daughter[1] = p * sine * np.cos(phi), p * sine * np.sin(phi)
    daughter[2], daughter[3] = p * cosine, energy
    if polarised:
        turn(daughter, *spin_of(particles, state))
    boost(daughter, state[PX : ENERGY + 1], mass, daughter)
    particles[int(state[PARENT]), Z_END] = state[Z]
    copy(particles[row], state)
    state[PARENT] = row
    return True


@kernel
def move(row: Floats, z: float) -> None:
    """Move a particle along its line to the plane z."""
    step = z - row[Z]
    row[X] += row[PX] / row[PZ] * step
    row[Y] += row[PY] / row[PZ] * step
    row[Z] = z


@kernel
def kick(row: Floats, kick_x: float) -> None:
    """The spectrometer magnet: p_x changes, |p| does not."""
    px = row[PX] + row[CHARGE] * kick_x
    row[PZ] = np.sqrt(max(1.0, row[PX] ** 2 + row[PZ] ** 2 - px * px))
    row[PX] = px


@kernel
def scattering_angle(momentum: float, mass: float, strength: float) -> float:
    """Highland's rms projected angle in a layer of that `highland_strength`."""
    return strength * np.sqrt(momentum * momentum + mass * mass) / (momentum * momentum)


@kernel
def scatter(rng: np.random.Generator, row: Floats, angle: float) -> None:
    """Turn a momentum by Gaussian projected angles; its magnitude stays."""
    p = momentum_of(row)
    slope_x = row[PX] / row[PZ] + angle * rng.standard_normal()
    slope_y = row[PY] / row[PZ] + angle * rng.standard_normal()
    row[PZ] = p / np.sqrt(1 + slope_x * slope_x + slope_y * slope_y)
    row[PX], row[PY] = slope_x * row[PZ], slope_y * row[PZ]


SOFTEST_PHOTON = 1e-3
"""Bremsstrahlung photons below this fraction of the electron's energy are not made."""


@kernel
def radiated_fraction(rng: np.random.Generator, thickness: float) -> float:
    """Energy fraction lost by an electron to one photon in a thin layer (0: none).

    Complete-screening spectrum dN/dx = t (4/3 - 4/3 x + x^2) / x (PDG review, Eq. 34.29), t in radiation lengths.
    """
    mean = thickness * (-4 / 3 * np.log(SOFTEST_PHOTON) - 4 / 3 + 0.5)
    if rng.random() > mean:
        return 0.0
    while True:
        x = SOFTEST_PHOTON ** rng.random()
        if rng.random() * 4 / 3 < 4 / 3 - 4 / 3 * x + x * x:
            return x


@kernel
def radiate(rng: np.random.Generator, particles: Floats, count: int, state: Floats, thickness: float) -> int:
    """Bremsstrahlung of an electron in a layer: a collinear photon is appended; returns the new count."""
    x = radiated_fraction(rng, thickness)
    if x == 0.0:
        return count
    photon = append(particles, count, PHOTON, 0.0, state)
    if photon < 0:
        return count
    for k in range(4):
        particles[photon, PX + k] *= x
        state[PX + k] *= 1 - x
    particles[photon, ENERGY] = momentum_of(particles[photon])
    return count + 1


@kernel
def _impact(row: Floats, at: Floats) -> None:
    at[IMPACT_X], at[IMPACT_Y], at[IMPACT_PDG], at[IMPACT_P] = row[X], row[Y], row[PDG], momentum_of(row)
    at[IMPACT_SLOPE_X], at[IMPACT_SLOPE_Y] = row[PX] / row[PZ], row[PY] / row[PZ]


@kernel
def advance(
    rng: np.random.Generator, particles: Floats, count: int, state: Floats, left: float, z: float
) -> tuple[int, float]:
    """Bring a track to the plane z, letting it decay on the way; returns (count, path left), -1 when it is lost."""
    while left < z - state[Z]:
        move(state, state[Z] + left)
        if not decay_in_flight(rng, particles, count, state):
            return count, -1.0
        count += 1
        if state[PZ] < SOFTEST_TRACK:
            return count, -1.0
        left = decay_length(rng, state)
    if z > state[Z]:
        left -= z - state[Z]
        move(state, z)
    return count, left


NOT_MEASURED = 1e6
"""Error (mm) of the coordinates in a chamber that does not see a track: they tell its fit nothing."""
FEWEST_CHAMBERS = 3
"""Chambers that see a track that is reconstructed."""


@kernel
def _hit(rng: np.random.Generator, c: Constants, chamber: int, row: Floats, before: Floats, hits: Floats) -> bool:
    """Measure a crossing of a chamber: hits[chamber] = (x, y, sigma_x, sigma_y); False if it is not seen.

    A view that has straws there, and in them no track of those `before`, has a hit with the probability
    `straw_efficiency`. Two views or more see the track, each with the same error of its coordinate; all four together
    measure x and y with `straw_sigma`. The errors in a chamber that does not see it are `NOT_MEASURED`.
    """
    x, y = row[X], row[Y]
    hits[chamber, 0], hits[chamber, 1], hits[chamber, 2], hits[chamber, 3] = x, y, NOT_MEASURED, NOT_MEASURED
    dx, diagonal = x - c.straw_hole_x[chamber], c.straw_half * np.sqrt(2.0)
    seen_x, seen_y = abs(dx) > c.straw_half, abs(y) > c.straw_half
    seen_u, seen_v = abs(dx + y) > diagonal, abs(dx - y) > diagonal
    width, across = c.straw_diameter, c.straw_diameter * np.sqrt(2.0)
    for k in range(before.shape[0]):
        apart_x, apart_y = x - before[k, chamber, 0], y - before[k, chamber, 1]
        seen_x, seen_y = seen_x and abs(apart_x) > width, seen_y and abs(apart_y) > width
        seen_u, seen_v = seen_u and abs(apart_x + apart_y) > across, seen_v and abs(apart_x - apart_y) > across
    seen_x, seen_y = seen_x and rng.random() < c.straw_efficiency, seen_y and rng.random() < c.straw_efficiency
    seen_u, seen_v = seen_u and rng.random() < c.straw_efficiency, seen_v and rng.random() < c.straw_efficiency
    if int(seen_x) + int(seen_y) + int(seen_u) + int(seen_v) < 2:
        return False
    xx = seen_x + 0.5 * (seen_u + seen_v)
    yy = seen_y + 0.5 * (seen_u + seen_v)
    xy = 0.5 * (int(seen_u) - int(seen_v))
    scale = 2.0 * c.straw_sigma**2 / (xx * yy - xy * xy)
    hits[chamber, 2], hits[chamber, 3] = np.sqrt(scale * yy), np.sqrt(scale * xx)
    hits[chamber, 0] = x + hits[chamber, 2] * rng.standard_normal()
    hits[chamber, 1] = y + hits[chamber, 3] * rng.standard_normal()
    return True


@kernel
def through_spectrometer(
    rng: np.random.Generator,
    c: Constants,
    particles: Floats,
    count: int,
    state: Floats,
    left: float,
    before: Floats,
    hits: Floats,
) -> tuple[int, float, bool]:
    """Follow a moving charged particle, `left` (mm) from its decay, through the four chambers.

    `hits`, shape (4, 4), is filled; `before` (tracks, 4, 4) are those of other tracks.
    Returns (count, path left to its decay, whether its track is found: within the outer radius of all chambers, seen in
    three of them or four, and then with the probability `straw_found`).
    """
    missed = 0
    for chamber in range(4):
        if chamber == 2:
            count, left = advance(rng, particles, count, state, left, c.magnet_z)
            if left < 0:
                return count, left, False
            kick(state, c.magnet_kick)
        count, left = advance(rng, particles, count, state, left, c.straw_z[chamber])
        if left < 0 or state[X] ** 2 + state[Y] ** 2 > c.straw_r_max**2:
            return count, left, False
        missed += int(not _hit(rng, c, chamber, state, before, hits))
        if missed > 4 - FEWEST_CHAMBERS:
            return count, left, False
        electron = abs(state[PDG]) == ELECTRON
        angle = scattering_angle(momentum_of(state), MASS_E if electron else MASS_PI, c.straw_highland)
        scatter(rng, state, angle)
        if electron:
            count = radiate(rng, particles, count, state, c.straw_x0)
    return count, left, rng.random() < c.straw_found


@kernel
def to_detectors(
    rng: np.random.Generator, c: Constants, particles: Floats, count: int, state: Floats, left: float, at: Floats
) -> int:
    """Carry a track on to RICH, CHOD, calorimeter and muon detector; at[plane] is filled, shape (4, 6).

    Returns the count; a track lost on the way has PDG 0 at the planes it does not reach.
    """
    at[:, IMPACT_PDG] = 0.0
    for plane in range(4):
        z = c.rich_z
        if plane == AT_CHOD:
            z = c.chod_z
        elif plane == AT_LKR:
            z = c.lkr_z
        elif plane == AT_MUV3:
            z = c.muv3_z
            if abs(state[PDG]) == PION and state[Z] + left > c.muv3_absorber_z:
                left = np.inf  # stopped; what comes through all the same is in the measured P(pi -> mu)
        count, left = advance(rng, particles, count, state, left, z)
        if left < 0:
            return count
        _impact(state, at[plane])
    particles[int(state[PARENT]), Z_END] = state[Z]
    return count

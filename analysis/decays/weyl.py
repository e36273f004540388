"""Two-component spinors of fermions of any mass, and the currents and contractions that amplitudes are built of.

A Dirac spinor is (left, right); gamma^mu couples left to left with sigma-bar^mu and right to right with
sigma^mu. Sums over `HELICITIES` are sums over spins. Conventions of H. Dreiner, H. Haber and S. Martin, Phys.
Rept. 494 (2010) 1, with the metric (-, -, -, +) of `mode.dot` for vectors (x, y, z, t).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.decays.mode import Floats, dot

Complex = npt.NDArray[np.complex128]
HELICITIES = (-1, 1)


class Spinor(NamedTuple):
    """A Dirac spinor in the Weyl representation, in MeV^1/2."""

    left: Complex
    """Left-handed part, (2, n)."""
    right: Complex
    """Right-handed part, (2, n)."""


def _two_spinor(p: Floats, helicity: int) -> Complex:
    magnitude = np.sqrt(p[0] ** 2 + p[1] ** 2 + p[2] ** 2)
    cosine = p[2] / np.maximum(magnitude, 1e-300)
    azimuth = np.exp(1j * np.arctan2(p[1], p[0]))
    up, down = np.sqrt(np.maximum(1 + cosine, 0) / 2), np.sqrt(np.maximum(1 - cosine, 0) / 2)
    pair = (up, azimuth * down) if helicity > 0 else (-azimuth.conj() * down, up)
    return np.stack([np.asarray(part, dtype=complex) for part in pair])


def _scales(p: Floats, mass: float, helicity: int) -> tuple[Floats, Floats]:
    """sqrt(E - h |p|) and sqrt(E + h |p|), the smaller one without cancellation."""
    large = np.sqrt(p[3] + np.sqrt(p[0] ** 2 + p[1] ** 2 + p[2] ** 2))
    small = mass / large
    return (small, large) if helicity > 0 else (large, small)


def particle_spinor(p: Floats, mass: float, helicity: int) -> Spinor:
    """u(p)."""
    xi = _two_spinor(p, helicity)
    left, right = _scales(p, mass, helicity)
    return Spinor(left * xi, right * xi)


def antiparticle_spinor(p: Floats, mass: float, helicity: int) -> Spinor:
    """v(p), in the basis of the particle's spinors (the order of the two spins is immaterial in sums)."""
    xi = _two_spinor(p, helicity)
    left, right = _scales(p, mass, helicity)
    return Spinor(left * xi, -right * xi)


def product(a: Complex, b: Complex) -> Complex:
    """a-dagger b."""
    return np.asarray(a[0].conj() * b[0] + a[1].conj() * b[1])


def _space(a: Complex, b: Complex) -> tuple[Complex, Complex, Complex]:
    """a-dagger sigma b."""
    a1, a2 = a.conj()
    return a1 * b[1] + a2 * b[0], -1j * (a1 * b[1] - a2 * b[0]), a1 * b[0] - a2 * b[1]


def left_current(a: Spinor, b: Spinor) -> Complex:
    """a-bar gamma^mu P_L b, shape (4, n) as (x, y, z, t)."""
    x, y, z = _space(a.left, b.left)
    return np.stack((-x, -y, -z, product(a.left, b.left)))


def vector_current(a: Spinor, b: Spinor) -> Complex:
    """a-bar gamma^mu b, shape (4, n) as (x, y, z, t)."""
    x, y, z = _space(a.right, b.right)
    return left_current(a, b) + np.stack((x, y, z, product(a.right, b.right)))


def slashed(p: Floats | Complex, b: Complex, *, bar: bool) -> Complex:
    """p . sigma-bar b (`bar`) or p . sigma b on a two-component spinor."""
    sign = 1 if bar else -1
    return np.stack(
        (
            (p[3] + sign * p[2]) * b[0] + sign * (p[0] - 1j * p[1]) * b[1],
            sign * (p[0] + 1j * p[1]) * b[0] + (p[3] - sign * p[2]) * b[1],
        )
    )


def epsilon(a: Complex, b: Complex, c: Floats, d: Floats) -> Complex:
    """epsilon_{mu nu rho sigma} a^mu b^nu c^rho d^sigma, epsilon_xyzt = 1."""
    ab = {(i, j): a[i] * b[j] - a[j] * b[i] for i in range(4) for j in range(i + 1, 4)}
    cd = {(i, j): c[i] * d[j] - c[j] * d[i] for i in range(4) for j in range(i + 1, 4)}
    return np.asarray(
        ab[0, 1] * cd[2, 3]
        - ab[0, 2] * cd[1, 3]
        + ab[0, 3] * cd[1, 2]
        + ab[1, 2] * cd[0, 3]
        - ab[1, 3] * cd[0, 2]
        + ab[2, 3] * cd[0, 1]
    )


def complex_dot(a: Complex | Floats, b: Complex | Floats) -> Complex:
    """Lorentz product without conjugation."""
    return np.asarray(dot(a, b))


def dual(a: Floats, b: Floats, c: Floats) -> Floats:
    """The vector V, shape (4, n), for which V . x is the determinant of the rows (x, a, b, c)."""

    def minor(i: int, j: int, k: int) -> Floats:
        return (
            a[i] * (b[j] * c[k] - b[k] * c[j]) - a[j] * (b[i] * c[k] - b[k] * c[i]) + a[k] * (b[i] * c[j] - b[j] * c[i])
        )

    # lower components from the determinant; the spatial ones change sign when raised
    return np.stack((-minor(1, 2, 3), minor(0, 2, 3), -minor(0, 1, 3), -minor(0, 1, 2)))


def polarisations(photon: Floats) -> tuple[Floats, Floats]:
    """Two real unit vectors (4, n), transverse to a photon's momentum and without a time component."""
    polar = np.arctan2(np.hypot(photon[0], photon[1]), photon[2])
    azimuth = np.arctan2(photon[1], photon[0])
    zero = np.zeros_like(polar)
    first = np.stack((np.cos(polar) * np.cos(azimuth), np.cos(polar) * np.sin(azimuth), -np.sin(polar), zero))
    return first, np.stack((-np.sin(azimuth), np.cos(azimuth), zero, zero))

"""Currents of electron pairs, as kernels: what `weyl` says with arrays, a decay at a time.

The same spinors and signs as in `weyl`.  An amplitude with two pairs asks for sixteen currents, and arrays of them do
not stay in the processor's cache.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rarekaon.analysis.kernels.compiled import kernel

Floats = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]


@kernel
def fill_spinors(p: Floats, i: int, mass: float, anti: bool, out: Complex) -> None:
    """Spinors of particle i of momenta p (4, n), v(p) if `anti`, else u(p), into `out`: (2, 4), by helicity and
    component (left-handed, then right-handed).
    """
    transverse = np.sqrt(p[0, i] ** 2 + p[1, i] ** 2)
    magnitude = np.sqrt(transverse**2 + p[2, i] ** 2)
    cosine = p[2, i] / max(magnitude, 1e-300)
    azimuth = complex(p[0, i], p[1, i]) / transverse if transverse > 0 else complex(1.0, 0.0)
    up, down = np.sqrt(max(1 + cosine, 0.0) / 2), np.sqrt(max(1 - cosine, 0.0) / 2)
    large = np.sqrt(p[3, i] + magnitude)
    small, sign = mass / large, -1 if anti else 1
    out[0, 0], out[0, 1] = -large * azimuth.conjugate() * down, large * up
    out[0, 2], out[0, 3] = -sign * small * azimuth.conjugate() * down, sign * small * up
    out[1, 0], out[1, 1] = small * up, small * azimuth * down
    out[1, 2], out[1, 3] = sign * large * up, sign * large * azimuth * down


@kernel
def fill_current(a: Complex, b: Complex, factor: float, out: Complex) -> None:
    """`factor` times a-bar gamma^mu b, as (x, y, z, t), into `out` (4,)."""
    for mu in range(4):
        out[mu] = 0.0
    for first, sign in ((0, -1), (2, 1)):
        one, two = factor * a[first].conjugate(), factor * a[first + 1].conjugate()
        crossed, turned = one * b[first + 1], two * b[first]
        out[0] += sign * (crossed + turned)
        out[1] -= sign * 1j * (crossed - turned)
        out[2] += sign * (one * b[first] - two * b[first + 1])
        out[3] += one * b[first] + two * b[first + 1]


@kernel
def contracted(a: Complex, b: Complex, c: Floats, d: Floats) -> complex:
    """epsilon_{mu nu rho sigma} a^mu b^nu c^rho d^sigma, epsilon_xyzt = 1."""
    return (
        (a[0] * b[1] - a[1] * b[0]) * (c[2] * d[3] - c[3] * d[2])
        - (a[0] * b[2] - a[2] * b[0]) * (c[1] * d[3] - c[3] * d[1])
        + (a[0] * b[3] - a[3] * b[0]) * (c[1] * d[2] - c[2] * d[1])
        + (a[1] * b[2] - a[2] * b[1]) * (c[0] * d[3] - c[3] * d[0])
        - (a[1] * b[3] - a[3] * b[1]) * (c[0] * d[2] - c[2] * d[0])
        + (a[2] * b[3] - a[3] * b[2]) * (c[0] * d[1] - c[1] * d[0])
    )

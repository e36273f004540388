"""What the records of an event can do: four-vectors, associated objects.

Vectors are `vector` ones: `events.Track.p3` is a three-momentum at z = 180 m (before the magnet), in MeV and float64;
`events.Track.p4(mass)` adds a mass hypothesis; `events.Generated.p4` is the true four-momentum.
"""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
import vector
from coffea.nanoevents.methods import base

behavior: dict[Any, Any] = {**vector.backends.awkward.behavior, **base.behavior}


def _float64(array: ak.Array) -> ak.Array:
    return ak.values_astype(array, np.float64)


def _vector(name: str, **fields: ak.Array) -> ak.Array:
    return ak.zip(fields, with_name=name, behavior=behavior)


@ak.mixin_class(behavior)
class Track(base.NanoCollection):
    """A spectrometer track."""

    @property
    def p3(self) -> ak.Array:
        """Three-momentum before the magnet, MeV, float64."""
        sx, sy = _float64(self["slope_x"]), _float64(self["slope_y"])
        pz = _float64(self["momentum"]) / np.sqrt(1 + sx**2 + sy**2)
        return _vector("Momentum3D", px=sx * pz, py=sy * pz, pz=pz)

    def p4(self, mass: float) -> ak.Array:
        """Four-momentum under a mass hypothesis in MeV."""
        p = self.p3
        energy = np.sqrt(_float64(self["momentum"]) ** 2 + mass**2)
        return _vector("Momentum4D", px=p.px, py=p.py, pz=p.pz, E=energy)

    @property
    def e_over_p(self) -> ak.Array:
        """E/p: associated calorimeter energy over momentum."""
        return _float64(self["lkr_energy"]) / _float64(self["momentum"])

    @property
    def cluster(self) -> ak.Array:
        """The associated calorimeter cluster, None where there is none."""
        return self._events()["Cluster"]._apply_global_index(self["cluster_index_global"])

    @property
    def muv3(self) -> ak.Array:
        """The associated MUV3 signal nearest in time, None where there is none."""
        return self._events()["Muv3"]._apply_global_index(self["muv3_index_global"])


@ak.mixin_class(behavior)
class Chod(base.NanoCollection):
    """A hodoscope tile signal."""

    @property
    def track(self) -> ak.Array:
        """The track that points at the tile, None where there is none."""
        return self._events()["Track"]._apply_global_index(self["track_index_global"])


@ak.mixin_class(behavior)
class Gtk(base.NanoCollection):
    """A beam track."""

    @property
    def p3(self) -> ak.Array:
        """Three-momentum at GTK3, MeV, float64."""
        sx, sy = _float64(self["slope_x"]), _float64(self["slope_y"])
        pz = _float64(self["momentum"]) / np.sqrt(1 + sx**2 + sy**2)
        return _vector("Momentum3D", px=sx * pz, py=sy * pz, pz=pz)


@ak.mixin_class(behavior)
class Generated(base.NanoCollection):
    """A generated particle (truth)."""

    @property
    def p4(self) -> ak.Array:
        """True four-momentum at production, MeV, float64."""
        names = {"px": "px", "py": "py", "pz": "pz", "E": "energy"}
        return _vector("Momentum4D", **{k: _float64(self[v]) for k, v in names.items()})

    @property
    def mother(self) -> ak.Array:
        """The particle it comes from, None where that is the kaon."""
        return self._events()["Generated"]._apply_global_index(self["parent_global"])


for _name in ("Cluster", "Muv3", "RichHit", "Lav", "Irc", "Sac", "Chanti", "Ktag"):
    ak.mixin_class(behavior, _name)(type(_name, (base.NanoCollection,), {"__module__": __name__}))

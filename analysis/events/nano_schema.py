"""NanoEvents schema of the event contract: collections with vector behaviours and cross references.

`KaonSchema` turns the flat branches of `contract.schema` into records (`events.Track.momentum`), lazily: a branch is
read when it is touched.  Fields that hold an index get a global twin, so that `events.Track.cluster` and
`events.Track.muv3` resolve whatever slicing was done before.
"""

from __future__ import annotations

from typing import Any, ClassVar

from coffea.nanoevents import transforms
from coffea.nanoevents.schemas.base import BaseSchema, zip_forms

from rarekaon.analysis.contract.schema import COLLECTIONS, Collection

Form = dict[str, Any]


class MissingBranchError(ValueError):
    """A file lacks branches of the event contract."""


class KaonSchema(BaseSchema):
    """Schema builder for files that follow `contract.schema`.

    Raises MissingBranchError where a collection is incomplete; branches outside the contract stay reachable under
    their own name.
    """

    __dask_capable__: ClassVar[bool] = False

    def __init__(self, base_form: Form, *args: Any, **kwargs: Any) -> None:
        super().__init__(base_form)
        forms = dict(zip(self._form["fields"], self._form["contents"], strict=True))
        present = [c for c in COLLECTIONS if c.counter in forms or not c.truth]
        _require_branches(forms, present)
        offsets = {c.name: transforms.counts2offsets_form(forms[c.counter]) for c in present}
        records = {c.name: _record(c, forms, offsets) for c in present}
        for c in present:
            forms.pop(c.counter)
            for field in c.fields:
                forms.pop(c.branch(field.name))
        self._form["fields"] = [*forms, *records]
        self._form["contents"] = [*forms.values(), *records.values()]

    @classmethod
    def behavior(cls) -> dict[Any, Any]:
        from rarekaon.analysis.events.behaviors import behavior

        return behavior


def _require_branches(forms: Form, present: list[Collection]) -> None:
    wanted = [name for c in present for name in (c.counter, *(c.branch(f.name) for f in c.fields))]
    missing = [name for name in wanted if name not in forms]
    if missing:
        shown = ", ".join(missing[:5]) + (" ..." if len(missing) > 5 else "")
        raise MissingBranchError(
            f"{len(missing)} branches of the event contract are missing: {shown}; `kaon schema` lists them all"
        )


def _record(c: Collection, forms: Form, offsets: dict[str, Form]) -> Form:
    content = {f.name: forms[c.branch(f.name)] for f in c.fields}
    for field, target in c.references:
        content[f"{field}_global"] = transforms.local2global_form(forms[c.branch(field)], offsets[target])
    record: Form = zip_forms(content, c.name, record_name=c.name, offsets=offsets[c.name])
    record["content"]["parameters"].update({"__doc__": c.meaning, "collection_name": c.name})
    return record

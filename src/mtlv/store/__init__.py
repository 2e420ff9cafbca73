"""The run store: typed records and Parquet on disk, the source of everything that is shown.

>>> import tempfile
>>> from mtlv.store import Store
>>> Store(tempfile.mkdtemp()).study_names()
[]
"""

from mtlv.store.record import CellRecord, JobRecord, StudyRecord
from mtlv.store.store import Store

__all__ = ["CellRecord", "JobRecord", "Store", "StudyRecord"]

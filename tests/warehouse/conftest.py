import pytest, sys
from contextlib import contextmanager
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool
@pytest.fixture
def warehouse(tmp_path):
    from tasks.warehouse.tables import metadata
    e=create_engine(f"duckdb:///{tmp_path/'w.duckdb'}",poolclass=NullPool)
    with e.begin() as c: metadata.create_all(c)
    class W:
        @contextmanager
        def begin(self):
            with e.begin() as c: yield c
    return W()

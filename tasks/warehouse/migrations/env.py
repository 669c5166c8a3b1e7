"""Runs migrations: on the connection that the program gives, or on the configured warehouse for the `alembic` command.

Views, comments and rights are not migrated: they are made anew whenever the schema reaches the newest revision.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from tasks.warehouse import access, dictionary, migrations, views


def run(connection: Connection) -> None:
    """Migrate within the connection's transaction."""
    views.drop(connection)
    context.configure(connection=connection, **migrations.options(connection.dialect.name))
    with context.begin_transaction():
        context.run_migrations()
    if migrations.revision(connection) == migrations.head():
        views.create(connection)
        dictionary.comment(connection)
        if connection.dialect.name == "postgresql":
            access.renew(connection)


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    import settings
    from tasks.warehouse.engine import open_engine, transaction

    knobs = settings.current()
    with transaction(open_engine(knobs), knobs) as connection:
        run(connection)

"""Alembic's way in: runs the steps on the connection that ``herald.store.migrate`` hands over."""

from alembic import context

from herald.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()

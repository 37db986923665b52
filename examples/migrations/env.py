"""Where the migrations run: DATABASE_URL says on what. Two of them never run at once, and a failing one leaves nothing."""

import os

from alembic import context
from sqlalchemy import create_engine, text

# Any number, the same for everybody who migrates this database.
ONE_AT_A_TIME = 4021962

with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    # One transaction a revision: what a failing revision did is undone, and the ones before it stay.
    context.configure(connection=connection, transaction_per_migration=True)
    connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": ONE_AT_A_TIME})
    connection.commit()
    with context.begin_transaction():
        context.run_migrations()

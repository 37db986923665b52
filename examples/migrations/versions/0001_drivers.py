"""drivers"""

import sqlalchemy as sa
from alembic import op

revision = "0001_drivers"
down_revision = None


def upgrade() -> None:
    op.create_table("driver", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text, nullable=False))


def downgrade() -> None:
    op.drop_table("driver")

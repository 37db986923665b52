"""phone: week 1 of a breaking change, a column that may be null"""

import sqlalchemy as sa
from alembic import op

revision = "0002_phone"
down_revision = "0001_drivers"


def upgrade() -> None:
    op.add_column("driver", sa.Column("phone", sa.Text, nullable=True))


def downgrade() -> None:
    op.drop_column("driver", "phone")

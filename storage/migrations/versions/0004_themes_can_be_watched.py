"""themes can be watched"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("watch", schema=None) as batch_op:
        batch_op.alter_column("symbol", type_=sa.String(length=60), existing_type=sa.String(length=16))


def downgrade() -> None:
    with op.batch_alter_table("watch", schema=None) as batch_op:
        batch_op.alter_column("symbol", type_=sa.String(length=16), existing_type=sa.String(length=60))

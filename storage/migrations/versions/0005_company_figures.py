"""figures of companies"""

import sqlalchemy as sa
from alembic import op
from storage.types import Utc

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "company_figure",
        sa.Column("event_at", Utc(), nullable=False),
        sa.Column("known_at", Utc(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("figure", sa.String(length=8), nullable=False),
        sa.Column("start", sa.Date(), nullable=False),
        sa.Column("end", sa.Date(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("accession", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_figure")),
        sa.UniqueConstraint(
            "symbol",
            "figure",
            "start",
            "end",
            "value",
            "accession",
            "source",
            name=op.f("uq_company_figure_filed"),
        ),
    )
    with op.batch_alter_table("company_figure", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_company_figure_symbol"), ["symbol"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("company_figure", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_company_figure_symbol"))

    op.drop_table("company_figure")
